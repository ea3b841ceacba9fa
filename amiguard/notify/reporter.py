"""Pure: what of all that happens is news."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.judge.friends import DAY
from amiguard.judge.neighbours import neighbourhood
from amiguard.notify.gathering import News
from amiguard.notify.kinds import OF_ALARM
from amiguard.sources.security import TAMPERED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from amiguard.judge.guard import Guard
    from amiguard.model import Alarm, Ban, Prefix
    from amiguard.notify.kinds import Kind

_NETWORKS: Final = 4096
"""Networks of friends of which it is known when the last ban in them was told."""


def unheard(_: News) -> None:
    """Nobody wants to be told."""


class Reporter:
    """Is told what happens, and tells on what an administrator wants to hear."""

    def __init__(
        self, guard: Guard, wanted: Collection[Kind] = (), tell: Callable[[News], None] = unheard
    ) -> None:
        """Begin.

        Args:
            guard: knows who our friends are.
            wanted: the kinds that are told.
            tell: is given each news, and may not keep us waiting.
        """
        self._guard = guard
        self._wanted = wanted
        self._pass_on = tell
        self._told: dict[Prefix, float] = {}

    def tell(self, kind: Kind, time: float, text: str, source: str = "", evidence: bytes = b"") -> None:
        """Something that is news by itself; the arguments are those of `News`."""
        if kind in self._wanted:
            self._pass_on(News(kind, time, text, source, evidence))

    def alarm(self, alarm: Alarm) -> None:
        """Judgement has said an alarm."""
        self.tell(OF_ALARM[alarm.what], alarm.time, alarm.text, str(alarm.source), alarm.evidence)

    def banned(self, bans: Iterable[Ban]) -> None:
        """These are banned from now on."""
        if not self._wanted:
            return
        for ban in bans:
            if ban.reason.startswith(TAMPERED):
                self.tell("tampering", ban.since, f"banned: {ban.reason}", str(ban.source))
            if ban.origin != "operator" and (near := self._near(ban.source, ban.since)):
                text = f"banned, and {near} lives near: {ban.reason}"
                self.tell("friend", ban.since, text, str(ban.source))

    def _near(self, source: Prefix, now: float) -> str:
        """Who of ours lives near, said once a day of each network; empty if nobody does."""
        friends, peers, network = self._guard.friends, self._guard.peers, neighbourhood(source)
        if now - self._told.get(network, -DAY) < DAY:
            return ""
        friend = friends.within(network, now) if friends.neighbours.near(source) else None
        peer = peers.overlapping(network) if peers.neighbours.near(source) else None
        if friend is None and peer is None:
            return ""
        if len(self._told) >= _NETWORKS:
            del self._told[next(iter(self._told))]
        self._told[network] = now
        return f"the friend {friend}" if peer is None else f"the known peer {peer.network} ({peer.origin})"
