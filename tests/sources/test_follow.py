"""The stream of chunks: woken by the bell, by the clock, and complete under load."""

from __future__ import annotations

import asyncio
import itertools
import math
import sys
from typing import TYPE_CHECKING, Self

import pytest

from amiguard.sources import follow
from amiguard.sources.follow import Follower
from amiguard.sources.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from amiguard.sources.position import Chunk, Position

LONG = 20.0
"""Seconds after which a test has failed."""


class Listener:
    """Reads a follower's stream up to a wanted amount."""

    def __init__(self, patterns: list[str], positions: Mapping[str, Position] | None = None) -> None:
        self.follower = Follower(patterns, positions or {})
        self.chunks: list[tuple[str, Chunk]] = []

    def __enter__(self) -> Self:
        self.follower.__enter__()
        self.stream = aiter(self.follower)
        return self

    def __exit__(self, *_: object) -> None:
        self.follower.__exit__()

    async def next(self) -> bytes:
        async with asyncio.timeout(LONG):
            found = await anext(self.stream)
        self.chunks.append(found)
        return found[1].data


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_the_bell_is_quicker_than_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "POLL", math.inf)
    log = tmp_path / "security"
    append(log, b"old\n")

    async def scenario() -> None:
        with Listener([str(log)]) as listener:
            assert await listener.next() == b"old\n"
            for number in range(5):
                asyncio.get_running_loop().call_later(0.05, append, log, b"%d\n" % number)
                assert await listener.next() == b"%d\n" % number

    asyncio.run(scenario())


def test_the_bell_sees_rotation_and_return(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "POLL", math.inf)
    log = tmp_path / "security"
    append(log, b"old\n")

    def rotate(data: bytes) -> None:
        log.rename(tmp_path / "security.1")
        append(log, data)

    async def scenario() -> None:
        with Listener([str(tmp_path / "security*")]) as listener:
            assert await listener.next() == b"old\n"
            for data in (b"new\n", b"newer\n"):
                asyncio.get_running_loop().call_later(0.05, rotate, data)
                assert await listener.next() == data

    asyncio.run(scenario())


def test_an_old_file_is_left_without_another_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "POLL", math.inf)
    log = tmp_path / "security"
    append(log, b"old\n")

    async def scenario() -> None:
        with Listener([str(log)]) as listener:
            assert await listener.next() == b"old\n"
            log.rename(tmp_path / "security.1")
            append(log, b"new\n")
            assert await listener.next() == b"new\n"

    asyncio.run(scenario())


def test_the_clock_stands_behind_the_bell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "POLL", 0.05)
    monkeypatch.setattr(follow.Bell, "watch", lambda *_: None)
    log = tmp_path / "security"

    async def scenario() -> None:
        with Listener([str(log)]) as listener:
            asyncio.get_running_loop().call_later(0.1, append, log, b"one\n")
            assert await listener.next() == b"one\n"

    asyncio.run(scenario())


def test_a_busy_log_is_read_by_the_clock_and_a_quiet_one_by_the_bell(tmp_path: Path) -> None:
    log = tmp_path / "security"
    append(log, b"0\n")

    async def scenario() -> None:
        with Listener([str(log)]) as listener:
            assert await listener.next() == b"0\n"
            pace = listener.follower._pace
            while not pace.busy:
                asyncio.get_running_loop().call_soon(append, log, b"x\n")
                await listener.next()
            append(log, b"y\n")
            assert await listener.next() == b"y\n"
            asyncio.get_running_loop().call_later(2.5, append, log, b"late\n")
            assert await listener.next() == b"late\n"
            assert not pace.busy

    asyncio.run(scenario())


def test_files_take_turns(tmp_path: Path) -> None:
    for name in ("one", "two"):
        append(tmp_path / name, b"a line\n" * 200_000)

    async def scenario() -> list[str]:
        with Listener([str(tmp_path / "*")]) as listener:
            for _ in range(6):
                await listener.next()
            return [path[-3:] for path, _ in listener.chunks]

    assert asyncio.run(scenario()) == ["one", "two"] * 3


def test_a_slow_consumer_leaves_the_lines_in_their_file(tmp_path: Path) -> None:
    log = tmp_path / "security"
    append(log, b"a line\n" * 200_000)

    async def scenario() -> None:
        with Listener([str(log)]) as listener:
            first = await listener.next()
            assert len(first) + listener.follower.tails[str(log)].behind == 7 * 200_000

    asyncio.run(scenario())


def test_a_busy_neighbour_wakes_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, full = tmp_path / "security", tmp_path / "full"
    append(log, b"old\n")
    append(full, b"")
    looks = itertools.count()
    read = Tail.read

    def counted(tail: Tail) -> Chunk | None:
        next(looks)
        return read(tail)

    monkeypatch.setattr(Tail, "read", counted)

    async def scenario() -> None:
        with Listener([str(log)]) as listener:
            await listener.next()
            for tick in range(90):
                asyncio.get_running_loop().call_later(tick / 100, append, full, b"noise\n")
            asyncio.get_running_loop().call_later(0.95, append, log, b"new\n")
            assert await listener.next() == b"new\n"

    asyncio.run(scenario())
    assert next(looks) <= 4


WRITER = """
import itertools, os, shutil, sys, time
path, rate, count = sys.argv[1], 4000, 8000
number = 0
log = open(path, "ab", buffering=0)
def reopen():
    global log
    log.close()
    log = open(path, "ab", buffering=0)
def sequential(turn):
    os.rename(path, f"{path}.{100 + turn}")
    reopen()
def rotate(turn):
    log.close()
    for n in range(9, 0, -1):
        if os.path.exists(f"{path}.{n}"):
            os.rename(f"{path}.{n}", f"{path}.{n + 1}")
    os.rename(path, f"{path}.1")
    reopen()
def timestamp(turn):
    os.rename(path, f"{path}.{1_792_000_000 + turn}")
    reopen()
def create(turn):
    os.rename(path, f"{path}-2026010{turn}")
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    for _ in range(40):
        write()
    reopen()
def copytruncate(turn):
    shutil.copyfile(path, f"{path}.{turn}")
    os.truncate(path, 0)
def write():
    global number
    log.write(b"%08d %s\\n" % (number, b"x" * (number % 300)))
    number += 1
began = time.monotonic()
turns = itertools.cycle([sequential, rotate, timestamp, create])
if len(sys.argv) > 2:
    turns = itertools.cycle([copytruncate])
for turn in range(1, 10):
    while number < count * turn // 9:
        write()
        if number % 40 == 0:
            time.sleep(max(0, began + number / rate - time.monotonic()))
    if turn < 9:
        next(turns)(turn)
"""


@pytest.mark.parametrize("extra", [[], ["copytruncate"]], ids=["renaming", "copytruncate"])
def test_eight_rotations_at_4000_lines_a_second_lose_and_double_nothing(
    tmp_path: Path, extra: list[str]
) -> None:
    log = tmp_path / "security"
    log.touch()

    async def scenario() -> list[int]:
        with Listener([str(tmp_path / "security*")]) as listener:
            writer = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(log), *extra)
            numbers: list[int] = []
            while not numbers or numbers[-1] < 7999:
                numbers += [int(line[:8]) for line in (await listener.next()).splitlines()]
            assert await writer.wait() == 0
            return numbers

    assert asyncio.run(scenario()) == list(range(8000))
