"""Pure: the wire of the Asterisk Manager Interface: bytes in, events out, actions to send.

A line ends with CR LF and a message with an empty line, and nothing else ends
either: a lone CR or LF is part of a value.  Peers of Asterisk can write into its
events, even whole messages, so an answer is only what carries an ActionID of
ours, which they cannot know.
"""

from __future__ import annotations

import hashlib
import re
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias

from amiguard.sources.amimessages import (
    EOL,
    EOM,
    Answer,
    Authlimit,
    Event,
    Greeting,
    Hangup,
    LocalProtocolError,
    LoggedIn,
    LoginRefused,
    Messages,
    Pong,
    RemoteProtocolError,
    headers_of,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

GREETING_BYTES: Final = 1024
MESSAGE_BYTES: Final = 131_072
"""Twice a SIP packet (PJSIP_MAX_PKT_LEN, 64 KiB), so that no packet makes an event that ends the session."""
LINE_BYTES: Final = 1024
"""Asterisk refuses longer lines: `main/manager.c`."""
OUTSTANDING: Final = 16
"""Actions without an answer yet; nobody needs more at once."""

CLASSES: Final = "security,system"
"""The classes of events that we ask for."""

_GREETING: Final = b"Asterisk Call Manager/"
_PIECE: Final = 65_536
"""Bytes taken in at a time: half of `MESSAGE_BYTES`, so that only what has begun before can be too long."""
_PART: Final = len(EOM) - 1
_UNSENDABLE: Final = re.compile(r"[\r\n\0\ud800-\udfff]")

_Reader: TypeAlias = "Callable[[Connection, Answer], Iterator[Event]]"


class Connection:
    """One connection, from its greeting to its end.

    Feed it with `receive` and `eof`, and send what `bytes_to_send` gives after
    each.  It logs in by itself, by MD5 challenge: the secret never crosses the wire.
    """

    def __init__(self, username: str, secret: bytes, tag: str = "amiguard") -> None:
        """Begin.

        Args:
            username: a section of Asterisk's manager.conf.
            secret: that section's secret.
            tag: how our ActionIDs begin; random, so that no peer of Asterisk can write an answer.

        Raises:
            LocalProtocolError: the name or the tag cannot be sent.
        """
        _sendable(f"Username: {username}")
        _sendable(f"ActionID: {tag}")
        self._username = username
        self._secret = secret
        self._tag = tag
        self._marker = f"{EOL.decode()}ActionID: {tag}-".encode()
        self._buffer = bytearray()
        self._searched = 0
        self._out = bytearray()
        self._number = 0
        self._waiting: dict[str, _Reader] = {}
        self._greeted = self._listening = self._over = False

    def receive(self, data: bytes | memoryview) -> Iterator[Event]:
        """Read; the events must be taken to the last.

        Yields:
            What happened, the same however the bytes were cut, but for how many messages come at once.

        Raises:
            RemoteProtocolError: no AMI speaks so; nothing more can be received.
            LocalProtocolError: the connection is over already.
        """
        if self._over:
            raise LocalProtocolError("nothing comes after the end")
        try:
            for at in range(0, len(data), _PIECE):
                self._buffer += data[at : at + _PIECE]
                if not self._greeted:
                    yield from self._greeting()
                if self._greeted:
                    yield from self._messages()
        except RemoteProtocolError:
            self._over = True
            raise

    def eof(self) -> Authlimit | Hangup:
        """The connection has ended; what that means."""
        self._over = True
        return Hangup(bool(self._buffer)) if self._greeted or self._buffer else Authlimit()

    def bytes_to_send(self) -> bytes:
        """What is to be sent, once."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def ping(self) -> None:
        """Ask for a `Pong`.

        Raises:
            LocalProtocolError: as `act`.
        """
        self._ready()
        self._send("Ping", {}, Connection._pong)

    def act(self, action: str, headers: Mapping[str, str]) -> str:
        """Send an action; its answers come as `Answer` with the ActionID that this returns.

        Raises:
            LocalProtocolError: we are not logged in, too many actions wait for their
                answer, or a header cannot be sent.
        """
        self._ready()
        return self._send(action, headers, Connection._answer)

    def _ready(self) -> None:
        if self._over or not self._listening:
            raise LocalProtocolError("an action needs a log-in")
        if len(self._waiting) >= OUTSTANDING:
            raise LocalProtocolError(f"{OUTSTANDING} actions wait for their answer already")

    def _send(self, action: str, headers: Mapping[str, str], reader: _Reader) -> str:
        action_id = f"{self._tag}-{self._number}"
        lines = {"Action": action, **headers, "ActionID": action_id}
        text = "".join(f"{_sendable(f'{name}: {value}')}\r\n" for name, value in lines.items())
        self._number += 1
        self._waiting[action_id] = reader
        self._out += text.encode() + EOL
        return action_id

    def _greeting(self) -> Iterator[Event]:
        begin = bytes(self._buffer[: len(_GREETING)])
        if not _GREETING.startswith(begin):
            raise RemoteProtocolError(f"not an Asterisk Manager Interface: it begins with {printable(begin)}")
        end = self._buffer.find(EOL, 0, GREETING_BYTES)
        if end < 0:
            _limit(len(self._buffer) + 1, GREETING_BYTES, "greeting")
            return
        version = printable(self._buffer[len(_GREETING) : end])
        del self._buffer[: end + len(EOL)]
        self._greeted = True
        self._send("Challenge", {"AuthType": "MD5"}, Connection._challenged)
        yield Greeting(version)

    def _messages(self) -> Iterator[Event]:
        """Every whole message; what is left has been searched and is not searched again."""
        first = self._buffer.find(EOM, self._searched)
        if first >= 0:
            _limit(first, MESSAGE_BYTES, "message")
            texts = self._taken(_end_of_messages(self._buffer))
            if self._waiting and self._marker in texts:
                yield from self._apart(texts)
            else:
                yield Messages(texts)
        _limit(len(self._buffer) - _PART, MESSAGE_BYTES, "message")
        self._searched = max(0, len(self._buffer) - _PART)

    def _taken(self, end: int) -> bytes:
        """All of the buffer before `end`, which leaves it."""
        with memoryview(self._buffer) as view:
            texts = bytes(view[:end])
        del self._buffer[:end]
        return texts

    def _apart(self, texts: bytes) -> Iterator[Event]:
        """Messages that may be answers one by one, and what stands between them at once."""
        marker = self._marker
        for marked, run in groupby(texts.split(EOM)[:-1], lambda text: marker in text):
            if marked:
                for text in run:
                    yield from self._one(text)
            else:
                yield Messages(EOM.join((*run, b"")))

    def _one(self, text: bytes) -> Iterator[Event]:
        """A message with an ActionID like ours: an answer, if that waits for one."""
        headers = headers_of(text)
        action_id = dict(headers).get(b"ActionID", b"").decode("latin-1")
        reader = self._waiting.get(action_id)
        if reader is None:
            yield Messages(text + EOM)
            return
        answer = Answer(action_id, headers)
        if answer.last:
            del self._waiting[action_id]
        yield from reader(self, answer)

    def _challenged(self, answer: Answer) -> Iterator[Event]:
        challenge = answer.get(b"Challenge")
        if not answer.success:
            yield _refusal(answer)
        elif challenge is None:
            raise RemoteProtocolError("an answer to Challenge without a challenge")
        else:
            key = hashlib.md5(challenge + self._secret, usedforsecurity=False).hexdigest()
            login = {"AuthType": "MD5", "Username": self._username, "Key": key, "Events": CLASSES}
            self._send("Login", login, Connection._logged_in)

    def _logged_in(self, answer: Answer) -> Iterator[Event]:
        self._secret = b""
        self._listening = answer.success
        yield LoggedIn() if answer.success else _refusal(answer)

    def _pong(self, _answer: Answer) -> Iterator[Event]:
        yield Pong()  # even a refusal shows that it is alive

    def _answer(self, answer: Answer) -> Iterator[Event]:
        yield answer


def _end_of_messages(data: bytearray) -> int:
    """Where the last whole message ends, an empty line being the first four bytes that can be one."""
    end = data.rfind(EOM) + len(EOM)
    if data.endswith(EOL + EOM, 0, end):
        end = len(data) - len(bytes(data).split(EOM)[-1])
    return end


def _sendable(line: str) -> str:
    if _UNSENDABLE.search(line):
        raise LocalProtocolError(f"a line break or half a character cannot be sent: {line!r}")
    if len(line.encode()) > LINE_BYTES:
        raise LocalProtocolError(f"a line over {LINE_BYTES} bytes cannot be sent: {line[:40]!r}...")
    return line


def _refusal(answer: Answer) -> LoginRefused:
    return LoginRefused(printable(answer.get(b"Message") or b"no reason given"))


def _limit(size: int, limit: int, what: str) -> None:
    if size > limit:
        raise RemoteProtocolError(f"a {what} over {limit} bytes")
