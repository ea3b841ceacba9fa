"""A service that is killed again and again under load ends up where one that never was would be."""

from __future__ import annotations

import random
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import nft
import pytest
from lab import Service, attempt, until

from amiguard import config
from amiguard.channel import Channel
from amiguard.judge.guard import Guard
from amiguard.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

SEED = 20261121


class Known(NamedTuple):
    """A ban by what must not depend on crashes."""

    address: str
    scope: str
    strike: int
    since: float


class Writer(threading.Thread):
    """Appends failing lines of many sources, each fresh, until told to stop; may rotate the log."""

    def __init__(self, service: Service, seed: int, *, rotates: bool) -> None:
        super().__init__()
        self.lines: list[bytes] = []
        self._service = service
        self._random = random.Random(seed)
        self._rotates = rotates
        self._over = threading.Event()
        self._rotations = 0

    def run(self) -> None:
        for turn in range(10_000_000):
            if self._over.wait(0.002):
                return
            if self._rotates and turn % 300 == 299:
                self._rotate()
            self._append()

    def end(self) -> None:
        self._over.set()
        self.join()

    def _append(self) -> None:
        source = f"203.0.{self._random.randrange(4)}.{self._random.randrange(1, 250)}"
        transport = self._random.choice(("TCP", "UDP"))
        line = b"".join(
            attempt(source, time.time() + n / 1000, transport=transport)
            for n in range(self._random.choice((1, 1, 3)))
        )
        self.lines.append(line)
        half = self._random.randrange(len(line))
        with self._service.log.open("ab", buffering=0) as file:
            file.write(line[:half])
            file.write(line[half:])

    def _rotate(self) -> None:
        """As logrotate does without copytruncate."""
        self._rotations += 1
        self._service.log.rename(self._service.log.with_name(f"security.{self._rotations}"))
        self._service.log.touch()


def uninterrupted(lines: list[bytes]) -> Iterator[Known]:
    """The bans of the pure core on the same lines."""
    guard = Guard(config.parse("", "defaults"))
    channel = Channel("log", guard)
    for outcome in channel.feed(b"".join(lines), time.time(), backlog=False):
        if isinstance(outcome, Verdict):
            ban = outcome.ban
            yield Known(str(ban.source), ban.scope, ban.strike, round(ban.since, 3))


def remembered(service: Service) -> list[Known]:
    rows = service.ask("history", limit=100_000)[1]
    return [Known(r["address"], r["scope"], r["strike"], seconds(r["since"])) for r in rows]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("kills", "rotates"), [(10, False), (15, True)], ids=["one log", "a log that rotates"]
)
def test_no_ban_is_lost_or_doubled_by_kill_9(tmp_path: Path, kills: int, rotates: bool) -> None:
    chance = random.Random(SEED)
    with Service(tmp_path) as service:
        service.log.touch()
        writer = Writer(service, SEED, rotates=rotates)
        writer.start()
        service.await_news("WATCHDOG=1")  # it knows the log from now on
        try:
            for n in range(kills):
                # No synchronisation: when it is killed is the point; every fifth time it has written before.
                time.sleep(chance.uniform(1.0, 1.1) if n % 5 == 4 else chance.uniform(0.0, 0.2))
                service.kill()
                service.start()
        finally:
            writer.end()
        expected = sorted(uninterrupted(writer.lines))
        until(lambda: len(remembered(service)) >= len(expected), f"{len(expected)} bans in the store")
        service.await_news("WATCHDOG=1")
        service.await_news("WATCHDOG=1")
        assert expected == sorted(remembered(service))
        latest = {ban.address: ban.scope for ban in sorted(expected, key=lambda ban: ban.since)}
        assert set(latest.items()) == in_kernel()
        assert len(expected) > 100


def in_kernel() -> set[tuple[str, str]]:
    sets = {"ban4": "house", "door4": "door"}
    return {(address, scope) for name, scope in sets.items() for address in nft.elements(name)}
