"""Edge: a proxy where TLS ends, as nginx stands before the web sockets of a PBX."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Final, Self

import certificates
from realpbx import HTTP_PORT

if TYPE_CHECKING:
    from pathlib import Path

    from networks import Host

PORT: Final = 443
_BLOCK: Final = 65536
_LIMIT: Final = 10.0


class WssProxy:
    """Passes on to the PBX what phones say over WSS, their address in `X-Forwarded-For`; a context manager.

    Args:
        host: where it stands.
        address: what it listens at there.
        pbx: the PBX's address; plain web sockets go there.
        folder: gets its certificate.
    """

    def __init__(self, host: Host, address: str, pbx: str, folder: Path) -> None:
        self.address = address
        self._host = host
        self._pbx = pbx
        folder.mkdir()
        self._tls = certificates.server(certificates.HERE, folder)
        self._serves = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._serves.wait(_LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(_LIMIT)
        self._loop.close()

    def _run(self) -> None:
        """Live in the host's network, where this thread makes all its sockets."""
        with self._host.inside():
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with await asyncio.start_server(self._relay, self.address, PORT, ssl=self._tls):
            self._serves.set()
            await self._over.wait()

    async def _relay(self, phone: asyncio.StreamReader, to_phone: asyncio.StreamWriter) -> None:
        """Carry one phone's words there and back, until either end hangs up."""
        source = to_phone.get_extra_info("peername")[0]
        pbx, to_pbx = await asyncio.open_connection(self._pbx, HTTP_PORT)
        head = await phone.readuntil(b"\r\n")
        to_pbx.write(head + f"X-Forwarded-For: {source}\r\n".encode())
        await asyncio.gather(_carry(phone, to_pbx), _carry(pbx, to_phone))


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(_BLOCK):
            sink.write(data)
            await sink.drain()
    sink.close()
