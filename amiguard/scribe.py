"""Edge: carries what has changed from the ledger into the store, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from amiguard.store import Bounds, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from amiguard.ledger import Ledger
    from amiguard.store import Store

_log = logging.getLogger("amiguard")
_T = TypeVar("_T")

PRUNE: Final = 3600.0
"""Seconds between two times that the store is freed of what is too old."""
_DAYS_90: Final = 90 * 86_400.0


class Scribe:
    """The only one who writes into the store; that it cannot be written is noted in the ledger."""

    def __init__(self, store: Store, ledger: Ledger, forget_after: float) -> None:
        """Begin to write.

        Args:
            store: what is written.
            ledger: what has changed.
            forget_after: seconds for which a ban counts; history is kept at least as long.
        """
        self._store = store
        self._ledger = ledger
        self._bounds = Bounds(age=max(forget_after, _DAYS_90))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")

    def close(self) -> None:
        """Wait for what is being written."""
        self._thread.shutdown()

    async def commit(self, *, whole: bool = False) -> None:
        """Write what has changed, or, for the next start, all there is; what cannot be written is kept."""
        snapshot = self._ledger.snapshot(whole=whole)
        if snapshot is None:
            return
        try:
            await self._aside(lambda: self._store.commit(snapshot))
        except StoreError as error:
            self._ledger.put_back(snapshot)
            self._complain(error)
            if error.damaged:
                await self._begin_anew()
        else:
            if self._ledger.trouble:
                _log.warning("the store remembers again")
            self._ledger.trouble = ""

    def _complain(self, error: StoreError) -> None:
        if str(error) != self._ledger.trouble:
            _log.error("bans land in the kernel, but nothing is remembered: %s", error)
        self._ledger.trouble = str(error)

    async def _begin_anew(self) -> None:
        """What is in memory goes into a new store, with the next commit."""
        try:
            await self._aside(self._store.begin_anew)
        except StoreError as error:
            self._complain(error)
        else:
            self._ledger.begin_anew()

    async def prune(self) -> None:
        """Free the store of what is too old, again and again, until cancelled."""
        while True:
            with contextlib.suppress(StoreError):  # a store in trouble is said by `commit`
                while await self._aside(lambda: self._store.prune(time.time(), self._bounds)):
                    pass
            await asyncio.sleep(PRUNE)

    async def _aside(self, act: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)
