"""From a saved place, or after a pause, nothing is lost and nothing comes twice."""

from __future__ import annotations

import pytest
from tailing import (
    RENAMING,
    WIDTH,
    Log,
    Rotation,
    copytruncate,
    lines,
    sequential,
)

from amiguard.sources.position import BLOCK, HEAD, Position


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


def test_whoever_is_in_a_rotated_file_looks_again_soon(log: Log) -> None:
    """Else a restart would take a second for each file that was rotated meanwhile."""
    log.write(lines(1))
    log.read()
    log.write(lines(2))
    sequential(log)
    log.write(lines(3))
    log.restart()
    chunk = log.tail.read()
    assert chunk is not None
    assert (lines(2), True) == (chunk.data, log.tail.leaving)
    assert lines(3) == log.read()
    assert not log.tail.leaving


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
