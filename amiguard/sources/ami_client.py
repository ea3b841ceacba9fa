"""Edge: an Asterisk Manager Interface listened to for ever: connect, log in, hear, and again.

Reading waits for nobody: bytes become events where they arrive, and wait in an
inbox for whoever judges them.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import os
import random
import secrets
import ssl
import time
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from amiguard.sources.ami import Connection
from amiguard.sources.ami_inbox import ROOM, Inbox, Item, Passed, State, Status
from amiguard.sources.ami_secret import SecretError, read_secret
from amiguard.sources.ami_wire import OverError, Wire
from amiguard.sources.amievents import AmiEvents
from amiguard.sources.amimessages import Answer, LocalProtocolError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from amiguard.config import Ami
    from amiguard.model import Prefix, SecurityEvent
    from amiguard.sources.strict import Hushed

_OWN: Final = 64
_STEEPEST: Final = 16


class Timings(NamedTuple):
    """How long to wait for what, in seconds."""

    log_in: float = 10.0
    """To connect, and again until Asterisk has let us in; a wrong secret takes it a second."""
    self_test: float = 3.0
    """Until our own SuccessfulAuth must have come, which takes milliseconds."""
    ping: float = 15.0
    answer: float = 5.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    refused: float = 300.0
    """After a refused log-in: to go on knocking would get ourselves banned."""
    lasting: float = 60.0
    """A connection that has lasted so long makes the next attempt a first one."""


TIMINGS: Final = Timings()


class AskError(Exception):
    """An action has no answer: not connected, too late, or it cannot be sent."""


class AmiClient:
    """One `[[ami]]`: `run` is a task that never ends, and iterating takes what it brings.

    group.create_task(client.run())
    async for item in client:
        ...
    """

    def __init__(
        self,
        config: Ami,
        *,
        skip_challenges: bool = True,
        skip_repeats: bool = False,
        hushed: Hushed | None = None,
        timings: Timings = TIMINGS,
        chance: Callable[[], float] = random.random,
        room: int = ROOM,
    ) -> None:
        """Begin; nothing is connected yet.

        Args:
            config: where, who, and how the server must prove itself.
            skip_challenges: as `AmiEvents` has it.
            skip_repeats: as `AmiEvents` has it.
            hushed: as `AmiEvents` has it.
            timings: how long to wait for what.
            chance: a number from 0 to 1, which spreads the attempts of many.
            room: as `Inbox` has it.
        """
        host = f"[{config.host}]" if ":" in config.host else config.host
        self.name = f"{host}:{config.port}"
        self.status = Status(State.DOWN, "not begun", 0)
        self._config = config
        self._reader = functools.partial(
            AmiEvents, skip_challenges=skip_challenges, skip_repeats=skip_repeats, hushed=hushed
        )
        self._events = self._reader()
        self._skipped = 0
        self._timings = timings
        self._chance = chance
        self._bell = asyncio.Event()
        self._inbox = Inbox(self._bell.set, room)
        self._own: deque[tuple[Prefix, int]] = deque(maxlen=_OWN)
        self._wire: Wire | None = None

    async def __aiter__(self) -> AsyncIterator[Item]:
        """Events, losses and news in their order, without an end."""
        while True:
            self._bell.clear()
            while (item := self._inbox.take()) is not None:
                yield item
                await asyncio.sleep(0)  # the reader comes first: its sender waits for nobody
            await self._bell.wait()

    def is_own(self, event: SecurityEvent) -> bool:
        """Whether the event is about one of our own last 64 connections."""
        return event.service == b"AMI" and (event.remote.address, event.remote.port) in self._own

    def skipped(self) -> int:
        """Events passed over so far, on all connections."""
        return self._skipped + self._events.skipped

    async def ask(self, action: str, headers: Mapping[str, str]) -> Sequence[Answer]:
        """Send an action and wait for all of its answer.

        Raises:
            AskError: there is none.
        """
        if self._wire is None:
            raise AskError(f"{action}: {self.name} is {self.status.state}")
        try:
            answers = await self._wire.ask(action, headers, self._timings.answer)
        except (OverError, LocalProtocolError) as error:
            raise AskError(f"{action}: {error}") from error
        if answers is None:
            raise AskError(f"{action}: no answer within {self._timings.answer:g} s")
        return answers

    async def run(self) -> NoReturn:
        """Connect, listen, and connect again when that has ended."""
        clock = asyncio.get_running_loop().time
        attempt = 0
        while True:
            attempt += 1
            self._say(State.CONNECTING, "", attempt)
            began = clock()
            try:
                await self._listen(attempt)
            except OverError as over:
                if clock() - began >= self._timings.lasting:
                    attempt = 1
                self._say(over.state, str(over), attempt)
                await asyncio.sleep(self._pause(over.state, attempt))

    def _say(self, state: State, reason: str, attempt: int) -> None:
        self.status = Status(state, reason, attempt)
        self._inbox.say(self.status)

    def _pause(self, state: State, attempt: int) -> float:
        timings = self._timings
        if state is State.REFUSED:
            return timings.refused
        longest = min(timings.longest_pause, timings.first_pause * 2.0 ** min(attempt - 1, _STEEPEST))
        return max(timings.first_pause, longest * (1 + self._chance()) / 2)

    async def _listen(self, attempt: int) -> NoReturn:
        wire = await self._connect()
        try:
            if not await wire.reach(lambda: wire.logged_in, self._timings.log_in):
                raise OverError(State.DOWN, f"no log-in within {self._timings.log_in:g} s")
            self._wire = wire
            await self._attend(wire, attempt)
        finally:
            self._wire = None
            wire.close()

    async def _attend(self, wire: Wire, attempt: int) -> NoReturn:
        """Be logged in."""
        timings = self._timings
        self._say(State.LISTENING, "", attempt)
        if not await wire.reach(lambda: wire.heard, timings.self_test):
            lacks = f"the AMI user {self._config.username} lacks read = security in manager.conf"
            self._say(State.DEAF, f"not even our own log-in was heard: {lacks}", attempt)
        while True:
            await wire.reach(lambda: wire.heard and self.status.state is State.DEAF, timings.ping)
            if wire.heard and self.status.state is State.DEAF:
                self._say(State.LISTENING, "", attempt)
            asked = time.time()
            if not await wire.ping(timings.answer):
                raise OverError(State.DOWN, f"no answer to a ping within {timings.answer:g} s")
            self._inbox.say(Passed(asked))

    async def _connect(self) -> Wire:
        config = self._config
        try:
            wire = self._new_wire()
            async with asyncio.timeout(self._timings.log_in):
                tls = self._tls()
                host = config.host if tls else None
                loop = asyncio.get_running_loop()
                await loop.create_connection(
                    lambda: wire, config.host, config.port, ssl=tls, server_hostname=host
                )
        except TimeoutError as error:
            raise OverError(State.DOWN, f"no connection within {self._timings.log_in:g} s") from error
        except (SecretError, LocalProtocolError, OSError, ValueError) as error:
            raise OverError(State.DOWN, _why(error)) from error
        if own := wire.endpoint("sockname"):
            self._own.append(own)
        self._guard(wire)
        return wire

    def _new_wire(self) -> Wire:
        config = self._config
        connection = Connection(config.username, read_secret(config.secret_file), secrets.token_hex(8))
        self._skipped, self._events = self.skipped(), self._reader()
        return Wire(connection, self._events, self._inbox.put)

    def _tls(self) -> ssl.SSLContext | None:
        if not self._config.tls:
            return None
        try:
            return ssl.create_default_context(cafile=self._config.tls_ca or None)
        except OSError as error:
            raise OverError(State.DOWN, f"cannot use tls_ca {self._config.tls_ca}: {_why(error)}") from error

    def _guard(self, wire: Wire) -> None:
        """A name that was loopback may have become something else."""
        peer = wire.endpoint("peername")
        if peer and not (self._config.tls or self._config.insecure or is_loopback(peer[0])):
            wire.close()
            raise OverError(State.DOWN, f"{peer[0]} is not loopback: set tls = true, or insecure = true")


def is_loopback(address: Prefix) -> bool:
    """Whether what is sent there never leaves the host."""
    return ipaddress.ip_address(address.network).is_loopback


def _why(error: Exception) -> str:
    """An error in words for an administrator."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate proves nothing: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS: {error.reason or error}"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)  # asyncio's own words are about calls
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
