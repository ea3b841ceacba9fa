"""Edge: names that logs tell become addresses, aside, while nobody waits."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from amiguard.names import THREADS, Lookups, addresses

if TYPE_CHECKING:
    from collections.abc import Callable

    from amiguard.model import Prefix
    from amiguard.names import Resolve

    Then = Callable[[frozenset[Prefix]], None]

WAITING: Final = 256
"""Names that wait; while it is so many, further ones are passed over."""
_REMEMBERED: Final = 1024
_FRESH: Final = 300.0
"""Seconds that an answer holds, also that there is none."""


class Resolver:
    """Asks for names that strangers may have chosen: never twice in a while, and only so many at once.

    Attributes:
        passed_over: names for which there was no room.
    """

    def __init__(self, resolve: Resolve = addresses) -> None:
        """Begin; `resolve` may block, and raise what `names.addresses` does."""
        self.passed_over = 0
        self._lookups = Lookups(resolve)
        self._waiting: asyncio.Queue[tuple[str, Then]] = asyncio.Queue(WAITING)
        self._known: dict[str, tuple[float, frozenset[Prefix]]] = {}

    def ask(self, name: str, then: Then) -> None:
        """Have it told `then` which addresses the name has; never if it has none."""
        try:
            self._waiting.put_nowait((name, then))
        except asyncio.QueueFull:
            self.passed_over += 1

    async def run(self) -> None:
        """Answer until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(THREADS):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            name, then = await self._waiting.get()
            if found := await self._addresses(name):
                then(found)

    async def _addresses(self, name: str) -> frozenset[Prefix]:
        until, known = self._known.get(name, (0.0, frozenset()))
        if until > time.monotonic():
            return known
        try:
            known = await self._lookups.addresses(name)
        except (OSError, UnicodeError):  # that nobody knows a stranger's name is nothing to tell of
            known = frozenset()
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[name] = time.monotonic() + _FRESH, known
        return known
