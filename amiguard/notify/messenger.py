"""Edge: tells the administrator what is news; nobody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard.notify.gathering import Gathering
from amiguard.notify.message import facts
from amiguard.notify.program import ToldError, tell
from amiguard.notify.urls import read_urls
from amiguard.private import SecretError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from amiguard.config import Notify
    from amiguard.notify.gathering import Digest, News

_log = logging.getLogger("amiguard")

LIMIT: Final = 60.0
"""Seconds that a program may take to tell."""
_EXTRA: Final = "apprise is not installed, which notify.urls_file needs: pip install 'amiguard[notify]'"


class NotifyError(Exception):
    """Notifications are configured that cannot be sent; the text says why."""


class Receiver(NamedTuple):
    """A program that tells somebody: its name for people, and the command."""

    name: str
    command: tuple[str, ...]


def receivers(notify: Notify) -> tuple[Receiver, ...]:
    """Who is told.  Apprise costs 40 MB and a second of work, so it has a process of its own, for so long.

    Raises:
        NotifyError: apprise is missing, or its URLs cannot be read.
    """
    found = []
    if notify.urls_file:
        if find_spec("apprise") is None:
            raise NotifyError(_EXTRA)
        try:
            read_urls(notify.urls_file)
        except SecretError as error:
            raise NotifyError(str(error)) from error
        command = (sys.executable, "-m", "amiguard.notify.post", notify.urls_file)
        found.append(Receiver("apprise", command))
    if notify.exec:
        found.append(Receiver(f"exec {notify.exec[0]}", notify.exec))
    return tuple(found)


async def send(receiver: Receiver, digest: Digest) -> None:
    """Tell one receiver.

    Raises:
        ToldError: he was not reached.
    """
    words = json.dumps(facts(digest, os.uname().nodename)).encode()
    await tell(receiver.command, words, LIMIT)


class Messenger:
    """Has a task for each receiver, which tells him what is news when it is due."""

    def __init__(self, notify: Notify) -> None:
        """Begin.

        Raises:
            NotifyError: as `receivers`.
        """
        self._desks = [_Desk(receiver, notify.pause) for receiver in receivers(notify)]

    @property
    def busy(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._desks)

    def tell(self, news: News) -> None:
        """Take note of what has happened; costs microseconds."""
        for desk in self._desks:
            desk.add(news)

    def tasks(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What must run, until it is cancelled."""
        for desk in self._desks:
            yield desk.run()


class _Desk:
    """Tells one receiver, one message after another."""

    def __init__(self, receiver: Receiver, pause: float) -> None:
        self._receiver = receiver
        self._gathering = Gathering(pause)
        self._bell = asyncio.Event()
        self._trouble = ""

    def add(self, news: News) -> None:
        self._gathering.add(news, _now())
        self._bell.set()

    async def run(self) -> None:
        try:
            while True:
                await self._until_due()
                await self._send()
        finally:
            if left := len(self._gathering):
                _log.warning("notify %s: %d not sent before the end", self._receiver.name, left)

    async def _until_due(self) -> None:
        """Wait until there is something to tell, and it has waited for the rest of it."""
        while (wait := self._gathering.wait(_now())) != 0:
            self._bell.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._bell.wait()

    async def _send(self) -> None:
        digest = self._gathering.take(_now())
        try:
            await send(self._receiver, digest)
        except ToldError as error:
            if not error.partly:
                self._gathering.put_back(digest, _now())
            self._complain(str(error))
        except asyncio.CancelledError:
            self._gathering.put_back(digest, _now())
            raise
        else:
            self._gathering.told()
            self._complain("")

    def _complain(self, trouble: str) -> None:
        """Say once what is wrong, and that it is right again."""
        if trouble and trouble != self._trouble:
            _log.error("notify %s: %s", self._receiver.name, trouble)
        elif self._trouble and not trouble:
            _log.warning("notify %s: works again", self._receiver.name)
        self._trouble = trouble


def _now() -> float:
    return asyncio.get_running_loop().time()
