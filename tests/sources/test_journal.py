"""Real journal files, read on through restart, rotation and vacuum."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import pytest
from journaling import UNIT, needs_journal, write
from journaling import entry as raw

from amiguard.sources import journal as module
from amiguard.sources.journal import ENTRIES, PAST, Journal
from amiguard.sources.journals import Journals
from amiguard.sources.position import LINE

if TYPE_CHECKING:
    from pathlib import Path

    from amiguard.sources.position import Chunk, Position

pytestmark = needs_journal
LONG = 20.0
HEAD = b"NOTICE[1]: "


def say(text: bytes, at: float | None = None, **fields: bytes) -> bytes:
    """An entry whose message begins as a record of Asterisk's."""
    return raw(HEAD + text, at, **fields)


def opened(folder: Path, position: Position | None = None, *, asterisks: bool = True) -> Journal:
    return Journal(UNIT, position, bare=asterisks, framed=asterisks, directory=str(folder))


def chunks(journal: Journal) -> list[Chunk]:
    """All that it has now."""
    return list(iter(journal.read, None))


def said(chunk: Chunk) -> bytes:
    return chunk.data.replace(HEAD, b"")


def told(journal: Journal) -> bytes:
    return b"".join(said(chunk) for chunk in chunks(journal))


def test_what_the_unit_told_syslog_is_read_and_then_what_comes(tmp_path: Path) -> None:
    file = tmp_path / "system.journal"
    write(file, say(b"one"), say(b"two"))
    journal = opened(tmp_path)
    assert b"one\ntwo\n" == told(journal)
    write(file, say(b"three"))
    assert b"three\n" == told(journal)


@pytest.mark.parametrize(
    "fields",
    [{"_SYSTEMD_UNIT": b"other.service"}, {"_TRANSPORT": b"stdout"}, {"_TRANSPORT": b"journal"}],
    ids=str,
)
def test_of_asterisk_nothing_counts_but_what_journald_says_it_told_syslog(
    tmp_path: Path, fields: dict[str, bytes]
) -> None:
    write(tmp_path / "system.journal", say(b"forged", **fields), say(b"true"))
    assert b"true\n" == told(opened(tmp_path))


def test_what_a_library_tells_in_asterisks_name_is_no_record(tmp_path: Path) -> None:
    """As radcli does at each start of Debian's Asterisk."""
    write(tmp_path / "system.journal", raw(b"radcli: rc_read_config: can't open"), say(b"true"))
    assert b"true\n" == told(opened(tmp_path))


def test_another_programs_output_counts(tmp_path: Path) -> None:
    write(tmp_path / "system.journal", say(b"bad", _TRANSPORT=b"stdout"))
    assert told(opened(tmp_path, asterisks=False)).endswith(b"+00:00 pbx asterisk[12]: bad\n")


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (b"one\ntwo", b"one#012two\n"),
        (b"no \xff text\x00", "no � text\x00\n".encode()),
        (b"x" * 100_000, b"x" * (LINE - len(HEAD)) + b"\n"),
    ],
    ids=["line break", "binary", "oversize"],
)
def test_an_entry_is_one_line_of_bounded_length(tmp_path: Path, message: bytes, line: bytes) -> None:
    write(tmp_path / "system.journal", say(message), say(b"next"))
    assert line + b"next\n" == told(opened(tmp_path))


def test_reading_goes_on_behind_the_cursor(tmp_path: Path) -> None:
    file = tmp_path / "system.journal"
    write(file, say(b"one"), say(b"two"))
    [chunk] = chunks(opened(tmp_path))
    write(file, say(b"three"))
    assert b"three\n" == told(opened(tmp_path, chunk.position))
    assert b"" == told(
        opened(tmp_path, chunk.position._replace(head=chunks(opened(tmp_path))[-1].position.head))
    )


@pytest.mark.parametrize(("left", "again"), [(15, b"two\n"), (30, b"one\ntwo\n"), (99, b"one\ntwo\n")])
def test_what_of_a_chunk_had_no_effect_yet_is_read_again(tmp_path: Path, left: int, again: bytes) -> None:
    """A filter saves its place in the middle of a chunk: so many bytes before its end."""
    write(tmp_path / "system.journal", say(b"one"), say(b"two"))
    [chunk] = chunks(opened(tmp_path))
    write(tmp_path / "system.journal", say(b"three"))
    place = chunk.position._replace(offset=chunk.position.offset - left)
    assert again + b"three\n" == told(opened(tmp_path, place))


def test_a_rotated_file_is_read_to_its_end_and_then_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "system.journal"
    write(file, say(b"one"))
    journal = opened(tmp_path)
    assert b"one\n" == told(journal)
    write(file, say(b"two"))
    file.rename(tmp_path / "system@1.journal")
    write(file, say(b"three"))
    assert b"two\nthree\n" == told(journal)


def test_where_the_cursors_entry_was_vacuumed_its_time_says_where_to_go_on(tmp_path: Path) -> None:
    file, now = tmp_path / "system.journal", time.time()
    write(file, say(b"one", now - 9))
    [chunk] = chunks(opened(tmp_path))
    file.unlink()
    write(file, say(b"before", now - 10), say(b"after", now - 8))
    assert b"after\n" == told(opened(tmp_path, chunk.position))


def test_a_vacuum_under_our_eyes_loses_nothing_that_came_later(tmp_path: Path) -> None:
    file = tmp_path / "system.journal"
    write(file, say(b"one"))
    journal = opened(tmp_path)
    assert b"one\n" == told(journal)
    file.unlink()
    write(file, say(b"two"))
    assert b"two\n" == told(journal)


def test_the_first_start_goes_back_a_day(tmp_path: Path) -> None:
    now = time.time()
    write(tmp_path / "system.journal", say(b"old", now - PAST - 60), say(b"new", now - PAST + 60))
    assert b"new\n" == told(opened(tmp_path))


def test_a_long_journal_comes_in_parts_and_is_backlog_until_its_end(tmp_path: Path) -> None:
    write(tmp_path / "system.journal", *(say(b"%d" % n) for n in range(ENTRIES + 1)))
    journal = opened(tmp_path)
    first, second = chunks(journal)
    assert (True, True, ENTRIES) == (first.more, first.backlog, first.data.count(b"\n"))
    assert (False, True, b"%d\n" % ENTRIES) == (second.more, second.backlog, said(second))
    assert journal.caught_up
    write(tmp_path / "system.journal", say(b"live"))
    assert [False] == [chunk.backlog for chunk in chunks(journal)]


def test_large_entries_make_no_large_chunk(tmp_path: Path) -> None:
    write(tmp_path / "system.journal", *(say(b"x" * 60_000) for _ in range(17)))
    assert [8, 8, 1] == [chunk.data.count(b"\n") for chunk in chunks(opened(tmp_path))]


def test_a_journal_that_is_not_there_is_read_when_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK", 0.0)
    journal = opened(tmp_path)
    assert None is journal.read()
    assert ("unreadable", True) == (journal.state, "keeps no journal" in journal.reason)
    write(tmp_path / "system.journal", say(b"one"))
    assert b"one\n" == told(journal)
    assert ("following", "") == (journal.state, journal.reason)


def test_who_may_not_read_the_journal_learns_which_group_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read anything, so its answer is put in its mouth."""
    write(tmp_path / "system.journal", say(b"one"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    journal = opened(tmp_path)
    assert None is journal.read()
    assert "systemd-journal" in journal.reason


def test_the_stream_wakes_when_the_journal_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amiguard.sources.journals.POLL", LONG)
    file = tmp_path / "system.journal"
    write(file, say(b"one"))

    async def listen() -> list[bytes]:
        with Journals({"journal:x": opened(tmp_path)}) as journals:
            stream = aiter(journals)
            async with asyncio.timeout(LONG / 2):
                first = await anext(stream)
                soon = asyncio.ensure_future(anext(stream))
                await journals.begun.wait()
                await asyncio.to_thread(write, file, say(b"two"))
                return [said(first[1]), said((await soon)[1])]

    assert [b"one\n", b"two\n"] == asyncio.run(listen())


def test_a_busy_journal_waits_for_a_word(tmp_path: Path) -> None:
    write(tmp_path / "system.journal", say(b"one"))
    busy = {"journal:x"}

    async def listen() -> bytes:
        with Journals({"journal:x": opened(tmp_path)}, busy) as journals:
            async with asyncio.timeout(LONG):
                first = asyncio.ensure_future(anext(aiter(journals)))
                await journals.begun.wait()
                assert not first.done()
                busy.clear()
                journals.hurry()
                return said((await first)[1])

    assert b"one\n" == asyncio.run(listen())
