"""The bell rings for what was written or moved, and for nothing else; with a real inotify."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from tailing import drop_override

from amiguard.sources.bell import Bell
from amiguard.sources.inotify import Inotify

LONG = 5.0
"""Seconds that a ring may take on a machine that is not ours alone."""
SHORT = 0.2
"""Seconds in which no ring may come; it takes 0.4 ms."""


def replace(path: Path) -> None:
    path.rename(path.with_name("security.0"))
    path.touch()


def recreate(path: Path) -> None:
    path.unlink()
    path.touch()


def append(path: Path, text: str = "line\n") -> None:
    with path.open("a") as file:
        file.write(text)


def watch(bell: Bell, log: Path) -> None:
    bell.watch([str(log)], [str(log.parent)])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "security"
    path.touch()
    return path


def test_a_write_rings(log: Path) -> None:
    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, log)
            append(log)
            assert await bell.wait(LONG)
            assert not bell.moved

    asyncio.run(scenario())


def test_writes_to_a_neighbour_do_not_even_reach_python(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    happened = Inotify._happened
    monkeypatch.setattr(Inotify, "_happened", lambda self, *what: (seen.append(what), happened(self, *what)))
    full = log.with_name("full")
    full.touch()

    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, log)
            append(full)
            assert not await bell.wait(SHORT)
            append(log)
            assert await bell.wait(LONG)

    asyncio.run(scenario())
    assert len(seen) == 1


@pytest.mark.parametrize("change", ["create", "rename", "delete"])
def test_what_comes_and_goes_rings(log: Path, change: str) -> None:
    changes = {
        "create": log.with_name("new").touch,
        "rename": lambda: log.rename(log.with_name("security.0")),
        "delete": log.unlink,
    }

    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, log)
            changes[change]()
            assert await bell.wait(LONG)
            while not bell.moved:
                assert await bell.wait(LONG)

    asyncio.run(scenario())


def test_a_replaced_file_is_watched_anew(log: Path) -> None:
    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, log)
            replace(log)
            watch(bell, log)
            while await bell.wait(SHORT):
                pass
            append(log.with_name("security.0"))
            assert not await bell.wait(SHORT)
            append(log)
            assert await bell.wait(LONG)

    asyncio.run(scenario())


def test_a_file_that_returns_with_its_inode_is_watched_anew(log: Path) -> None:
    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, log)
            recreate(log)
            while await bell.wait(SHORT):
                pass
            watch(bell, log)
            append(log)
            assert await bell.wait(LONG)

    asyncio.run(scenario())


def test_a_replaced_directory_is_watched_anew(tmp_path: Path) -> None:
    log = tmp_path / "asterisk" / "security"

    async def scenario() -> None:
        with Bell() as bell:
            for name in ("first", "second"):
                log.parent.mkdir()
                watch(bell, log)
                log.touch()
                assert await bell.wait(LONG)
                log.parent.rename(tmp_path / name)

    asyncio.run(scenario())


def test_a_symlink_rings_for_its_target(log: Path) -> None:
    link = log.with_name("link")
    link.symlink_to(log)

    async def scenario() -> None:
        with Bell() as bell:
            bell.watch([str(link)], [])
            append(log)
            assert await bell.wait(LONG)

    asyncio.run(scenario())


def test_of_two_names_of_a_file_each_has_a_watch_of_its_own(log: Path) -> None:
    other = log.with_name("other")
    other.hardlink_to(log)

    async def scenario() -> None:
        with Bell() as bell:
            for names in ([log, other], [log], [log, other], [other]):
                bell.watch(map(str, names), [])
                append(log)
                assert await bell.wait(LONG)
            bell.watch([], [])
            append(log)
            assert not await bell.wait(SHORT)

    asyncio.run(scenario())


@pytest.mark.kernel
def test_what_may_not_be_read_is_no_matter(log: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its tail says so."""
    log.chmod(0)
    log.parent.chmod(0o311)
    drop_override()

    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, log)
            assert not await bell.wait(0)

    asyncio.run(scenario())
    assert not caplog.records


def test_what_is_no_longer_asked_for_does_not_even_reach_python(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, log)
            bell.watch([], [])
            assert not await bell.wait(SHORT)
            monkeypatch.setattr(Inotify, "_happened", lambda *what: seen.append(what))
            append(log)
            recreate(log)
            assert not await bell.wait(SHORT)

    asyncio.run(scenario())
    assert [] == seen


def test_what_is_missing_is_no_matter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, tmp_path / "no" / "security")
            assert not await bell.wait(0)

    asyncio.run(scenario())
    assert not caplog.records


def test_more_events_than_the_kernel_holds_ring_for_everything(
    log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows what was lost, and nothing is: the bell carries no data."""
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text(encoding="ascii"))
    logs = [log, log.with_name("other")]
    logs[1].touch()

    async def scenario() -> None:
        with Bell() as bell, log.open("a") as one, logs[1].open("a") as other:
            bell.watch(map(str, logs), [str(log.parent)])
            for _ in range(most // 2 + 1):  # two writes to one file would be one event
                for file in (one, other):
                    file.write("line\n")
                    file.flush()
            log.with_name("lost").touch()
            while not bell.moved:
                assert await bell.wait(LONG)
            while await bell.wait(SHORT):
                pass
            append(log)
            assert await bell.wait(LONG)

    asyncio.run(scenario())
    assert [] == caplog.messages


@pytest.mark.kernel
def test_a_reached_limit_is_said_once_and_again_after_the_watches_stood(
    log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The limit is that of this user namespace."""
    allow = Path("/proc/sys/user/max_inotify_watches").write_text

    async def scenario() -> None:
        with Bell() as bell:
            for most in ("0", "0", "2", "0"):
                allow(most)
                watch(bell, log)
                if most == "2":
                    append(log)
                    assert await bell.wait(LONG)
                    replace(log)

    asyncio.run(scenario())
    assert ["inotify watch limit reached" in record.getMessage() for record in caplog.records] == [True, True]


@pytest.mark.kernel
def test_an_inotify_that_cannot_be_had_is_said_once_and_had_later(
    log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    allow = Path("/proc/sys/user/max_inotify_instances").write_text

    async def scenario() -> None:
        with Bell() as bell:
            for most in ("0", "0", "1"):
                allow(most)
                watch(bell, log)
            append(log)
            assert await bell.wait(LONG)

    asyncio.run(scenario())
    assert ["inotify instance limit reached" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize("rings", [0, 1])
def test_a_bell_has_no_thread_and_leaves_no_file_open(log: Path, rings: int) -> None:
    async def scenario() -> None:
        threads = threading.active_count()
        with Bell() as bell:
            watch(bell, log)
            assert threads == threading.active_count()
            for _ in range(rings):
                append(log)
                assert await bell.wait(LONG)

    before = open_files()
    asyncio.run(scenario())
    assert before == open_files()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
