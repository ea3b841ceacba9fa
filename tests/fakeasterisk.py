"""Edge: an Asterisk Manager Interface as Asterisk speaks it, in threads of its own, and other servers."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

import written
from written import Words

from amiguard.demo.manager import ANSWERS, CHALLENGE, DENIED, GREETING, Attempt, Conversation, User, listed

__all__ = ["CHALLENGE", "DENIED", "GREETING", "Manager", "Pbx", "Server", "Session", "event", "listed"]

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Serve = Callable[[socket.socket], None]

WRITE_TIMEOUT = 0.1
"""Seconds after which Asterisk gives up a reader by default: `writetimeout` in manager.conf."""


def event(kind: str, words: Words = written.HONEST, *, stamp: bool = False, **details: bytes) -> bytes:
    """A security event without its empty line; required details that are not given say `1`."""
    required = dict.fromkeys(written.KINDS[kind].required, b"1")
    (_, name), *pairs = written.fields(kind, words, required | details)
    head = [("Event", name), ("Privilege", b"security,all")]
    if stamp:
        head.append(("Timestamp", b"1795301729.276880"))
    return b"\r\n".join(b"%s: %s" % (each.encode(), value) for each, value in head + pairs)


class Pbx(NamedTuple):
    """Where an AMI is, and who may log in: one with read = security,system, and one without security."""

    host: str
    port: int
    user: str
    secret: str
    deaf_user: str
    deaf_secret: str


class Server:
    """A TCP server on a port of its own; a context manager.  Each connection is served in a thread."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._serve = serve
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            served = stack.enter_context(
                self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
            )
            self._serve(served)


class Session:
    """One connection to the manager."""

    def __init__(self, connection: socket.socket, write_timeout: float) -> None:
        self.hears = False
        self._connection = connection
        self._lock = threading.Lock()
        timeout = struct.pack("ll", *divmod(int(write_timeout * 1e6), 1_000_000))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)

    def write(self, data: bytes) -> None:
        """Write as Asterisk does: who lets it wait too long is thrown off, in the middle of a message."""
        with self._lock:
            try:
                self._connection.sendall(data)
            except OSError:
                self.hang_up()

    def hang_up(self) -> None:
        """End the connection."""
        self.hears = False
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def words(self, account: bytes) -> Words:
        """The head of an event about this connection."""
        local, remote = (
            b"IPV4/TCP/%s/%d" % (host.encode(), port)
            for host, port in (self._connection.getsockname(), self._connection.getpeername())
        )
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime()).encode()
        return Words(b"AMI", account, b"0x7f0000000001", local, remote, now)


class Manager:
    """Asterisk's manager, as far as a listener needs it; `serve` is what a `Server` takes."""

    USERS: ClassVar = {b"amiguard": User(b"s3cr3t"), b"deaf": User("hört nichts".encode(), hears=False)}

    def __init__(self, write_timeout: float = WRITE_TIMEOUT) -> None:
        self.sessions: list[Session] = []
        self.write_timeout = write_timeout
        self.silent = False
        self.answers = dict(_ANSWERS)

    def pbx(self, port: int) -> Pbx:
        """How to reach it."""
        users = [(name.decode(), secret.decode()) for name, (secret, _) in self.USERS.items()]
        return Pbx("127.0.0.1", port, *users[0], *users[1])

    def publish(self, data: bytes) -> None:
        """Send events to all who hear security."""
        for session in self.sessions:
            if session.hears:
                session.write(data)

    def serve(self, connection: socket.socket) -> None:
        """Speak with one client."""
        session = Session(connection, self.write_timeout)
        self.sessions.append(session)
        session.write(GREETING)
        talk = Conversation(self.USERS, self.answers)
        while not talk.over and (data := connection.recv(65536)):
            if not self.silent:
                self._answer(session, talk, data)

    def _answer(self, session: Session, talk: Conversation, data: bytes) -> None:
        for step in talk.receive(data):
            if isinstance(step, bytes):
                session.write(step)
            else:
                session.hears = talk.hears
                self._raise(session, step)

    def _raise(self, session: Session, attempt: Attempt) -> None:
        user, kind = attempt
        # With MD5, Asterisk names no account and gives away the right answer.
        details = {"ExpectedResponse": b"7ae61b4a7b71b21ab71cfba6702e3560"} if kind[0] == "C" else {}
        words = session.words(b"" if details else user)
        self.publish(event(kind, words, SessionTV=written.EVENTTV, **details) + b"\r\n\r\n")


_ANSWERS = ANSWERS | {
    b"DBGetTree": b"Response: Success\r\nActionID: ID\r\nEventList: start\r\n"
    b"Message: Result will follow\r\n\r\n"
    b"Event: DBGetTreeResponse\r\nKey: /registrar/contact/101\r\nVal: {}\r\nActionID: ID\r\n\r\n"
    b"Event: DBGetTreeComplete\r\nActionID: ID\r\nEventList: Complete\r\nListItems: 1\r\n\r\n",
}


@contextlib.contextmanager
def configured(root: Path, manager: Manager) -> Iterator[str]:
    """Have the manager served; gives the configuration that listens to it, with its secret under `root`."""
    secret = root / "secret"
    secret.write_bytes(Manager.USERS[b"amiguard"][0])
    secret.chmod(0o600)
    with Server(manager.serve) as server:
        yield f'[[ami]]\nport = {server.port}\nsecret_file = "{secret}"\n'
