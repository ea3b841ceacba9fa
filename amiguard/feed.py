"""Edge: logs that a filter of fail2ban's kind reads, in a process of its own, so that nobody else waits."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

from amiguard.fail2ban.process import Worker
from amiguard.filterchannel import FilterChannel
from amiguard.resolver import Resolver
from amiguard.store.rows import PositionRow

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator
    from typing import Any

    from amiguard.channel import Followed
    from amiguard.config import Log
    from amiguard.fail2ban.process import Step
    from amiguard.filterchannel import Named
    from amiguard.judge.guard import Guard
    from amiguard.model import Prefix
    from amiguard.sources.position import Chunk
    from amiguard.warden import Warden


class Feeds:
    """All filters of a session."""

    def __init__(
        self, logs: Iterable[Log], guard: Guard, warden: Warden, busy: set[str], free: Callable[[], None]
    ) -> None:
        """Begin no process yet.

        Args:
            logs: how the logs are configured.
            guard: who judges.
            warden: who acts.
            busy: here stand the paths whose last chunk has not been read to its end.
            free: called when a path is no longer busy.
        """
        self._busy = busy
        self._resolver = Resolver()
        self._guard = guard
        self._feeds = {log: _Feed(log, warden, self._resolver, partial(self._done, free)) for log in logs}

    def tasks(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What must run."""
        yield from (feed.run() for feed in self._feeds.values())
        if any(log.usedns for log in self._feeds):
            yield self._resolver.run()

    def channel(self, path: str, log: Log) -> FilterChannel:
        """What a log tells."""
        feed = self._feeds[log]
        return FilterChannel(path, log, self._guard, lambda: feed.trouble)

    def put(self, channel: Followed, chunk: Chunk) -> None:
        """Have a chunk read by the channel that `channel` has made; until that is done its log is busy."""
        assert isinstance(channel, FilterChannel)
        self._busy.add(channel.name)
        self._feeds[channel.log].put(channel, chunk, time.time())

    def _done(self, free: Callable[[], None], path: str) -> None:
        self._busy.discard(path)
        free()


class _Feed:
    """One filter, its process, and the chunks that wait for it: one of each log at most."""

    def __init__(self, log: Log, warden: Warden, resolver: Resolver, done: Callable[[str], None]) -> None:
        self._worker = Worker(log.filter)
        self._warden = warden
        self._resolver = resolver
        self._done = done
        self._waiting: asyncio.Queue[tuple[FilterChannel, Chunk, float]] = asyncio.Queue()

    @property
    def trouble(self) -> str:
        return self._worker.trouble

    def put(self, channel: FilterChannel, chunk: Chunk, receipt: float) -> None:
        self._waiting.put_nowait((channel, chunk, receipt))

    async def run(self) -> None:
        """Read what comes, until cancelled."""
        async with aclosing(self._worker):
            while True:
                channel, chunk, receipt = await self._waiting.get()
                await self._read(channel, chunk, receipt)
                self._done(channel.name)

    async def _read(self, channel: FilterChannel, chunk: Chunk, receipt: float) -> None:
        """Have each step its effect, and only then be past it."""
        lines = chunk.data if chunk.data.endswith(b"\n") else chunk.data + b"\n"
        async with aclosing(self._worker.steps(receipt, crc32(os.fsencode(channel.name)), lines)) as steps:
            async for step in steps:
                self._heed(channel, step, receipt, backlog=chunk.backlog)
                place = chunk.position._replace(offset=chunk.position.offset - step.left)
                self._warden.ledger.read(PositionRow(channel.name, *place))

    def _heed(self, channel: FilterChannel, step: Step, receipt: float, *, backlog: bool) -> None:
        warden = self._warden
        warden.effect(channel.name, channel.tell(step.findings, receipt, backlog=backlog), receipt)
        if step.given_up is not None:
            warden.effect(channel.name, [channel.give_up(step.given_up)], receipt)
        while channel.named:
            one = channel.named.pop()
            self._resolver.ask(one.name, partial(self._resolved, channel, one))

    def _resolved(self, channel: FilterChannel, one: Named, addresses: Iterable[Prefix]) -> None:
        self._warden.effect(channel.name, channel.resolved(one, addresses), time.time())
