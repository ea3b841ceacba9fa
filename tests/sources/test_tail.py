"""A path is one endless source: every line once, in order, whatever becomes of its files."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from amiguard.sources.position import BLOCK, HEAD, LINE, Chunk, Position
from amiguard.sources.tail import Tail

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 100
"""Bytes of a line here: three lines are more than the kept head of a file."""


def lines(*numbers: int) -> bytes:
    return b"".join(b"%06d".ljust(WIDTH, b".") % number + b"\n" for number in numbers)


class Log:
    """A log file and the one who reads it; every write is later than the one before."""

    clock = itertools.count(1_700_000_000)

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tail = Tail(path)
        self.chunks: list[Chunk] = []

    def write(self, data: bytes, path: Path | None = None) -> None:
        path = path or self.path
        with path.open("ab") as file:
            file.write(data)
        now = next(self.clock)
        os.utime(path, (now, now))

    def read(self) -> bytes:
        """All that is to be had now; two looks at an end are needed to leave a file."""
        chunks = list(self._chunks())
        self.chunks += chunks
        return b"".join(chunk.data for chunk in chunks)

    def _chunks(self) -> Iterator[Chunk]:
        while (chunk := self.tail.read()) or self.tail.leaving:
            if chunk:
                yield chunk

    def restart(self, position: Position | None = None) -> None:
        position = position or self.chunks[-1].position
        self.tail.close()
        self.tail = Tail(self.path, position)

    def named(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "security")
    yield log
    log.tail.close()


def sequential(log: Log) -> None:
    """Asterisk's `rotatestrategy = sequential`: the newest has the highest number."""
    number = next(n for n in itertools.count() if not log.named(f".{n}").exists())
    log.path.rename(log.named(f".{number}"))


def rotate(log: Log) -> None:
    """Asterisk's `rotate`, and logrotate's way: the newest is always .1 (Asterisk: .0)."""
    last = next(n for n in itertools.count(1) if not log.named(f".{n}").exists())
    for number in range(last, 1, -1):
        log.named(f".{number - 1}").rename(log.named(f".{number}"))
    log.path.rename(log.named(".1"))


def timestamp(log: Log) -> None:
    """Asterisk's `timestamp`."""
    log.path.rename(log.named(f".{next(log.clock)}"))


def create(log: Log) -> None:
    """Logrotate with `create`: the new file is there at once, and empty."""
    rotate(log)
    log.path.touch()


Rotation = Callable[[Log], None]
RENAMING: list[Rotation] = [sequential, rotate, timestamp, create]


def copytruncate(log: Log) -> None:
    log.path.with_name("security.1").unlink(missing_ok=True)
    shutil.copyfile(log.path, log.named(".1"))
    os.truncate(log.path, 0)


def test_a_file_is_read_from_its_beginning_and_on(log: Log) -> None:
    log.write(lines(1, 2))
    assert lines(1, 2) == log.read()
    assert None is log.tail.read()
    log.write(lines(3))
    assert lines(3) == log.read()
    assert log.tail.state == "following"


def test_a_half_line_waits_for_its_rest(log: Log) -> None:
    log.write(lines(1) + b"in sev")
    assert lines(1) == log.read()
    assert log.tail.behind == 6
    log.write(b"eral ")
    assert log.read() == b""
    log.write(b"writes\nand ")
    assert log.read() == b"in several writes\n"


def test_only_lf_ends_a_line(log: Log) -> None:
    text = b"a\rb\x0bc\x0cd\xc2\x85e\xe2\x80\xa8f\x00g\r\n"
    log.write(text)
    assert text == log.read()


def test_backlog_ends_where_the_end_was_first_reached(log: Log) -> None:
    log.write(lines(1))
    log.read()
    log.write(lines(2))
    log.read()
    assert [chunk.backlog for chunk in log.chunks] == [True, False]


def test_what_comes_into_a_missing_file_is_no_backlog(log: Log) -> None:
    log.read()
    log.write(lines(1))
    log.read()
    assert [chunk.backlog for chunk in log.chunks] == [False]


def test_a_missing_file_is_followed_when_it_comes(log: Log) -> None:
    assert log.read() == b""
    assert log.tail.state == "missing"
    log.write(lines(1))
    assert lines(1) == log.read()
    assert log.tail.state == "following"


def test_a_missing_directory_is_no_error(tmp_path: Path) -> None:
    log = Log(tmp_path / "later" / "security")
    assert log.read() == b""
    assert log.tail.state == "missing"
    log.path.parent.mkdir()
    log.write(lines(1))
    assert lines(1) == log.read()
    log.tail.close()


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_unreadable_until_it_is(log: Log, make: Callable[[Path], None]) -> None:
    make(log.path)
    assert log.read() == b""
    assert (log.tail.state, log.tail.reason) == ("unreadable", "not a regular file")
    log.path.rename(log.named("_aside"))
    log.write(lines(1))
    assert lines(1) == log.read()


@pytest.mark.kernel
def test_a_file_without_permission_is_followed_when_it_is_given(tmp_path: Path) -> None:
    log = Log(tmp_path / "security")
    log.write(lines(1))
    log.path.chmod(0)
    drop_override()
    assert log.read() == b""
    assert (log.tail.state, log.tail.reason) == ("unreadable", "Permission denied")
    log.path.chmod(0o600)
    assert lines(1) == log.read()
    assert [chunk.backlog for chunk in log.chunks] == [True]


@pytest.mark.kernel
def test_the_old_file_is_kept_while_the_new_one_cannot_be_read(tmp_path: Path) -> None:
    log = Log(tmp_path / "security")
    log.write(lines(1))
    assert lines(1) == log.read()
    sequential(log)
    log.write(lines(3))
    log.path.chmod(0)
    drop_override()
    assert log.read() == b""
    assert log.tail.state == "unreadable"
    log.write(lines(2), log.named(".0"))
    assert lines(2) == log.read()
    log.path.chmod(0o600)
    assert lines(3) == log.read()
    assert log.tail.state == "following"


def drop_override() -> None:
    """Give up the right of root (we are root of the namespace) to open what its mode forbids."""
    import ctypes  # noqa: PLC0415 - only the forked children of two tests need it

    capabilities = ctypes.create_string_buffer(24)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.capset(header, capabilities) == 0


@pytest.mark.parametrize("rotation", RENAMING)
def test_rotation_by_name_loses_nothing(log: Log, rotation: Rotation) -> None:
    log.write(lines(1))
    assert lines(1) == log.read()
    for number in range(2, 8, 2):
        log.write(lines(number))
        rotation(log)
        log.write(lines(number + 1))
        assert lines(number, number + 1) == log.read()


@pytest.mark.parametrize("rotation", RENAMING)
def test_several_rotations_between_two_looks_lose_nothing(log: Log, rotation: Rotation) -> None:
    log.write(lines(1))
    rotation(log)
    log.write(lines(2))
    assert lines(2) == log.read()
    for number in range(3, 7):
        log.write(lines(number))
        rotation(log)
    log.write(lines(7))
    assert lines(3, 4, 5, 6, 7) == log.read()


def test_the_old_file_is_read_until_the_new_one_has_something(log: Log) -> None:
    """Logrotate's `create` makes the new file; Asterisk goes on in the old one until its reload."""
    log.write(lines(1))
    log.read()
    create(log)
    for number in range(2, 6):
        assert log.read() == b""
        log.write(lines(number), log.named(".1"))
        assert lines(number) == log.read()
    log.write(lines(6))
    assert lines(6) == log.read()


def test_an_old_file_is_left_at_the_second_look(log: Log) -> None:
    log.write(lines(1))
    log.read()
    sequential(log)
    log.write(lines(3))
    assert None is log.tail.read()
    assert log.tail.leaving
    log.write(lines(2), log.named(".0"))
    assert lines(2, 3) == log.read()


def test_copytruncate_reads_the_rest_in_the_copy(log: Log) -> None:
    log.write(lines(1, 2, 3) + b"00")
    assert lines(1, 2, 3) == log.read()
    log.write(lines(4)[2:] + lines(5))
    copytruncate(log)
    log.write(lines(6))
    assert lines(4, 5, 6) == log.read().replace(b"00" + lines(4)[2:], lines(4))


def test_truncation_and_growth_past_the_old_size_is_seen_by_the_first_bytes(log: Log) -> None:
    log.write(lines(1))
    assert lines(1) == log.read()
    os.truncate(log.path, 0)
    log.write(lines(2, 3, 4))
    assert lines(2, 3, 4) == log.read()


def test_truncation_seen_empty(log: Log) -> None:
    log.write(lines(1, 2, 3))
    log.read()
    os.truncate(log.path, 0)
    assert log.read() == b""
    log.write(lines(4))
    assert lines(4) == log.read()


def test_the_same_lines_again_after_truncation_are_new_lines(log: Log) -> None:
    for _ in range(3):
        log.write(lines(1, 2, 3))
        assert lines(1, 2, 3) == log.read()
        os.truncate(log.path, 0)
        log.read()


def test_the_same_lines_again_in_a_new_file_are_new_lines(log: Log) -> None:
    for _ in range(3):
        log.write(lines(1, 2, 3))
        assert lines(1, 2, 3) == log.read()
        sequential(log)


def test_a_torn_line_of_a_truncated_file_comes_alone(log: Log) -> None:
    log.write(lines(1) + b"torn")
    log.read()
    os.truncate(log.path, 0)
    log.write(lines(2))
    log.chunks.clear()
    assert b"torn" + lines(2) == log.read()
    assert [b"torn", lines(2)] == [chunk.data for chunk in log.chunks]


def test_a_torn_line_of_a_renamed_file_comes_alone_and_once(log: Log) -> None:
    log.write(lines(1) + b"torn")
    log.read()
    sequential(log)
    log.write(lines(2))
    log.chunks.clear()
    log.read()
    assert [b"torn", lines(2)] == [chunk.data for chunk in log.chunks]
    log.restart(log.chunks[0].position)
    assert lines(2) == log.read()


def test_deletion_and_return(log: Log) -> None:
    log.write(lines(1))
    log.read()
    log.write(lines(2))
    log.path.unlink()
    assert lines(2) == log.read()
    assert log.tail.state == "missing"
    log.write(lines(3))
    assert lines(3) == log.read()


def test_an_inode_used_again_at_once_is_another_file(tmp_path: Path) -> None:
    """ext4 does so; tmpfs does not, so the position is made to look as if."""
    log = Log(tmp_path / "security")
    log.write(lines(7, 8, 9))
    now = log.path.stat()
    log.restart(Position(now.st_dev, now.st_ino, 2 * (WIDTH + 1), lines(1, 2, 3)[:HEAD]))
    assert lines(7, 8, 9) == log.read()
    log.tail.close()


def test_a_switched_symlink_is_a_rotation(tmp_path: Path) -> None:
    log = Log(tmp_path / "security")
    monday, tuesday = tmp_path / "monday", tmp_path / "tuesday"
    log.write(lines(1, 2, 3), monday)
    log.path.symlink_to(monday)
    assert lines(1, 2, 3) == log.read()
    log.write(lines(4), monday)
    log.write(lines(5), tuesday)
    switch(log.path, tuesday)
    assert lines(4, 5) == log.read()
    log.write(lines(6), monday)
    switch(log.path, monday)
    assert lines(6) == log.read()
    log.tail.close()


def switch(link: Path, target: Path) -> None:
    new = link.with_name("new")
    new.symlink_to(target)
    new.rename(link)


def test_a_replaced_directory_is_followed(tmp_path: Path) -> None:
    log = Log(tmp_path / "asterisk" / "security")
    log.path.parent.mkdir()
    log.write(lines(1))
    log.read()
    log.write(lines(2))
    log.path.parent.rename(tmp_path / "aside")
    assert lines(2) == log.read()
    log.path.parent.mkdir()
    log.write(lines(3))
    assert lines(3) == log.read()
    log.tail.close()


def test_a_compressed_rotation_is_not_read(log: Log) -> None:
    log.write(lines(1))
    log.read()
    rotate(log)
    log.write(b"\x1f\x8b\n", log.named(".1.gz"))
    log.write(lines(2))
    assert lines(2) == log.read()


def test_a_live_neighbour_is_not_read(log: Log) -> None:
    log.write(lines(1))
    log.read()
    rotate(log)
    log.write(lines(9), log.named("_json"))
    log.write(lines(9), log.named(".pbx1"))
    log.write(lines(2))
    assert lines(2) == log.read()


def test_restart_goes_on_at_the_saved_place(log: Log) -> None:
    log.write(lines(1, 2))
    log.read()
    log.write(lines(3))
    log.restart()
    assert lines(3) == log.read()


def test_restart_in_an_untouched_empty_file(log: Log) -> None:
    log.write(b"")
    now = log.path.stat()
    log.write(lines(1))
    sequential(log)
    log.write(lines(2))
    log.restart(Position(now.st_dev, now.st_ino, 0, b""))
    assert lines(1, 2) == log.read()


@pytest.mark.parametrize("rotation", RENAMING)
def test_restart_finds_the_renamed_file_and_all_that_came_after_it(log: Log, rotation: Rotation) -> None:
    log.write(lines(0))
    rotation(log)
    log.write(lines(1))
    assert lines(1) == log.read()
    log.write(lines(2))
    rotation(log)
    for number in (3, 4):
        log.write(lines(number))
        rotation(log)
    log.write(lines(5))
    log.restart()
    assert lines(2, 3, 4, 5) == log.read()
    assert {True} == {chunk.backlog for chunk in log.chunks}


def test_restart_finds_a_file_under_any_name(log: Log) -> None:
    log.write(lines(1))
    log.read()
    log.write(lines(2))
    log.path.rename(log.path.with_name("put aside"))
    log.write(lines(3))
    log.restart()
    assert lines(2, 3) == log.read()


def test_restart_finds_the_copy_of_a_truncated_file(log: Log) -> None:
    log.write(lines(1, 2, 3))
    log.read()
    log.write(lines(4))
    copytruncate(log)
    log.write(lines(5))
    log.restart()
    assert lines(4, 5) == log.read()


def test_restart_after_its_file_is_gone_reads_the_present_one(log: Log) -> None:
    log.write(lines(1))
    log.read()
    log.tail.close()
    log.path.unlink()
    log.write(lines(2))
    log.restart()
    assert lines(2) == log.read()


def test_restart_with_the_path_missing_reads_the_renamed_file_and_waits(log: Log) -> None:
    log.write(lines(1))
    log.read()
    log.write(lines(2))
    sequential(log)
    log.restart()
    assert lines(2) == log.read()
    assert log.tail.state == "missing"
    log.write(lines(3))
    assert lines(3) == log.read()


def test_restart_from_every_chunk_neither_loses_nor_repeats(log: Log) -> None:
    everything = lines(*range(3 * BLOCK // WIDTH))
    log.write(everything[: BLOCK * 2])
    sequential(log)
    log.write(everything[BLOCK * 2 :])
    log.restart(Position(0, log.named(".0").stat().st_ino, 0, everything[:HEAD]))
    assert everything == log.read()
    delivered = b""
    for chunk in list(log.chunks):
        delivered += chunk.data
        log.restart(chunk.position)
        assert everything == delivered + log.read()


def test_closing_and_reading_on_resumes(log: Log) -> None:
    log.write(lines(1))
    log.read()
    log.tail.close()
    log.write(lines(2))
    assert lines(2) == log.read()


@pytest.mark.parametrize("extra", [1, BLOCK, 3 * BLOCK])
def test_an_overlong_line_is_cut_and_its_rest_dropped(log: Log, extra: int) -> None:
    log.write(lines(1) + b"x" * (LINE + extra) + b"\n" + lines(2))
    assert lines(1) + b"x" * LINE + b"\n" + lines(2) == log.read()
    assert log.tail.overlong == 1
    for chunk in list(log.chunks)[1:]:
        log.restart(chunk.position)
        assert (b"" if chunk.data.endswith(lines(2)) else lines(2)) == log.read()


def test_an_overlong_line_may_come_in_pieces(log: Log) -> None:
    text = b""
    for _ in range(40):
        log.write(b"y" * 9999)
        text += log.read()
    log.write(b"\n" + lines(1))
    assert b"y" * LINE + b"\n" + lines(1) == text + log.read()


def test_no_chunk_is_larger_than_a_block(log: Log) -> None:
    log.write(lines(*range(4 * BLOCK // WIDTH)))
    assert lines(*range(4 * BLOCK // WIDTH)) == log.read()
    assert max(len(chunk.data) for chunk in log.chunks) <= BLOCK
    assert [chunk.more for chunk in log.chunks[:4]] == [True] * 4


def test_a_file_that_was_read_is_known_under_another_name(log: Log) -> None:
    log.write(lines(1, 2, 3))
    log.read()
    log.path.rename(log.path.with_name("security.kept"))
    assert log.tail.has_read(log.path.with_name("security.kept"))
    log.write(lines(4))
    assert lines(4) == log.read()
    assert log.tail.has_read(log.path.with_name("security.kept"))
    log.write(lines(5), log.named(".other"))
    assert not log.tail.has_read(log.named(".other"))
