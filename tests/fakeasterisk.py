"""Edge: an Asterisk Manager Interface as Asterisk speaks it, in threads of its own, and other servers."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

import written
from written import Words

from amiguard.sources.amimessages import headers_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    Serve = Callable[[socket.socket], None]

GREETING = b"Asterisk Call Manager/9.0.0\r\n"
WRITE_TIMEOUT = 0.1
"""Seconds after which Asterisk gives up a reader: `writetimeout` in manager.conf."""
CHALLENGE = b"158612"


def listed(*items: bytes) -> bytes:
    """The answer to an action that lists: a message an item, which is its headers."""
    start = b"Response: Success\r\nActionID: ID\r\nEventList: start\r\nMessage: They follow\r\n\r\n"
    messages = b"".join(b"Event: Item\r\nActionID: ID\r\n%s\r\n\r\n" % item for item in items)
    return start + messages + b"Event: ListComplete\r\nActionID: ID\r\nEventList: Complete\r\n\r\n"


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

    def __init__(self, connection: socket.socket) -> None:
        self.hears = False
        self._connection = connection
        self._lock = threading.Lock()
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, int(WRITE_TIMEOUT * 1e6))
        )

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

    def messages(self) -> Iterator[dict[bytes, bytes]]:
        """The actions that come."""
        data = b""
        while received := self._connection.recv(65536):
            *texts, data = (data + received).split(b"\r\n\r\n")
            yield from (dict(headers_of(text)) for text in texts)


class Manager:
    """Asterisk's manager, as far as a listener needs it; `serve` is what a `Server` takes."""

    USERS: ClassVar = {b"amiguard": (b"s3cr3t", True), b"deaf": ("hört nichts".encode(), False)}
    """Secrets, and whether the user has `read = security`."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
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
        session = Session(connection)
        self.sessions.append(session)
        session.write(GREETING)
        for message in session.messages():
            if not self.silent and not self._answer(session, message):
                return

    def _answer(self, session: Session, message: dict[bytes, bytes]) -> bool:
        """Answer; false when Asterisk would hang up."""
        action = message.get(b"Action", b"")
        if action == b"Login":
            return self._log_in(session, message)
        session.write(self.answers.get(action, UNKNOWN).replace(b"ID\r\n", message[b"ActionID"] + b"\r\n"))
        return True

    def _log_in(self, session: Session, message: dict[bytes, bytes]) -> bool:
        user = message[b"Username"]
        secret, hears = self.USERS.get(user, (b"", False))
        key = hashlib.md5(CHALLENGE + secret).hexdigest().encode()
        accepted = user in self.USERS and (message.get(b"Key") == key or message.get(b"Secret") == secret)
        outcome = (b"Success", b"accepted") if accepted else (b"Error", b"failed")
        answer = b"Response: %s\r\nActionID: %s\r\nMessage: Authentication %s\r\n\r\n"
        session.hears = accepted and hears
        session.write(answer % (outcome[0], message[b"ActionID"], outcome[1]))
        self._raise(session, user, "SuccessfulAuth" if accepted else self._failure(message))
        return accepted

    def _failure(self, message: dict[bytes, bytes]) -> str:
        if message[b"Username"] not in self.USERS:
            return "InvalidAccountID"
        return "ChallengeResponseFailed" if b"Key" in message else "InvalidPassword"

    def _raise(self, session: Session, user: bytes, kind: str) -> None:
        # With MD5, Asterisk names no account and gives away the right answer.
        details = {"ExpectedResponse": b"7ae61b4a7b71b21ab71cfba6702e3560"} if kind[0] == "C" else {}
        words = session.words(b"" if details else user)
        self.publish(event(kind, words, SessionTV=written.EVENTTV, **details) + b"\r\n\r\n")


UNKNOWN = b"Response: Error\r\nActionID: ID\r\nMessage: Invalid/unknown command\r\n\r\n"
DENIED = b"Response: Error\r\nActionID: ID\r\nMessage: Permission denied\r\n\r\n"
_ANSWERS = {
    b"Challenge": b"Response: Success\r\nActionID: ID\r\nChallenge: %s\r\n\r\n" % CHALLENGE,
    b"Ping": b"Response: Success\r\nActionID: ID\r\nPing: Pong\r\nTimestamp: 1795301729.276880\r\n\r\n",
    b"DBGetTree": b"Response: Success\r\nActionID: ID\r\nEventList: start\r\n"
    b"Message: Result will follow\r\n\r\n"
    b"Event: DBGetTreeResponse\r\nKey: /registrar/contact/101\r\nVal: {}\r\nActionID: ID\r\n\r\n"
    b"Event: DBGetTreeComplete\r\nActionID: ID\r\nEventList: Complete\r\nListItems: 1\r\n\r\n",
}
