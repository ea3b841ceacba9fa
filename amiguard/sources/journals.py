"""Edge: the journals of a session as one asynchronous stream of chunks, as `follow` is for files."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, Self

from amiguard.sources.roster import said_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping

    from amiguard.sources.journal import Journal
    from amiguard.sources.position import Chunk
    from amiguard.sources.tail import State

POLL: Final = 0.1
"""Seconds between looks without a word from the kernel: an entry can be read at once, but journald
wakes its readers up to 0.5 s later (measured with 252).  A look in vain takes 2 us."""


class Journals:
    """Follows journals: a context manager inside a running loop, to be iterated once.

    The consumer sets the pace: while it is busy, the entries wait in their files.

    Attributes:
        tails: what reads each journal, by its name.
        begun: set when each was looked at once.
    """

    def __init__(self, tails: Mapping[str, Journal], busy: Collection[str] = ()) -> None:
        """Begin; `busy` are names of which nobody can take more just now: who changes that calls `hurry`."""
        self.tails = tails
        self.begun = asyncio.Event()
        self._busy = busy
        self._bell = asyncio.Event()
        self._said: dict[str, State] = {}
        self._more = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for journal in self.tails.values():
            journal.close()

    def hurry(self) -> None:
        """Look again at once: somebody is no longer busy."""
        self._bell.set()

    async def __aiter__(self) -> AsyncIterator[tuple[str, Chunk]]:
        while True:
            self._bell.clear()
            for found in self._round():
                yield found
            self._said = said_of(self.tails, self._said)
            self.begun.set()
            await self._pause()

    def _round(self) -> Iterator[tuple[str, Chunk]]:
        """At most one chunk of each, so that none starves."""
        self._more = False
        for name, journal in self.tails.items():
            if name not in self._busy and (chunk := journal.read()):
                self._more = self._more or chunk.more
                yield name, chunk

    async def _pause(self) -> None:
        if self._more:
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError), self._heard():
            async with asyncio.timeout(POLL):
                await self._bell.wait()

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        """Have the kernel ring meanwhile; not for the busy, whose news nobody would take away."""
        loop = asyncio.get_running_loop()
        free = (journal.fd for name, journal in self.tails.items() if name not in self._busy)
        numbers = [number for number in free if number is not None]
        for number in numbers:
            loop.add_reader(number, self._bell.set)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_reader(number)
