"""A service that is killed again and again under load ends up where one that never was would be."""

from __future__ import annotations

import itertools
import random
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import nft
import ordeal
import pytest
from lab import Service, attack, attempt, until

from amiguard import config
from amiguard.channel import Channel
from amiguard.judge import evidence
from amiguard.judge.friends import Friend
from amiguard.judge.guard import Guard
from amiguard.judge.suspects import Suspect
from amiguard.ledger import Ledger
from amiguard.model import Ban, Prefix, Verdict
from amiguard.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from amiguard.judge.evidence import Exhibit
    from amiguard.store import BanRow, StateRow

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

SETTINGS = '[ban]\ndurations = ["1d"]\n'
EPOCHS = ordeal.rounds(1, 50)
KILLS = ordeal.rounds(4, 16)
REBOOTS = 5
"""Every so many kills the kernel comes up anew, without our table."""
LAST = "192.0.2.1"
ALIKE = 61.0
"""Seconds within which log-ins alike may count as one."""


class Known(NamedTuple):
    """A ban by what must not depend on crashes."""

    address: str
    scope: str
    strike: int
    since: float


class Writer(threading.Thread):
    """Appends lines of many sources, most failing, each fresh, until told to stop; may rotate the log."""

    def __init__(self, service: Service, seed: int, *, rotates: bool) -> None:
        super().__init__()
        self.lines: list[bytes] = []
        self._service = service
        self._random = random.Random(seed)
        self._rotates = rotates
        self._over = threading.Event()
        self._rotations = 0

    def run(self) -> None:
        for turn in itertools.count():
            if self._over.wait(0.002):
                return
            if self._rotates and turn % 300 == 299:
                self._rotate()
            self._append(self._friendly() if turn % 50 == 0 else self._failing())

    def end(self) -> None:
        self._over.set()
        self.join()

    def last(self, line: bytes) -> None:
        """Append what nothing follows, when it has ended."""
        self._append(line)

    def _failing(self) -> bytes:
        source = f"203.0.{self._random.randrange(4)}.{self._random.randrange(1, 250)}"
        transport = self._random.choice(("TCP", "UDP"))
        return b"".join(
            attempt(source, time.time() + n / 1000, transport=transport)
            for n in range(self._random.choice((1, 1, 3)))
        )

    def _friendly(self) -> bytes:
        source = f"198.51.100.{self._random.randrange(1, 20)}"
        return attempt(source, kind=self._random.choice(("SuccessfulAuth", "InvalidPassword")))

    def _append(self, line: bytes) -> None:
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


class Uninterrupted:
    """What the pure core makes of the same lines."""

    def __init__(self, lines: list[bytes]) -> None:
        said = b"".join(lines)
        self.verdicts: list[Verdict] = []
        guard = Guard(config.parse(SETTINGS, "model"))
        ledger = Ledger(guard)
        channel = Channel("log", guard)
        for outcome in channel.feed(said, time.time(), backlog=False):
            if isinstance(outcome, Verdict):
                self.verdicts.append(outcome)
        snapshot = ledger.snapshot(whole=True)
        assert snapshot is not None
        self.scores = snapshot.scores
        self.friends = snapshot.friends

    def bans(self) -> list[Known]:
        return sorted(
            Known(ban.source.address, ban.scope, ban.strike, round(ban.since, 3))
            for ban in (verdict.ban for verdict in self.verdicts)
        )


def remembered(service: Service) -> list[Known]:
    rows = service.ask("history", limit=100_000)[1]
    return sorted(Known(r["address"], r["scope"], r["strike"], seconds(r["since"])) for r in rows)


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_nothing_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    """Nor by a kernel that starts anew meanwhile: bans, positions, strikes, scores, friends, evidence."""
    bans = 0
    for epoch in range(EPOCHS):
        root = tmp_path / str(epoch)
        root.mkdir()
        nft.run("flush ruleset")
        bans += killed(root, ordeal.SEED + epoch, rotates=epoch % 2 == 0)
    ordeal.tell("killed under load", kills=EPOCHS * (KILLS + KILLS // 3), bans_compared=bans)


def killed(root: Path, seed: int, *, rotates: bool) -> int:
    """Kill a service again and again, then hold it against the model; gives the number of bans."""
    chance = random.Random(seed)
    with Service(root, SETTINGS) as service:
        service.log.touch()
        writer = Writer(service, seed, rotates=rotates)
        writer.start()
        service.await_news("WATCHDOG=1")  # it knows the log from now on
        try:
            for n in range(1, KILLS + 1):
                kill(service, chance, n)
        finally:
            writer.end()
        writer.last(attack(LAST))
        service.until_banned(f"{LAST}/32")
        model = Uninterrupted(writer.lines)
        expected = model.bans()
        until(lambda: len(remembered(service)) >= len(expected), f"{len(expected)} bans in the store")
        assert expected == remembered(service), f"seed {seed}"
        latest = {ban.address: ban.scope for ban in sorted(expected, key=lambda ban: ban.since)}
        assert set(latest.items()) == in_kernel()
        assert 0 == service.stop()
        agrees(model, service)
    return len(expected)


def kill(service: Service, chance: random.Random, turn: int) -> None:
    """Kill it at a random moment, perhaps while it starts, and start it, perhaps beneath another kernel."""
    # No synchronisation: when it is killed is the point; every fourth time it has written before.
    time.sleep(chance.uniform(1.0, 1.1) if turn % 4 == 0 else chance.uniform(0.0, 0.2))
    service.kill()
    if turn % REBOOTS == 0:
        nft.run("delete table inet amiguard")
    if turn % 3 == 0:
        service.launch()
        time.sleep(chance.uniform(0.0, 0.6))
        service.kill()
        while service.hears(0):  # of the dead
            pass
    service.start()


def agrees(model: Uninterrupted, service: Service) -> None:
    """Hold what it has written down against the model."""
    with Store.open(service.root / "state") as store:
        memory = store.load()
        (position,) = memory.positions
        assert (service.log.stat().st_ino, service.log.stat().st_size) == (position.inode, position.offset)
        strikes = sorted((source, round(at, 3)) for source, at in store.strikes(0.0))
        assert sorted(key(verdict.ban) for verdict in model.verdicts) == strikes
        assert scores(model.scores) == scores(memory.scores)
        compare_friends(friends(model.friends), friends(memory.friends))
        compare_evidence(model, list(store.history(None, 100_000, evidence=True)))


def scores(rows: Sequence[StateRow]) -> dict[Prefix, tuple[float, ...]]:
    """All scores, to the last bit: a crash repeats what it has undone."""
    return {row.source: numbers(Suspect.unpack(row.state)) for row in rows}


def numbers(suspect: Suspect) -> tuple[float, ...]:
    proven, rest = (suspect.fast_proven, suspect.slow_proven), (suspect.fast_rest, suspect.slow_rest)
    return suspect.at, *proven, *rest


def friends(rows: Sequence[StateRow]) -> dict[Prefix, Friend]:
    return {row.source: Friend.unpack(row.state) for row in rows}


def compare_friends(expected: dict[Prefix, Friend], found: dict[Prefix, Friend]) -> None:
    assert expected.keys() == found.keys()
    for source, friend in expected.items():
        other = found[source]
        assert friend.accounts.keys() == other.accounts.keys()
        assert friend.flows.keys() == other.flows.keys()
        assert friend.counted == other.counted
        assert abs(friend.until - other.until) < ALIKE


def compare_evidence(model: Uninterrupted, found: Sequence[BanRow]) -> None:
    """A crash may forget the older evidence of who was not banned yet; the rest is as it was, scores too."""
    whole = {key(verdict.ban): exhibits(verdict.evidence) for verdict in model.verdicts}
    for row in found:
        told = exhibits(row.evidence)
        assert told
        assert whole[key(row.ban)][-len(told) :] == told


def key(ban: Ban) -> tuple[Prefix, float]:
    return ban.source, round(ban.since, 3)


def exhibits(packed: bytes) -> list[Exhibit]:
    return list(evidence.unpack(packed))


def in_kernel() -> set[tuple[str, str]]:
    sets = {"ban4": "house", "door4": "door"}
    return {(address, scope) for name, scope in sets.items() for address in nft.elements(name)}
