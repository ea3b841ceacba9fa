"""Edge: the figures, on a page for who asks and in a file that is written anew every so often."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from amiguard.metrics import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from amiguard.config import Metrics

    Page = Callable[[], Awaitable[str]]

_log = logging.getLogger("amiguard")

EVERY: Final = 15.0
"""Seconds between two times that the file is written."""
CONNECTIONS: Final = 8
"""Who is answered at once; others wait until one of these has ended."""
PATIENCE: Final = 5.0
"""Seconds that one of them may take."""
_PAUSE: Final = 1.0
_READABLE: Final = 0o644
"""node_exporter is another user, and these are no secrets."""


class MetricsError(Exception):
    """Nobody can be given figures; the text says why."""


class Exporter:
    """Gives the figures to those who want them."""

    def __init__(self, config: Metrics) -> None:
        """Begin.

        Raises:
            MetricsError: the address cannot be listened on.
        """
        self._listener = _listening(*config.listen) if config.listen else None
        self._file = Path(config.textfile) if config.textfile else None
        self._trouble = ""

    @property
    def wanted(self) -> bool:
        """Whether there is anybody to give them to."""
        return bool(self._listener or self._file)

    def close(self) -> None:
        """Nobody can ask any more."""
        if self._listener:
            self._listener.close()

    def tasks(self, page: Page) -> Iterator[Coroutine[Any, Any, None]]:
        """What must run, until it is cancelled; `page` makes the figures."""
        if self._listener:
            yield _serve(self._listener, page)
        if self._file:
            yield self._keep_writing(self._file, page)

    async def _keep_writing(self, file: Path, page: Page) -> None:
        while True:
            text = await page()
            try:
                await asyncio.to_thread(_write, file, text)
            except OSError as error:
                self._complain(f"cannot write {file}: {error.strerror}")
            else:
                self._complain("")
            await asyncio.sleep(EVERY)

    def _complain(self, trouble: str) -> None:
        """Say once what is wrong, and that it is right again."""
        if trouble and trouble != self._trouble:
            _log.error("metrics: %s", trouble)
        elif self._trouble and not trouble:
            _log.warning("metrics: the file is written again")
        self._trouble = trouble


def _listening(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listener = socket.create_server((address, port), family=family)
    except OSError as error:
        raise MetricsError(f"cannot listen on {address} port {port}: {_why(error)}") from error
    listener.setblocking(False)
    return listener


def _why(error: OSError) -> str:
    """What is wrong; `create_server` adds words of its own to the system's."""
    return os.strerror(error.errno) if error.errno else str(error)


async def _serve(listener: socket.socket, page: Page) -> None:
    """Answer whoever connects, so many at once, each for so long."""
    loop = asyncio.get_running_loop()
    slots = asyncio.Semaphore(CONNECTIONS)
    async with asyncio.TaskGroup() as group:
        while True:
            await slots.acquire()
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError:  # no file left for it; that passes
                slots.release()
                await asyncio.sleep(_PAUSE)
                continue
            task = group.create_task(_answer(connection, page))
            task.add_done_callback(lambda _: slots.release())


async def _answer(connection: socket.socket, page: Page) -> None:
    loop = asyncio.get_running_loop()
    with connection, contextlib.suppress(OSError):  # a TimeoutError is one
        async with asyncio.timeout(PATIENCE):
            head = b""
            while web.END not in head and len(head) < web.LONGEST:
                data = await loop.sock_recv(connection, web.LONGEST)
                if not data:
                    return
                head += data
            status = web.judge(head)
            await loop.sock_sendall(
                connection, web.answer(status, await page() if status is HTTPStatus.OK else "")
            )


def _write(file: Path, text: str) -> None:
    """Put the text in the file's place at once: who reads it sees the old or the new one, whole."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(_READABLE)
    fresh.replace(file)
