"""Edge: keeps the firewall as declared: who alters it is noticed at once, and what he took is put back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from amiguard.firewall.netlink import FirewallError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.firewall.netlink import Watch
    from amiguard.firewall.nftables import Firewall
    from amiguard.warden import Warden

_log = logging.getLogger("amiguard")

_BITTER: Final = 50
_LATELY: Final = 20.0
_PEACE: Final = 5.0
"""After so many repairs within so many seconds there is a pause of so many."""


class Mender:
    """Puts right what others have done to our table."""

    def __init__(self, warden: Warden, firewall: Firewall) -> None:
        self._warden = warden
        self._firewall = firewall
        self._altered = asyncio.Event()
        self._generation = self._ask()
        self._quarrel = Quarrel()

    def look(self) -> None:
        """See whether the ruleset was altered, even if nobody has told; asked each second."""
        now = self._ask()
        if now != self._generation or self._warden.trouble:
            self._generation = now
            self._altered.set()
        if self._warden.contested and self._quarrel.over(time.monotonic()):
            self._warden.contested = ""
            _log.warning("the firewall is left alone again")

    async def run(self) -> None:
        """Mend as soon as somebody has altered the firewall, until cancelled."""
        with self._watching() as watch:
            while True:
                await self._altered.wait()
                self._altered.clear()
                await self._mend(watch)

    @contextlib.contextmanager
    def _watching(self) -> Iterator[Watch]:
        loop = asyncio.get_running_loop()
        with self._firewall.watch() as watch:
            loop.add_reader(watch.fileno(), self._altered.set)
            try:
                yield watch
            finally:
                loop.remove_reader(watch.fileno())

    async def _mend(self, watch: Watch) -> None:
        others, repairs = watch.drain(), self._warden.repairs
        self._warden.heal()
        if others:
            await self._restore()
        if self._warden.repairs > repairs and self._quarrel.bitter(time.monotonic()):
            self._warden.contested = "somebody undoes every repair"
            _log.error("%s of the firewall; the next in %g s", self._warden.contested, _PEACE)
            await asyncio.sleep(_PEACE)

    async def _restore(self) -> None:
        """Put back what was taken out of sets that still stand; that takes a look at every ban."""
        running = list(self._warden.guard.bans)
        try:
            missing = await asyncio.to_thread(self._warden.missing, running)
        except FirewallError as error:
            self._warden.troubled(error)
        else:
            self._warden.restore(missing)

    def _ask(self) -> int | None:
        try:
            return self._firewall.generation()
        except FirewallError:
            return None  # that it does not obey is said by the warden


class Quarrel:
    """Whether somebody else wants the firewall otherwise, so that mending it would never end."""

    def __init__(self) -> None:
        self._repairs: deque[float] = deque(maxlen=_BITTER)

    def bitter(self, now: float) -> bool:
        """Note a repair; whether there were so many lately that it is time for a pause."""
        self._repairs.append(now)
        return len(self._repairs) == _BITTER and now - self._repairs[0] < _LATELY

    def over(self, now: float) -> bool:
        """Whether there was no repair lately."""
        return not self._repairs or now - self._repairs[-1] > _LATELY
