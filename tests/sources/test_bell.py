"""The bell rings for what was written or moved, and for nothing else; with a real inotify."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.inotify_c import InotifyFD

from amiguard.sources.bell import Bell

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
    build = InotifyEmitter.build_and_queue_event
    monkeypatch.setattr(
        InotifyEmitter,
        "build_and_queue_event",
        lambda self, event, **_: (seen.append(event), build(self, event)),
    )
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


def test_what_is_no_longer_asked_for_is_silent(log: Path) -> None:
    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, log)
            bell.watch([], [])
            append(log)
            recreate(log)
            assert not await bell.wait(SHORT)

    asyncio.run(scenario())


def test_what_is_missing_is_no_matter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, tmp_path / "no" / "security")
            assert not await bell.wait(0)

    asyncio.run(scenario())
    assert not caplog.records


def test_watches_that_are_taken_down_are_no_error_to_log(log: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An emitter that is stopped while its thread reads says so as an error."""

    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, log)
            for _, emitter in bell._watches.values():
                emitter.stop()
                emitter.queue_events(0)

    asyncio.run(scenario())
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.kernel
def test_a_reached_limit_is_said_once_and_again_after_the_watches_stood(
    log: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The limit is that of this user namespace; watchdog's shared descriptor would be of the parent's."""
    monkeypatch.setattr(InotifyFD, "_instance", None)
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


def test_no_thread_outlives_the_bell_but_the_one_watchdog_shares(log: Path) -> None:
    async def scenario() -> None:
        with Bell() as bell:
            watch(bell, log)

    asyncio.run(scenario())
    left = threading.active_count()
    asyncio.run(scenario())
    assert left == threading.active_count()
