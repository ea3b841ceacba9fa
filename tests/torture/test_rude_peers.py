"""An AMI that is rude ten thousand times, and a thousand clients at once, leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import ordeal
import pytest
from anyasterisk import QUICK, Heard, config, listen
from descriptors import open_files
from fakeasterisk import GREETING, Manager, Server, event
from lab import Service, attack, until

from amiguard.sources.ami_client import AmiClient

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECTIONS = ordeal.rounds(400, 10_000)
CLIENTS = ordeal.rounds(200, 1_000)
MIB = 2**20


class Rude:
    """A server that does something else with each connection; now and then it lets us in."""

    def __init__(self) -> None:
        self.connections = 0
        self._chance = random.Random(ordeal.SEED)
        self._manager = Manager()

    def serve(self, connection: socket.socket) -> None:
        self.connections += 1
        act = self._chance.choice((self._drop, self._garble, self._greet, self._flood, self._let_in))
        act(connection)

    def _drop(self, _: socket.socket) -> None:
        pass

    def _garble(self, connection: socket.socket) -> None:
        connection.sendall(self._chance.randbytes(self._chance.randrange(1, 5000)))

    def _greet(self, connection: socket.socket) -> None:
        connection.sendall(GREETING + b"Response: Succ"[: self._chance.randrange(15)])

    def _flood(self, connection: socket.socket) -> None:
        connection.sendall(GREETING + b"x: y\r\n" * 30_000)

    def _let_in(self, connection: socket.socket) -> None:
        """Tell one event and a half, and hang up."""
        told = event("InvalidPassword") + b"\r\n\r\n"
        self._manager.sessions.clear()
        self._manager.serve(_Cut(connection, told + told[: self._chance.randrange(len(told))]))


class _Cut:
    """A connection that ends after the log-in with these words."""

    def __init__(self, connection: socket.socket, words: bytes) -> None:
        self._connection = connection
        self._words = words
        self._received = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def recv(self, size: int) -> bytes:
        self._received += 1
        if self._received == 2:
            self._connection.sendall(self._words)
            return b""
        return self._connection.recv(size)


def held() -> tuple[int, int, int]:
    """Open files, tasks and bytes of memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    files = len(list(Path("/proc/self/fd").iterdir()))
    return files, len(asyncio.all_tasks()), pages * os.sysconf("SC_PAGESIZE")


def test_an_ami_that_is_rude_without_end(secret_file: Path) -> None:
    rude, begun = Rude(), time.monotonic()
    figures = {}

    async def scenario(heard: Heard) -> None:
        async def reconnected(times: int) -> tuple[int, int, int]:
            async for _ in heard.client:
                if rude.connections >= times:
                    break
            return held()

        files, tasks, resident = await reconnected(CONNECTIONS // 10)
        after = await reconnected(CONNECTIONS)
        figures["grown_MiB"] = (after[2] - resident) / MIB
        assert after[0] <= files + 5, "the server's threads come and go"
        assert tasks == after[1]
        assert 16 > figures["grown_MiB"]

    with Server(rude.serve) as server:
        timings = QUICK._replace(first_pause=0, longest_pause=0, refused=0)
        listen(AmiClient(config(server.port, secret_file), timings=timings), scenario)
    ordeal.tell("a rude AMI", connections=rude.connections, seconds=time.monotonic() - begun, **figures)


REQUESTS: dict[str, Callable[[socket.socket], None]] = {
    "asks": lambda client: client.sendall(b'{"command": "status"}\n'),
    "never reads a long list": lambda client: client.sendall(b'{"command": "list"}\n'),
    "says nothing": socket.socket.fileno,
    "never ends": lambda client: client.sendall(b"x" * 70_000),
    "is no JSON": lambda client: client.sendall(b"\xff{[\n"),
    "asks for nonsense": lambda client: client.sendall(b'{"command": 7, "limit": {}}\n'),
}


@pytest.mark.kernel
@pytest.mark.nft
def test_a_thousand_clients_at_once(tmp_path: Path) -> None:
    with Service(tmp_path) as service, ThreadPoolExecutor(50) as pool:
        for n in range(200):
            service.ask("ban", address=f"10.1.{n}.1", reason="x" * 400)
        assert service.process is not None
        files = Path(f"/proc/{service.process.pid}/fd")
        service.log.touch()
        until(lambda: "is followed" in service.said, "the log found")
        before = Counter(open_files(files))
        chance = random.Random(ordeal.SEED)
        deeds = [chance.choice(list(REQUESTS.values())) for _ in range(CLIENTS)]
        with contextlib.ExitStack() as stack:
            clients = list(pool.map(connected, [service] * CLIENTS, deeds))
            for client in clients:
                stack.enter_context(client)
            service.write(attack("203.0.113.7"))
            until(lambda: "203.0.113.7" in service.said, "a ban among them", 60)
        until(lambda: before >= Counter(open_files(files)), "all of them gone", 60)
        assert "203.0.113.7/32" in service.bans()
        assert "Traceback" not in service.said
    ordeal.tell("clients at once", clients=CLIENTS)


def connected(service: Service, deed: Callable[[socket.socket], None]) -> socket.socket:
    """A client that has done something; who is turned away may be cut off in it."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(service.socket))
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        deed(client)
    return client
