"""Edge: brings together what the figures are made of."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from amiguard.metrics.exposition import text
from amiguard.metrics.figures import State, families
from amiguard.metrics.tally import Delays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amiguard.amichannel import AmiChannel
    from amiguard.channel import Followed
    from amiguard.hearing import Hearing
    from amiguard.metrics.tally import TallyingGuard
    from amiguard.model import Ban
    from amiguard.warden import Warden

_FRESH: Final = 1.0


class Office:
    """Makes the page of figures."""

    def __init__(self, guard: TallyingGuard, warden: Warden, hearing: Hearing) -> None:
        """Begin; the warden tells of each ban from now on."""
        self._guard = guard
        self._warden = warden
        self._hearing = hearing
        self._delays = Delays()
        self._text = ""
        self._made = -math.inf
        self._making = asyncio.Lock()
        warden.landed.insert(0, self._landed)

    async def page(self) -> str:
        """All figures, as text, a second old at most: who asks more often has nobody wait."""
        clock = asyncio.get_running_loop().time
        async with self._making:
            if clock() - self._made >= _FRESH:
                self._text = await self._write()
                self._made = clock()
        return self._text

    async def _write(self) -> str:
        """The figures of this moment; bans are counted aside, for there may be a million."""
        bans = list(self._guard.bans)
        origins = await asyncio.to_thread(Counter, map(attrgetter("origin"), bans))
        state = self._state(origins)
        self._guard.keep(state.ambiguous)
        return text(families(self._guard, self._delays, state))

    def _landed(self, bans: Sequence[Ban]) -> None:
        self._delays.landed(bans, time.time())

    def _state(self, origins: Counter[str]) -> State:
        warden, hearing = self._warden, self._hearing
        channels: tuple[Followed | AmiChannel, ...] = (*hearing.channels.values(), *hearing.amis)
        return State(
            since=hearing.since,
            sources=list(hearing.sources(time.time())),
            ambiguous={channel.name: channel.ambiguous.copy() for channel in channels},
            silent=[row["name"] for row in hearing.silent()],
            origins=origins,
            firewall=not (warden.trouble or warden.contested),
            repairs=warden.repairs,
            dropped=warden.packets().dropped,
            store=not warden.ledger.trouble,
        )
