"""A path is one endless source: every line once, in order, in whatever pieces it comes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tailing import (
    WIDTH,
    Log,
    drop_override,
    lines,
)

from amiguard.sources.logfile import GLANCE
from amiguard.sources.position import BLOCK, LINE
from amiguard.sources.tail import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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


@pytest.mark.parametrize("size", [GLANCE - 1, GLANCE, GLANCE + 1, LINE, BLOCK - 1, BLOCK, BLOCK + 1])
def test_lines_come_whole_whatever_there_is_at_once(log: Log, size: int) -> None:
    log.write(lines(1))
    text = log.read()
    for piece in (b"\n", b"half", b"\n", lines(2)):
        log.write(b".\n" * (size // 2) + piece)
        text += log.read()
    assert log.path.read_bytes() == text


def test_a_look_at_a_log_that_is_written_is_one_read(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred looks a second must not cost what a thousand calls of the kernel cost."""
    log.write(lines(*range(9)))
    log.read()
    calls: list[str] = []
    for name in ("pread", "fstat", "stat"):
        monkeypatch.setattr(os, name, counted(name, calls))
    for number in range(9, 12):
        log.write(lines(number))
        calls.clear()
        chunk = log.tail.read()
        assert ["pread"] == calls
        assert chunk is not None
        assert lines(number) == chunk.data


def counted(name: str, calls: list[str]) -> Callable[..., object]:
    """A call of the kernel that leaves its name."""
    call = getattr(os, name)

    def called(*args: object, **named: object) -> object:
        calls.append(name)
        return call(*args, **named)

    return called


def test_what_comes_behind_the_first_look_is_no_backlog_though_that_look_found_lines(log: Log) -> None:
    log.write(lines(1))
    [first, second] = [log.tail.read(), log.write(lines(2)) or log.tail.read()]
    assert [True, False] == [chunk.backlog for chunk in (first, second) if chunk]


def test_a_half_line_is_the_end_for_now(log: Log) -> None:
    assert not log.tail.at_end
    log.write(lines(1) + b"half")
    log.tail.read()
    assert not log.tail.at_end
    assert log.tail.read() is None
    assert log.tail.at_end
    log.write(b"whole\n")
    log.tail.read()
    assert log.tail.at_end


def test_a_refused_path_is_shown_and_never_read(log: Log) -> None:
    refused = Refused(log.path, "no evidence")
    assert ("refused", "no evidence") == (refused.state, refused.reason)
    refused.read()
    assert "missing" == refused.state
    log.write(lines(1))
    refused.read()
    assert ("refused", True, True, 0) == (refused.state, refused.at_end, refused.caught_up, refused.behind)
