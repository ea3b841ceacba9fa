"""Edge: what stands in for the PBX: it gives back what it hears, on the SIP and on the AMI port."""

from __future__ import annotations

import asyncio
import sys

from amiguard.demo.script import PORTS

_ANYWHERE = "0.0.0.0"  # noqa: S104 - all of a network that holds nothing but the demo


class _Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # asyncio gives a UDP socket this kind
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(data, addr)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async for line in reader:
        writer.write(line)
        await writer.drain()


async def _main() -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(_Echo, (_ANYWHERE, PORTS["sip"]))
    async with await asyncio.start_server(_echo, _ANYWHERE, PORTS["ami"]) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
