"""Edge: what stands in for the PBX: it gives back what comes to its SIP and AMI ports, and is a manager.

As a program it tells all that comes on its standard input to whoever listens to
its manager: recorded AMI messages.  It prints `ready`.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import Final

from amiguard.demo.manager import ANSWERS, GREETING, Attempt, Conversation, User, listed
from amiguard.demo.script import MANAGER, PORTS, SECRET, TRUNK, USER

_ANYWHERE = "0.0.0.0"  # noqa: S104 - all of a network that holds nothing but the demo
_ENOUGH: Final = 65_536
_USERS: Final = {USER.encode(): User(SECRET.encode())}
_ANSWERS: Final = ANSWERS | {
    b"SIPpeers": listed(
        b"Channeltype: SIP\r\nObjectName: trunk\r\nIPaddress: %s\r\nIPport: 5060\r\nDynamic: no"
        % TRUNK.encode()
    )
}
_LOGGED_IN: Final = (
    "Event: SuccessfulAuth\r\nPrivilege: security,all\r\nEventTV: {time}\r\nSeverity: Informational\r\n"
    "Service: AMI\r\nEventVersion: 1\r\nAccountID: {user}\r\nSessionID: 0x7f0000000001\r\n"
    "LocalAddress: IPV4/TCP/{here[0]}/{here[1]}\r\nRemoteAddress: IPV4/TCP/{there[0]}/{there[1]}\r\n"
    "UsingPassword: 0\r\nSessionTV: 1970-01-01T00:00:00.000+0000\r\n\r\n"
)


class _Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # asyncio gives a UDP socket this kind
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(data, addr)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async for line in reader:
        writer.write(line)
        await writer.drain()


class _Manager:
    """Asterisk's manager, with one user."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client until he ends."""
        talk = Conversation(_USERS, _ANSWERS)
        writer.write(GREETING)
        while not talk.over and (data := await reader.read(_ENOUGH)):
            for step in talk.receive(data):
                if isinstance(step, bytes):
                    writer.write(step)
                elif talk.hears:
                    self._listeners.add(writer)
                    self.tell(_own(step, writer))
        self._listeners.discard(writer)
        writer.close()

    def tell(self, messages: bytes) -> None:
        """Send messages to all who listen."""
        for listener in self._listeners:
            listener.write(messages)


def _own(attempt: Attempt, writer: asyncio.StreamWriter) -> bytes:
    """What Asterisk tells a client of his own log-in."""
    moment = datetime.now(UTC)
    here, there = (writer.get_extra_info(name) for name in ("sockname", "peername"))
    time = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"
    return _LOGGED_IN.format(time=time, user=attempt.user.decode(), here=here, there=there).encode()


async def _main() -> None:
    loop = asyncio.get_running_loop()
    manager = _Manager()
    told = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    await loop.create_datagram_endpoint(_Echo, (_ANYWHERE, PORTS["sip"]))
    async with (
        await asyncio.start_server(_echo, _ANYWHERE, PORTS["ami"]),
        await asyncio.start_server(manager.serve, *MANAGER),
    ):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while messages := await told.read(_ENOUGH):
            manager.tell(messages)


if __name__ == "__main__":
    asyncio.run(_main())
