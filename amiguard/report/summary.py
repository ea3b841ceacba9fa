"""Pure: material -> what a report tells, as values; the first place where bans are added up."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard.judge import evidence
from amiguard.judge.neighbours import neighbourhood
from amiguard.judge.tallies import HOUR, TAMPERING
from amiguard.report.timeline import Ruler, Tracks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from amiguard.judge.accounts import Attack
    from amiguard.judge.evidence import Exhibit
    from amiguard.judge.rhythm import BrokenPhone
    from amiguard.judge.tallies import Tally
    from amiguard.model import Alarm, Prefix
    from amiguard.report.material import Material, Standing
    from amiguard.report.timeline import Timeline
    from amiguard.store.rows import BanRow, DropRow

SHOWN: Final = 25
"""Rows of each list."""
_KINDS: Final = 6
"""Kinds of event with a colour of their own."""
_ACCOUNT: Final = 80
"""Bytes of an account; two that differ only behind them count as one."""
_ACCOUNTS: Final = 10_000
_DELAYS: Final = ((1.0, "1 s"), (10.0, "10 s"), (60.0, "1 min"), (600.0, "10 min"), (HOUR, "1 h"))
_LATER: Final = "longer"


class Count(NamedTuple):
    """So many of something."""

    name: str
    times: int


class Network(NamedTuple):
    """Where bans struck: how many, of how many sources, and what those that run have dropped."""

    network: Prefix
    bans: int
    sources: int
    packets: int


class Account(NamedTuple):
    """An account that banned sources have tried, as the evidence against them tells."""

    name: bytes
    tries: int
    sources: int
    last: float


class Delays(NamedTuple):
    """Seconds from the oldest failure that is kept of a banned source to its ban."""

    bans: int
    median: float
    ninth_decile: float
    spread: tuple[Count, ...]


class Report(NamedTuple):
    """What a report tells; lists are cut at `SHOWN` rows, the most important first.

    `attempts` are over time by kind of event, `bans` by scope; `drops` are packets.  The
    counts are by `failures` (of who was not banned yet) and by `sentences` (bans that began).
    """

    host: str
    since: float
    until: float
    attempts: Timeline
    bans: Timeline
    drops: Timeline
    failures: Mapping[str, tuple[Count, ...]]
    sentences: Mapping[str, tuple[Count, ...]]
    sources: int
    networks: tuple[Network, ...]
    accounts: tuple[Account, ...]
    newest: tuple[BanRow, ...]
    running: tuple[Standing, ...] | None
    in_force: int
    packets: int
    bytes: int
    delays: Delays | None
    tampering: int
    tamperers: tuple[Count, ...]
    alarms: tuple[Alarm, ...]
    attacks: tuple[Attack, ...]
    phones: tuple[BrokenPhone, ...]
    status: Mapping[str, Any] | None
    gaps: tuple[str, ...]


def summarise(material: Material) -> Report:
    """Add up; bans and tallies are gone through once, a row at a time."""
    ruler = Ruler(material.since, material.until)
    failures = _Failures(ruler, material.tallies)
    sentences = _Sentences(ruler, material.bans)
    running = material.running or ()
    return Report(
        material.host,
        material.since,
        material.until,
        failures.tracks.timeline(_KINDS),
        sentences.tracks.timeline(_KINDS),
        _dropped(ruler, material.drops),
        {name: _ranked(counts) for name, counts in failures.counts.items()},
        {name: _ranked(counts) for name, counts in sentences.counts.items()},
        len(sentences.sources),
        sentences.networks(running),
        sentences.attacked(),
        tuple(sentences.newest),
        None if material.running is None else _busiest(running),
        len(running),
        sum(one.packets for one in running),
        sum(one.bytes for one in running),
        _delays(sentences.delays),
        failures.counts["event"][TAMPERING],
        _ranked(sentences.tamperers),
        tuple(alarm for alarm in material.alarms if alarm.time >= material.since),
        _worst(material.attacks),
        tuple(material.phones),
        material.status,
        tuple(material.gaps),
    )


def _dropped(ruler: Ruler, drops: Iterable[DropRow]) -> Timeline:
    tracks = Tracks(ruler)
    for hour, packets in drops:
        tracks.add("packets", hour * HOUR, packets)
    return tracks.timeline(1)


class _Failures:
    """Tallies, added up."""

    def __init__(self, ruler: Ruler, tallies: Iterable[Tally]) -> None:
        self.tracks = Tracks(ruler)
        names = ("event", "service", "transport", "proof")
        self.counts: dict[str, Counter[str]] = {name: Counter() for name in names}
        for tally in tallies:
            self.tracks.add(tally.event, tally.hour * HOUR, tally.times)
            for name, counter in self.counts.items():
                counter[getattr(tally, name) or "?"] += tally.times


class _Sentences:
    """Bans, added up."""

    def __init__(self, ruler: Ruler, bans: Iterable[BanRow]) -> None:
        self.tracks = Tracks(ruler)
        self.counts: dict[str, Counter[str]] = {name: Counter() for name in ("scope", "proof", "origin")}
        self.sources: set[Prefix] = set()
        self.tamperers: Counter[str] = Counter()
        self.delays: list[float] = []
        self.newest: list[BanRow] = []
        self._struck: Counter[Prefix] = Counter()
        self._tries: Counter[bytes] = Counter()
        self._triers: defaultdict[bytes, set[Prefix]] = defaultdict(set)
        self._last: dict[bytes, float] = {}
        for row in bans:
            self._ban(row)

    def networks(self, running: Iterable[Standing]) -> tuple[Network, ...]:
        """Those in which most bans struck."""
        dropped: Counter[Prefix] = Counter()
        for standing in running:
            dropped[neighbourhood(standing.ban.source)] += standing.packets
        sources = Counter(map(neighbourhood, self.sources))
        found = [Network(one, bans, sources[one], dropped[one]) for one, bans in self._struck.items()]
        return _first(found, lambda one: (-one.bans, -one.packets, one.network))

    def attacked(self) -> tuple[Account, ...]:
        """Those that were tried most."""
        found = [
            Account(name, tries, len(self._triers[name]), self._last[name])
            for name, tries in self._tries.items()
        ]
        return _first(found, lambda one: (-one.sources, -one.tries, one.name))

    def _ban(self, row: BanRow) -> None:
        ban = row.ban
        self.tracks.add(ban.scope, ban.since)
        for name, counter in self.counts.items():
            counter[getattr(ban, name)] += 1
        self.sources.add(ban.source)
        self._struck[neighbourhood(ban.source)] += 1
        if len(self.newest) < SHOWN:
            self.newest.append(row)
        records = list(evidence.unpack(row.evidence))
        if records:
            self.delays.append(max(ban.since - min(each.event.time for each in records), 0.0))
            self._weigh(ban.source, records)

    def _weigh(self, source: Prefix, records: Iterable[Exhibit]) -> None:
        for each in records:
            self.tamperers[str(source)] += each.event.tampered
            name = each.event.account[:_ACCOUNT]
            if name in self._tries or len(self._tries) < _ACCOUNTS:
                self._tries[name] += 1
                self._triers[name].add(source)
                self._last[name] = max(self._last.get(name, 0.0), each.event.time)


def _busiest(running: Iterable[Standing]) -> tuple[Standing, ...]:
    return _first(running, lambda one: (-one.packets, -one.ban.since))


def _worst(attacks: Iterable[Attack]) -> tuple[Attack, ...]:
    """Accounts that exist before those that do not, then those with the most sources."""
    return _first(attacks, lambda one: (not one.exists, -len(one.sources), -one.failures, one.account))


def _first(found: Iterable[Any], key: Callable[[Any], Any]) -> tuple[Any, ...]:
    return tuple(sorted(found, key=key)[:SHOWN])


def _ranked(counts: Counter[str]) -> tuple[Count, ...]:
    return tuple(Count(*pair) for pair in counts.most_common(SHOWN) if pair[1])


def _delays(delays: Sequence[float]) -> Delays | None:
    """How quickly who was banned was banned; None where nobody was."""
    if not delays:
        return None
    ordered, bins = sorted(delays), Counter(map(_bin, delays))
    spread = [Count(name, bins[name]) for name in (*(name for _, name in _DELAYS), _LATER)]
    tenth = ordered[min(len(ordered) * 9 // 10, len(ordered) - 1)]
    return Delays(len(ordered), statistics.median(ordered), tenth, tuple(spread))


def _bin(seconds: float) -> str:
    return next((name for most, name in _DELAYS if seconds <= most), _LATER)
