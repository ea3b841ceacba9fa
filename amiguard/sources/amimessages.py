"""Pure: what happens on an AMI connection, and what it may fail with.

Whose fault an error was is in its type.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

EOL: Final = b"\r\n"
EOM: Final = b"\r\n\r\n"
Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

_LIST_ENDS: Final = (b"Complete", b"cancelled")
_EXCERPT: Final = 100


class RemoteProtocolError(Exception):
    """What came is no AMI, or more of it than anybody should have to hold."""


class LocalProtocolError(Exception):
    """We asked for what cannot be sent, or cannot be sent now."""


class Greeting(NamedTuple):
    """Asterisk has said what it is; the version is that of the interface."""

    version: str


class LoggedIn(NamedTuple):
    """From now on, events come."""


class LoginRefused(NamedTuple):
    """Asterisk does not know us; it closes the connection a second later."""

    reason: str


class Pong(NamedTuple):
    """The answer to a ping."""


class Messages(NamedTuple):
    """What Asterisk said unasked: one whole message or several, each with the empty line that ends it."""

    texts: bytes


class Answer(NamedTuple):
    """One message of the answer to an action; a list has several, its items being events."""

    action_id: str
    headers: Headers

    def get(self, name: bytes) -> bytes | None:
        """The first value of that name."""
        return next((value for each, value in self.headers if each == name), None)

    @property
    def success(self) -> bool:
        """Whether this is the answer and says yes."""
        return self.get(b"Response") == b"Success"

    @property
    def last(self) -> bool:
        """Whether no more will come: a list says when it starts and when it is complete."""
        listed = self.get(b"EventList")
        return listed != b"start" if self.get(b"Response") else listed in _LIST_ENDS


class Authlimit(NamedTuple):
    """The connection ended before its greeting: too many are connected and not logged in."""


class Hangup(NamedTuple):
    """The connection ended; `torn` in the middle of a message."""

    torn: bool


Event: TypeAlias = Greeting | LoggedIn | LoginRefused | Pong | Messages | Answer


def headers_of(text: bytes) -> Headers:
    """Names and values of a message's lines; a line without a colon is a name without a value."""
    lines = (line.partition(b":") for line in text.split(EOL))
    return tuple((name, value.removeprefix(b" ")) for name, _, value in lines)


def printable(text: bytes | bytearray) -> str:
    """The beginning of what somebody else wrote, safe for a terminal and a log."""
    return ascii(bytes(text[:_EXCERPT]).decode("latin-1"))[1:-1]
