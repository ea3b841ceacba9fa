"""Pure: what has been seen so far: events, bans, and whose packets came back."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Any, Final

from amiguard.demo.script import CAST, PORTS, Actor, Way
from amiguard.model import SecurityEvent
from amiguard.sources.amievents import AmiEvents
from amiguard.sources.kinds import MEANINGS
from amiguard.views import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from amiguard.demo.script import Channel

NEWS: Final = 6
"""Lines of news that are kept."""
_ACCOUNT: Final = 24


class Traffic:
    """Packets that were sent, one a beat for each address and way, and those that were answered."""

    def __init__(self) -> None:
        self.beats = 0
        self._answered: defaultdict[tuple[str, Way], set[int]] = defaultdict(set)

    def hear(self, beat: int, answers: Iterable[tuple[str, Way, int]]) -> None:
        """Take note of a beat: each answer names the beat of the packet it belongs to."""
        self.beats = beat + 1
        for address, way, sent in answers:
            self._answered[address, way].add(sent)

    def passed(self, address: str, way: Way, beats: range) -> int:
        """How many of the packets sent in these beats were answered."""
        answered = self._answered[address, way]
        return sum(beat in answered for beat in beats)

    def lost(self, address: str, way: Way, beats: range) -> int:
        """How many of the packets sent in these beats were not answered (yet)."""
        return len(beats) - self.passed(address, way, beats)


class Tale:
    """All that a picture or a verdict needs."""

    def __init__(self, cast: Sequence[Actor] = CAST) -> None:
        self.cast = cast
        self.elapsed = 0.0
        self.caption = ""
        self.traffic = Traffic()
        self.events: Counter[str] = Counter()
        """By source, whichever channel told them; the log repeats what the AMI has told."""
        self.repeats = 0
        """Records that the service has heard a second time, and not counted again."""
        self.breaches: dict[str, str] = {}
        """By source, in words."""
        self.known: frozenset[str] = frozenset()
        """Peers that the service knows from the AMI."""
        self.bans: Mapping[str, Mapping[str, Any]] = {}
        self.news: deque[str] = deque(maxlen=NEWS)
        self._reader = AmiEvents(skip_challenges=False)

    def told(self, channel: Channel, records: bytes, now: float) -> None:
        """Hear what was told; the AMI's part of it, for all that is in the log is there as well."""
        if channel != "ami":
            return
        for found in self._reader.read(records, now):
            if isinstance(found, SecurityEvent):
                self._heard(found)

    def _heard(self, event: SecurityEvent) -> None:
        source = event.remote.address.address
        self.events[source] += 1
        account = printable(event.account)[:_ACCOUNT]
        forged = ", with forged fields" if event.tampered else ""
        service = event.service.decode("ascii")
        self.news.append(f"{source} {service}: {MEANINGS[event.kind]} ({account}){forged}")

    def reported(self, status: Mapping[str, Any]) -> None:
        """Hear how the service says it does."""
        self.repeats = status["repeats"]
        self.known = frozenset(peer["address"] for peer in status["peers"])
        for alarm in status["alarms"]:
            if alarm["kind"] == "breach" and alarm["source"] not in self.breaches:
                words = f"BREACH {alarm['source']}: {printable(alarm['text'])}"
                self.breaches[alarm["source"]] = words
                self.news.append(words)

    def listed(self, bans: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Hear what the service says is banned; gives those that are new, or closed further."""
        before, self.bans = self.bans, {ban["address"]: ban for ban in bans}
        new = [
            ban for ban in self.bans.values() if before.get(ban["address"], {}).get("scope") != ban["scope"]
        ]
        self.news.extend(announcement(ban) for ban in new)
        return new

    @property
    def complete(self) -> bool:
        """Whether the service tells of the breach, and that all who should be banned are, as they should."""
        return bool(self.breaches) and all(
            self.bans.get(who.address, {}).get("scope") == who.scope for who in self.cast if who.scope
        )

    def totals(self) -> tuple[int, int]:
        """Packets answered, and packets lost."""
        beats = range(self.traffic.beats)
        passed = sum(self.traffic.passed(who.address, way, beats) for who in self.cast for way in PORTS)
        return passed, len(beats) * len(self.cast) * len(PORTS) - passed


def announcement(ban: Mapping[str, Any]) -> str:
    """A ban in one line."""
    what = {"door": "the SIP door", "house": "the house"}[ban["scope"]]
    return f"BANNED {ban['address']} from {what}: {printable(ban['reason'])}"
