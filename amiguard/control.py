"""Edge: the service's end of its Unix socket; `asking` is the other, and says what both speak."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import itertools
import json
import logging
import os
import socket
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard.asking import LAST, PATIENCE, ControlError
from amiguard.exits import Exit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping

_log = logging.getLogger("amiguard")

REQUEST_BYTES: Final = 65_536
CLIENTS: Final = 128
GROUP: Final = "amiguard"

_AT_ONCE: Final = 500
"""Rows that are made before the loop has its turn."""
_AHEAD: Final = 256 * 1024
"""Bytes that wait for a client to take them before no more are made."""
_CREDENTIALS: Final = struct.Struct("iii")  # pid, uid, gid: struct ucred, include/linux/socket.h


class Reply(NamedTuple):
    """An answer: a first object, and rows, each a line of JSON."""

    head: Mapping[str, Any]
    rows: Iterable[str] = ()


@contextlib.contextmanager
def claimed(path: str) -> Iterator[socket.socket]:
    """Make the socket at `path`, at which clients may then wait, and remove it at the end.

    Its mode is 0660 and, if there is such a group, its group `amiguard`.  Whoever
    claims it first is the service: a second one learns so before it does anything.

    Raises:
        ControlError: another service answers there.
        OSError: the socket cannot be made.
    """
    _clear(path)
    Path(path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        _bind(listener, path)
        ours = _inode(path)
        try:
            listener.listen(CLIENTS)
            yield listener
        finally:
            if ours == _inode(path):
                Path(path).unlink(missing_ok=True)


class Door:
    """The service's socket, which stays open from one session to the next: who comes between waits."""

    def __init__(self) -> None:
        self._path = ""
        self._claim = contextlib.ExitStack()
        self._listener: socket.socket | None = None

    def at(self, path: str) -> socket.socket:
        """A listener at this path, to be closed by whoever serves; the claim stays.

        A socket that somebody has deleted is made anew.

        Raises:
            ControlError, OSError: as `claimed`; the door stays where it was.
        """
        if self._listener is None or path != self._path or not Path(path).exists():
            claim = contextlib.ExitStack()
            listener = claim.enter_context(claimed(path))
            self.close()
            self._path, self._claim, self._listener = path, claim, listener
        return self._listener.dup()

    def close(self) -> None:
        """Give the socket up."""
        self._claim.close()
        self._listener = None


@contextlib.asynccontextmanager
async def serving(
    listener: socket.socket, handle: Callable[[Mapping[str, Any]], Reply]
) -> AsyncIterator[None]:
    """Answer on a claimed socket while the context lasts.

    Args:
        listener: as `Door.at` gives it.
        handle: answers a request; raises ControlError to refuse it, as may the rows of its reply.
    """
    server = _Server(handle)
    # Python 3.13 would remove the path, which is the door's.
    keep: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
    async with await asyncio.start_unix_server(
        server.talk, sock=listener, limit=REQUEST_BYTES, backlog=CLIENTS, **keep
    ):
        try:
            yield
        finally:
            server.close()


class _Server:
    def __init__(self, handle: Callable[[Mapping[str, Any]], Reply]) -> None:
        self._handle = handle
        self._talks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        for talk in self._talks:
            talk.cancel()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, from request to the end of the answer."""
        task = asyncio.current_task()
        if task is None or len(self._talks) >= CLIENTS:
            writer.write(_line({"error": "too many ask at once; try again", "exit": Exit.SILENT}))
            writer.close()
            return
        self._talks.add(task)
        try:
            await self._answer(reader, writer)
        except (TimeoutError, ConnectionError, asyncio.CancelledError):
            writer.transport.abort()  # the client is gone, or too slow, or we are: nothing is lost
        finally:
            self._talks.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reply = await self._reply(reader, writer)
        writer.write(_line(reply.head))
        try:
            await self._send(reply.rows, writer)
        except ControlError as error:
            writer.write(_line({"end": False, "error": str(error)}))
        else:
            writer.write(LAST.encode())
        await self._taken(writer)
        writer.close()
        async with asyncio.timeout(PATIENCE):
            await writer.wait_closed()

    async def _send(self, rows: Iterable[str], writer: asyncio.StreamWriter) -> None:
        left = iter(rows)
        # While some are being taken, the next are made.
        writer.transport.set_write_buffer_limits(high=_AHEAD)
        # In a thread: where rows come from the kernel or the store, the first may take a while.
        while batch := await asyncio.to_thread(_packed, left):
            writer.write(batch)
            await self._taken(writer)

    async def _taken(self, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(PATIENCE):
            await writer.drain()

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Reply:
        try:
            async with asyncio.timeout(PATIENCE):
                line = await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            return _refusal(f"a request has at most {REQUEST_BYTES} bytes", Exit.USAGE)
        except asyncio.IncompleteReadError:
            return _refusal("a request is one line", Exit.USAGE)
        if not _may_ask(writer.get_extra_info("socket")):
            return _refusal("only root and the service's user and group may ask", Exit.FAILED)
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            return _refusal("a request is a JSON object", Exit.USAGE)
        try:
            return self._handle(request)
        except ControlError as error:
            return _refusal(str(error), error.code)


def _line(told: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(told)).encode() + b"\n"


def _packed(rows: Iterator[str]) -> bytes:
    """The next rows, a line each; nothing when there are none."""
    return "".join([row + "\n" for row in itertools.islice(rows, _AT_ONCE)]).encode()


def _refusal(text: str, code: int) -> Reply:
    return Reply({"error": text, "exit": code})


def _may_ask(client: socket.socket) -> bool:
    _, uid, gid = _CREDENTIALS.unpack(
        client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    )
    groups = {gid, *_peer_groups(client)}
    return uid in {0, os.geteuid()} or _group_of(client.getsockname()) in groups - {None}


def _peer_groups(client: socket.socket) -> Iterator[int]:
    so_peergroups = 59  # include/uapi/asm-generic/socket.h, Linux 4.13
    with contextlib.suppress(OSError):
        packed = client.getsockopt(socket.SOL_SOCKET, so_peergroups, 4096)
        yield from (number for (number,) in struct.iter_unpack("i", packed))


def _group_of(path: str) -> int | None:
    """The group of the socket; None if somebody has removed it."""
    try:
        return Path(path).stat().st_gid
    except OSError:
        return None


def _inode(path: str) -> int | None:
    """What tells the socket from another of its name; None if somebody has removed it."""
    try:
        return Path(path).stat().st_ino
    except FileNotFoundError:
        return None


def _clear(path: str) -> None:
    """Remove what a service that was killed has left.

    Raises:
        ControlError: a service is alive behind it, or it is no socket at all.
    """
    if Path(path).exists() and not Path(path).is_socket():
        raise ControlError("there is something else of that name", Exit.FAILED)
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PATIENCE)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            Path(path).unlink(missing_ok=True)
            return
    raise ControlError(f"another amiguard answers on {path}", Exit.FAILED)


def _bind(listener: socket.socket, path: str) -> None:
    before = os.umask(0o117)
    try:
        listener.bind(path)
    finally:
        os.umask(before)
    with contextlib.suppress(KeyError, OSError):  # the group is a convenience
        os.chown(path, -1, grp.getgrnam(GROUP).gr_gid)
