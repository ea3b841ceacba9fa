"""Pure: records of the banned, known by the places they name: nothing follows from them.

Who is banned goes on to fail in a log that was written before, or until the kernel
keeps him out.  Where he is no suspect besides, or the evidence is full, nobody need be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.judge.timing import NEWEST
from amiguard.lately import Lately
from amiguard.sources import security

if TYPE_CHECKING:
    from amiguard.judge.bans import Bans
    from amiguard.judge.counting import Counting
    from amiguard.judge.scorer import Scorer
    from amiguard.model import Ban, SecurityEvent

_REMEMBERED: Final = 4096
_MAY_PROVE: Final = frozenset((b"InvalidPassword", b"SuccessfulAuth"))
"""Of what a door shuts out, the kinds that may prove who sent it: chan_sip's failure, and a log-in."""


class Hushed:
    """Who is banned, by the places that his records name.

    Attributes:
        now: when what is read was received, in seconds since the epoch; all of it is judged for a time
            that is hardly later.
    """

    def __init__(self, bans: Bans, scorer: Scorer, counting: Counting) -> None:
        self.now = 0.0
        self._bans = bans
        self._scorer = scorer
        self._counting = counting
        self._by_places: dict[tuple[bytes, bytes], Ban] = {}
        self._hosts = Lately(security.written, _REMEMBERED)

    def note(self, event: SecurityEvent, ban: Ban) -> None:
        """The event counts for nothing, as this ban of exactly its source runs."""
        if self.now + NEWEST >= ban.until:
            return
        if len(self._by_places) >= _REMEMBERED:
            self._by_places.clear()
        self._by_places[event.local, self._hosts[event.remote[:2]]] = ban

    def holds(self, local: bytes, host: bytes, kind: bytes, session: bytes) -> bool:
        """Whether nothing can follow from a record.

        Args:
            local: its LocalAddress.
            host: its RemoteAddress, without the port.
            kind: its event.
            session: its SessionID; another channel may have told the same.
        """
        ban = self._by_places.get((local, host))
        if ban is None or self.now + NEWEST >= ban.until or self._bans.get(ban.source) is not ban:
            return False
        if ban.scope == "door" and kind in _MAY_PROVE:
            return False
        return not self._counting.remembers(session) and not self._scorer.has_room(ban.source)
