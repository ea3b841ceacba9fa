"""Where lines end, when a file is known again, and what rotation calls it."""

import pytest

from amiguard.sources.position import BLOCK, HEAD, LINE, Position, cut, is_compressed, origins


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (b"", (b"", 0)),
        (b"half", (b"", 0)),
        (b"one\ntwo\nhal", (b"one\ntwo\n", 8)),
        (b"\n", (b"\n", 1)),
        (b"a" * LINE, (b"", 0)),
        (b"a" * LINE + b"\n", (b"a" * LINE + b"\n", LINE + 1)),
        (b"a" * (LINE + 1), (b"a" * LINE + b"\n", LINE)),
        (b"one\n" + b"a" * (LINE + 1) + b"\n", (b"one\n", 4)),
        (b"a" * (LINE + 9) + b"\nb\n", (b"a" * LINE + b"\n", LINE)),
        (
            (b"a" * (LINE - 1) + b"\n") * (BLOCK // LINE),
            ((b"a" * (LINE - 1) + b"\n") * (BLOCK // LINE), BLOCK),
        ),
    ],
)
def test_whole_lines_are_cut_off(block: bytes, expected: tuple[bytes, int]) -> None:
    assert expected == cut(block)


WHOLE = b"h" * HEAD


@pytest.mark.parametrize(
    ("position", "fits"),
    [
        (Position(1, 2, 10, b"head"), True),
        (Position(1, 2, 101, b"head"), False),
        (Position(1, 2, 10, b"hood"), False),
        (Position(1, 3, 10, b"head"), False),
        (Position(9, 2, 10, b"head"), False),
    ],
)
def test_identity_is_inode_size_and_first_bytes(position: Position, fits: bool) -> None:
    assert fits == position.fits(1, 2, 100, b"head and more")


def test_a_whole_head_outlives_a_device_number_but_not_an_inode() -> None:
    assert Position(9, 2, 300, WHOLE).fits(1, 2, 300, WHOLE)
    assert not Position(1, 9, 300, WHOLE).fits(1, 2, 300, WHOLE)


def test_only_a_whole_head_tells_a_copy() -> None:
    assert Position(1, 2, 300, WHOLE).fits_copy(300, WHOLE)
    assert not Position(1, 2, 301, WHOLE).fits_copy(300, WHOLE)
    assert not Position(1, 2, 300, WHOLE[1:]).fits_copy(300, WHOLE[1:])


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("security.0", "security"),
        ("security.1792000000", "security"),
        ("security.pbx1.3", "security.pbx1"),
        ("security.old", "security"),
        ("security-20260131", "security"),
        ("security-20260131-1769817600", "security"),
        ("security-2026-01-31", "security"),
        ("security-20260131.log", "security.log"),
        ("security.1.log", "security.log"),
        ("security.log.2", "security.log"),
    ],
)
def test_rotated_names_tell_their_origin(name: str, base: str) -> None:
    assert base in origins(name)


@pytest.mark.parametrize("name", ["security", "security.log", "security-2.log", "security_2", "full"])
def test_other_names_are_nobodys_rotation(name: str) -> None:
    assert set() == origins(name)


@pytest.mark.parametrize(
    ("name", "expected"), [("security.1.gz", True), ("security-20260131.xz", True), ("security.gzip", False)]
)
def test_compressed_names_are_told(name: str, expected: bool) -> None:
    assert expected is is_compressed(name)
