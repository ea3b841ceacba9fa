"""Whatever becomes of a followed file, every line comes once, in order."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from tailing import (
    RENAMING,
    WIDTH,
    Log,
    Rotation,
    copytruncate,
    create,
    drop_override,
    lines,
    rotate,
    sequential,
)

from amiguard.sources.position import HEAD, Position
from amiguard.sources.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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


@pytest.mark.parametrize("rotation", RENAMING)
def test_rotation_by_name_loses_nothing(log: Log, rotation: Rotation) -> None:
    log.write(lines(1))
    assert lines(1) == log.read()
    for number in range(2, 8, 2):
        log.write(lines(number))
        rotation(log)
        log.write(lines(number + 1))
        assert lines(number, number + 1) == log.read()


class Watched(Tail):
    """Whose log is rotated just when it looks around, or goes on to another file."""

    turns: Callable[[], None] | None = None
    at = ""

    def _siblings(self) -> Any:
        found = super()._siblings()
        self._turn("looks around")
        return found

    def _open(self, path: Path) -> Any:
        self._turn("goes on")
        return super()._open(path)

    def _turn(self, at: str) -> None:
        if self.turns and self.at == at:
            turn, self.turns = self.turns, None
            turn()


@pytest.mark.parametrize("at", ["looks around", "goes on"])
@pytest.mark.parametrize("rotation", RENAMING)
def test_a_rotation_amid_a_look_loses_nothing(log: Log, rotation: Rotation, at: str) -> None:
    log.tail = tail = Watched(log.path)
    log.write(lines(1))
    assert lines(1) == log.read()
    rotation(log)
    log.write(lines(2))

    def turn() -> None:
        rotation(log)
        log.write(lines(3))

    assert tail.read() is None
    tail.at, tail.turns = at, turn
    assert lines(2, 3) == log.read() + log.read() + log.read()
    assert tail.turns is None


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


@pytest.mark.parametrize("before", [1, 3, 5, 6, 30])
def test_truncation_and_growth_past_the_old_size_is_seen_by_what_was_taken_last(
    log: Log, before: int
) -> None:
    log.write(lines(*range(before)))
    assert lines(*range(before)) == log.read()
    os.truncate(log.path, 0)
    log.write(lines(*range(100, 102 + before)))
    assert lines(*range(100, 102 + before)) == log.read()


def test_a_half_line_in_whose_place_another_is_written_comes_alone(log: Log) -> None:
    log.write(b"torn")
    log.read()
    os.truncate(log.path, 0)
    log.write(lines(2))
    assert b"torn" + lines(2) == log.read()
    assert [b"torn", lines(2)] == [chunk.data for chunk in log.chunks]


def test_truncation_seen_empty(log: Log) -> None:
    log.write(lines(1, 2, 3))
    log.read()
    os.truncate(log.path, 0)
    assert log.read() == b""
    log.write(lines(4))
    assert lines(4) == log.read()


@pytest.mark.kernel
def test_a_directory_that_may_be_entered_but_not_listed_hides_no_new_file(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    log = Log(tmp_path / "log" / "security")
    log.write(lines(1))
    assert lines(1) == log.read()
    log.path.parent.chmod(0o311)
    drop_override()
    sequential(log)
    log.write(lines(2))
    assert lines(2) == log.read()


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


def test_the_rest_of_a_torn_line_is_not_a_line(log: Log) -> None:
    log.write(lines(1) + b"torn")
    log.read()
    sequential(log)
    log.write(lines(2))
    while (chunk := log.tail.read()) is None:
        assert log.tail.leaving
    assert chunk.data == b"torn"
    log.write(b" and mended\n", log.named(".0"))
    assert log.read().endswith(lines(2))
    assert b"mended" not in b"".join(chunk.data for chunk in log.chunks)


def test_a_short_file_that_returns_is_read_anew(log: Log) -> None:
    """Its inode and its few bytes may as well be another's."""
    log.write(lines(1))
    log.read()
    sequential(log)
    log.write(lines(2))
    assert log.read() == lines(2)
    log.write(lines(3), log.named(".0"))
    log.named(".0").rename(log.path)
    assert log.read() == lines(1, 3)
