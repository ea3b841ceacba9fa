"""Edge: one AMI connection for asyncio: reads whatever comes at once, and waits for what must come."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from typing import TYPE_CHECKING, Final

from amiguard.model import Prefix, SecurityEvent
from amiguard.sources.ami_inbox import Batch, State
from amiguard.sources.amievents import Shutdown
from amiguard.sources.amimessages import (
    Answer,
    Authlimit,
    LoggedIn,
    LoginRefused,
    Messages,
    Pong,
    RemoteProtocolError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from amiguard.sources.ami import Connection
    from amiguard.sources.amievents import AmiEvents, Found
    from amiguard.sources.amimessages import Event
    from amiguard.sources.securitylog import Ambiguous

ANSWERS: Final = 65_536
"""Messages that may be kept of the answer to one action."""
ANSWER_BYTES: Final = 33_554_432
"""Bytes that may be kept of it: of so many registered phones, 512 each."""
READ_BYTES: Final = 262_144
"""Bytes read at a time, so that others have their turn: 1 ms of events, 20 ms of the worst that can come."""

_NO_GREETING: Final = (
    "it hung up without a greeting: authlimit is reached, too many are connected and not logged in"
)
_TORN: Final = "it hung up in the middle of a message, as it does to a reader too slow for its writetimeout"


class OverError(Exception):
    """The connection is at its end; the text says why."""

    def __init__(self, state: State, reason: str) -> None:
        super().__init__(reason)
        self.state = state


class _Answers:
    """The messages of one answer; what there is no room for is left out, but not its end."""

    def __init__(self) -> None:
        self.messages: list[Answer] = []
        self._room = ANSWER_BYTES

    @property
    def complete(self) -> bool:
        """Whether no more will come."""
        return bool(self.messages) and self.messages[-1].last

    def take(self, answer: Answer) -> None:
        """The next message."""
        self._room -= sum(len(name) + len(value) for name, value in answer.headers)
        if answer.last or (self._room >= 0 and len(self.messages) < ANSWERS):
            self.messages.append(answer)


class Wire(asyncio.BufferedProtocol):
    """A connection's bytes, read as they come; what they tell is delivered with the bytes they came as.

    `heard`: security events do come.  `ponged`: the last ping was answered.
    """

    def __init__(
        self, connection: Connection, events: AmiEvents, deliver: Callable[[Batch, int], None]
    ) -> None:
        self.logged_in = self.heard = self.ponged = False
        self._connection = connection
        self._events = events
        self._deliver = deliver
        self._answers: dict[str, _Answers] = {}
        self._read = memoryview(bytearray(READ_BYTES))
        self._over: OverError | None = None
        self._stopping = ""
        self._weight = 0
        self._bell = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio has connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where asyncio shall read to."""
        del sizehint
        return self._read

    def buffer_updated(self, nbytes: int) -> None:
        """Asyncio has read."""
        self.received(self._read[:nbytes])

    def received(self, data: bytes | memoryview) -> None:
        """Read what has come."""
        if self._over:
            return
        receipt = time.time()
        found: list[Found] = []
        self._weight += len(data)
        try:
            for happened in self._connection.receive(data):
                if isinstance(happened, Messages):
                    found += self._events.read(happened.texts, receipt)
                else:
                    self._happened(happened)
        except RemoteProtocolError as error:
            self._end(State.DOWN, str(error))
        self._tell(found, receipt)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio has found the connection's end."""
        self._tell(self._events.end(), time.time())
        end = self._connection.eof()
        if isinstance(end, Authlimit):
            self._end(State.AUTHLIMIT, _NO_GREETING)
        else:
            hung_up = self._stopping or (_TORN if end.torn else "it hung up")
            self._end(State.DOWN, f"the connection broke: {exc}" if exc else hung_up)

    def close(self) -> None:
        """End it here and now."""
        if self._transport:
            self._transport.abort()

    def endpoint(self, end: str) -> tuple[Prefix, int] | None:
        """Address and port of an end: `sockname` is ours, `peername` theirs, None when it is gone already."""
        name = self._transport.get_extra_info(end) if self._transport else None
        if name is None:
            return None
        address, port, *_ = name
        return Prefix.of(ipaddress.ip_address(address.partition("%")[0]).packed), port

    async def reach(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is true, but not longer than so many seconds; whether it is.

        Raises:
            OverError: the connection has ended first.
        """
        try:
            async with asyncio.timeout(seconds):
                while not reached():
                    if self._over:
                        raise self._over
                    self._bell.clear()
                    await self._bell.wait()
        except TimeoutError:
            return False
        return True

    async def ping(self, seconds: float) -> bool:
        """Ask whether it is alive; whether it has said so in time.

        Raises:
            OverError: the connection has ended first.
        """
        self.ponged = False
        self._connection.ping()
        self._flush()
        return await self.reach(lambda: self.ponged, seconds)

    async def ask(self, action: str, headers: Mapping[str, str], seconds: float) -> Sequence[Answer] | None:
        """Send an action; its answer's messages, or None if they did not come in time.

        Of very many only those are kept for which there is room, and the last.

        Raises:
            OverError: the connection has ended first.
            LocalProtocolError: it cannot be sent.
        """
        action_id = self._connection.act(action, headers)
        answers = self._answers[action_id] = _Answers()
        self._flush()
        try:
            done = await self.reach(lambda: answers.complete, seconds)
        finally:
            del self._answers[action_id]
        return answers.messages if done else None

    def _happened(self, happened: Event) -> None:
        self._bell.set()
        match happened:
            case LoggedIn():
                self.logged_in = True
            case LoginRefused(reason):
                self._end(State.REFUSED, f"Asterisk refuses the log-in: {reason}")
            case Pong():
                self.ponged = True
            case Answer():
                self._answered(happened)

    def _answered(self, answer: Answer) -> None:
        if answers := self._answers.get(answer.action_id):
            answers.take(answer)

    def _tell(self, found: Sequence[Found], receipt: float) -> None:
        told: list[SecurityEvent | Ambiguous] = []
        for each in found:
            if isinstance(each, Shutdown):
                self._stopping = "Asterisk starts anew" if each.restart else "Asterisk has stopped"
            else:
                told.append(each)
        if told:
            if not self.heard and any(isinstance(each, SecurityEvent) for each in told):
                self.heard = True
                self._bell.set()
            self._deliver(Batch(told, receipt), self._weight)
            self._weight = 0

    def _flush(self) -> None:
        data = self._connection.bytes_to_send()
        if data and self._transport:
            self._transport.write(data)

    def _end(self, state: State, reason: str) -> None:
        """The first reason is the true one."""
        self._over = self._over or OverError(state, reason)
        self._bell.set()
