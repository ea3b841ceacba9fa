"""Pure: all that the guard knows of one source, looked up without changing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.judge.guard import WIDE_FACTOR
from amiguard.judge.neighbours import neighbourhood

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from amiguard.judge.friends import Friend
    from amiguard.judge.guard import Guard
    from amiguard.model import Alarm, Ban, Peer, Prefix

_NAMED: Final = 10


class Scale(NamedTuple):
    """A score as it is now, and the `threshold` of an offence; points halve in `half_life` seconds."""

    name: str
    network: Prefix
    score: float
    threshold: float
    half_life: float

    @property
    def left(self) -> float:
        """The points that are wanting."""
        return max(self.threshold - self.score, 0.0)


class Dossier(NamedTuple):
    """What is known of a source at `at`.

    `protections` are the networks around it that judgement may not touch, each with
    the reason.  `records` is the packed evidence of what it has done since its last ban.
    """

    source: Prefix
    at: float
    ban: Ban | None
    protections: tuple[tuple[Prefix, str], ...]
    friend: Friend | None
    peers: tuple[Peer, ...]
    factor: float
    scales: tuple[Scale, ...]
    records: bytes
    alarms: tuple[Alarm, ...]


class Neighbours(NamedTuple):
    """Who else is in a source's network: how many of each kind, and the first of them by address."""

    network: Prefix
    counts: dict[str, int]
    named: tuple[tuple[Prefix, str], ...]


def look(guard: Guard, asked: Prefix, at: float) -> Dossier:
    """What is known of a network, or of an address' source, at `at` in seconds since the epoch."""
    source = asked if asked.length < asked.bits else guard.shield.standings[asked].source
    friend, peers = guard.friends.record(source), tuple(guard.peers.at(source))
    if friend is not None and friend.until <= at:
        friend = None
    factor = leniency(guard, source, at)
    suspect = guard.scoring(source).portrait(source, at)
    return Dossier(
        source,
        at,
        guard.bans.covering(source, at),
        tuple((network, why) for network, why in guard.shield.protected() if network.overlaps(asked)),
        friend,
        peers,
        factor,
        tuple(_scales(guard, source, at, factor)),
        suspect.evidence if suspect else b"",
        tuple(alarm for alarm in guard.alarms if alarm.source == source),
    )


def leniency(guard: Guard, source: Prefix, at: float) -> float:
    """By what the thresholds of the source are multiplied at `at`; to look changes nothing."""
    friend = guard.friends.record(source)
    known = (friend is not None and friend.until > at) or any(True for _ in guard.peers.at(source))
    return guard.config.allow.authenticated_factor if known else 1.0


def neighbours(guard: Guard, source: Prefix, at: float) -> Neighbours:
    """Who shares the source's network at `at`; any thread may ask."""
    network = neighbourhood(source)
    kinds: dict[str, Iterable[Prefix]] = {
        "banned": [ban.source for ban in list(guard.bans)],
        "suspect": guard.scorer.within(network),
        "friend": [friend for friend, record in guard.friends.all() if record.until > at],
        "known peer": [peer.network for peer in guard.peers],
    }
    found = {kind: sorted(set(_inside(network, some, source))) for kind, some in kinds.items()}
    named = [(each, kind) for kind, some in found.items() for each in some[:_NAMED]]
    return Neighbours(network, {kind: len(some) for kind, some in found.items()}, tuple(named))


def _inside(network: Prefix, sources: Iterable[Prefix], but: Prefix) -> Iterator[Prefix]:
    """Those in the network that do not hold `but`; whole bytes come first, for there may be a million."""
    start = network.network[: network.length // 8]
    for source in sources:
        if source.network.startswith(start) and network.covers(source) and not source.covers(but):
            yield source


def _scales(guard: Guard, source: Prefix, at: float, factor: float) -> Iterator[Scale]:
    score = guard.config.score
    scorers = {source: (guard.scoring(source), factor)}
    if source.is_ipv6 and score.wide6:
        scorers[source.within(score.wide6)] = (guard.wide, WIDE_FACTOR)
    for network, (scorer, times) in scorers.items():
        suspect = scorer.portrait(network, at)
        fast, slow = (suspect.fast, suspect.slow) if suspect else (0.0, 0.0)
        yield Scale("fast", network, fast, score.fast.threshold * times, score.fast.half_life)
        yield Scale("slow", network, slow, score.slow.threshold * times, score.slow.half_life)
