"""Pure: what has been seen so far: events, bans, and whose packets came back."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Any, Final

from amiguard.demo.script import CAST, PORTS, Actor, Way
from amiguard.sources.kinds import KINDS
from amiguard.sources.securitylog import Ambiguous, SecurityLog
from amiguard.views import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
        self.ambiguous = 0
        self.bans: Mapping[str, Mapping[str, Any]] = {}
        self.news: deque[str] = deque(maxlen=NEWS)
        self._reader = SecurityLog(skip_challenges=False)

    def written(self, records: bytes, now: float) -> None:
        """Hear what was written into the log."""
        for found in self._reader.feed(records, now):
            if isinstance(found, Ambiguous):
                self.ambiguous += 1
                continue
            source = found.remote.address.address
            self.events[source] += 1
            account = printable(found.account)[:_ACCOUNT]
            forged = ", with forged fields" if found.tampered else ""
            service = found.service.decode("ascii")
            self.news.append(f"{source} {service}: {KINDS[found.kind].meaning} ({account}){forged}")

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
        """Whether the service says that everybody who should be banned is, and as he should."""
        return all(self.bans.get(who.address, {}).get("scope") == who.scope for who in self.cast if who.scope)

    def totals(self) -> tuple[int, int]:
        """Packets answered, and packets lost."""
        beats = range(self.traffic.beats)
        passed = sum(self.traffic.passed(who.address, way, beats) for who in self.cast for way in PORTS)
        return passed, len(beats) * len(self.cast) * len(PORTS) - passed


def announcement(ban: Mapping[str, Any]) -> str:
    """A ban in one line."""
    what = {"door": "the SIP door", "house": "the house"}[ban["scope"]]
    return f"BANNED {ban['address']} from {what}: {printable(ban['reason'])}"
