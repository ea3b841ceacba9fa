"""Edge: names become addresses, in threads that nobody waits for."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from itertools import islice
from typing import TYPE_CHECKING, Final

from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Resolve = Callable[[str], Iterable[Prefix]]

MOST: Final = 64
"""Names that are resolved; some minutes if no name server answers."""
THREADS: Final = 4
"""Look-ups under way; without a name server one lasts half a minute, and longer with search domains."""
PATIENCE: Final = 5.0
"""Seconds for the addresses of a name."""


def addresses(name: str) -> set[Prefix]:
    """The addresses of a name; blocks.

    Raises:
        OSError: nobody knows any.
        UnicodeError: no name server can be asked for it.
    """
    found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    texts = {str(each[4][0]).partition("%")[0] for each in found}
    return {Prefix.of(ipaddress.ip_address(text).packed) for text in texts}


class Names:
    """What each name was resolved to last."""

    def __init__(self, resolve: Resolve = addresses, patience: float = PATIENCE) -> None:
        """Begin with none.

        Args:
            resolve: a name to its addresses; may block, and raise what `addresses` does.
            patience: seconds that a name may take.
        """
        self._lookups = Lookups(resolve)
        self._patience = patience
        self._known: dict[str, frozenset[Prefix]] = {}

    def get(self, name: str) -> list[Prefix]:
        """The addresses of a name, as far as they are known, in order."""
        return sorted(self._known.get(name, ()))

    async def look_up(self, names: Iterable[str], complain: Callable[[str], None]) -> None:
        """Resolve these, one after another, and forget others; one that is not answered keeps what it had."""
        wanted = list(islice(dict.fromkeys(names), MOST))
        self._known = {name: self._known.get(name, frozenset()) for name in wanted}
        for name in wanted:
            try:
                self._known[name] = await self._lookups.addresses(name, self._patience)
            except (OSError, UnicodeError) as error:  # a TimeoutError is an OSError
                complain(f"{name} cannot be resolved: {str(error) or 'no answer'}")


class Lookups:
    """Names being resolved, each in a thread; asyncio's own would hold up the end of the service."""

    def __init__(self, resolve: Resolve = addresses) -> None:
        """Begin with none; `resolve` may block, and raise what `addresses` does."""
        self._resolve = resolve
        self._threads = threading.BoundedSemaphore(THREADS)

    async def addresses(self, name: str, patience: float = PATIENCE) -> frozenset[Prefix]:
        """The addresses of a name.

        Raises:
            OSError: nobody knows any, or it takes more than `patience` seconds, or too many are looked up.
            UnicodeError: no name server can be asked for it.
        """
        async with asyncio.timeout(patience):
            return frozenset(await self._begun(name))

    def _begun(self, name: str) -> asyncio.Future[Iterable[Prefix]]:
        """Begin to resolve."""
        if not self._threads.acquire(blocking=False):
            raise TimeoutError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Iterable[Prefix]] = loop.create_future()

        def work() -> None:
            answer = self._answer(name)
            self._threads.release()
            with contextlib.suppress(RuntimeError):  # the loop is over
                loop.call_soon_threadsafe(_settle, future, answer)

        threading.Thread(target=work, name="resolve", daemon=True).start()
        return future

    def _answer(self, name: str) -> Iterable[Prefix] | Exception:
        try:
            return self._resolve(name)
        except (OSError, UnicodeError) as error:
            return error


def _settle(future: asyncio.Future[Iterable[Prefix]], answer: Iterable[Prefix] | Exception) -> None:
    if future.cancelled():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
