"""Pure: an Asterisk manager's end of the AMI, as far as a listener needs it: bytes in, bytes out."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.sources.amimessages import EOL, EOM, headers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GREETING: Final = b"Asterisk Call Manager/9.0.0\r\n"
CHALLENGE: Final = b"158612"
UNKNOWN: Final = b"Response: Error\r\nActionID: ID\r\nMessage: Invalid/unknown command\r\n\r\n"
DENIED: Final = b"Response: Error\r\nActionID: ID\r\nMessage: Permission denied\r\n\r\n"
ANSWERS: Final = {
    b"Challenge": b"Response: Success\r\nActionID: ID\r\nChallenge: %s\r\n\r\n" % CHALLENGE,
    b"Ping": b"Response: Success\r\nActionID: ID\r\nPing: Pong\r\nTimestamp: 1795301729.276880\r\n\r\n",
}
"""What each action is answered; `ID` stands for the ActionID."""

_LOGIN: Final = b"Response: %s\r\nActionID: %s\r\nMessage: Authentication %s\r\n\r\n"


class User(NamedTuple):
    """A section of manager.conf: its secret, and whether it has `read = security`."""

    secret: bytes
    hears: bool = True


class Attempt(NamedTuple):
    """Somebody has tried to log in; `kind` is the security event that Asterisk raises for it."""

    user: bytes
    kind: str

    @property
    def accepted(self) -> bool:
        """Whether he may."""
        return self.kind == "SuccessfulAuth"


class Conversation:
    """One client's; `hears` tells whether security events are to be sent to it."""

    def __init__(self, users: Mapping[bytes, User], answers: Mapping[bytes, bytes]) -> None:
        """Begin, which Asterisk does with `GREETING`; the answers may change meanwhile."""
        self.hears = False
        self.over = False
        """Whether Asterisk hangs up now."""
        self._users = users
        self._answers = answers
        self._buffer = b""

    def receive(self, data: bytes) -> Iterator[bytes | Attempt]:
        """Read what the client has sent; gives what to send, and after it what has happened."""
        *texts, self._buffer = (self._buffer + data).split(EOM)
        for text in texts:
            if not self.over:
                yield from self._act(dict(headers_of(text)))

    def _act(self, action: dict[bytes, bytes]) -> Iterator[bytes | Attempt]:
        name = action.get(b"Action", b"")
        if name == b"Login":
            yield from self._log_in(action)
        else:
            yield self._answers.get(name, UNKNOWN).replace(b"ID\r\n", action[b"ActionID"] + EOL)

    def _log_in(self, action: dict[bytes, bytes]) -> Iterator[bytes | Attempt]:
        attempt = Attempt(action[b"Username"], self._kind(action))
        outcome = (b"Success", b"accepted") if attempt.accepted else (b"Error", b"failed")
        self.hears = attempt.accepted and self._users[attempt.user].hears
        self.over = not attempt.accepted
        yield _LOGIN % (outcome[0], action[b"ActionID"], outcome[1])
        yield attempt

    def _kind(self, action: dict[bytes, bytes]) -> str:
        user = self._users.get(action[b"Username"])
        if user is None:
            return "InvalidAccountID"
        key = hashlib.md5(CHALLENGE + user.secret, usedforsecurity=False).hexdigest().encode()
        if action.get(b"Key") == key or action.get(b"Secret") == user.secret:
            return "SuccessfulAuth"
        return "ChallengeResponseFailed" if b"Key" in action else "InvalidPassword"


def listed(*items: bytes) -> bytes:
    """The answer to an action that lists: a message an item, which is its headers."""
    start = b"Response: Success\r\nActionID: ID\r\nEventList: start\r\nMessage: They follow\r\n\r\n"
    messages = b"".join(b"Event: Item\r\nActionID: ID\r\n%s\r\n\r\n" % item for item in items)
    return start + messages + b"Event: ListComplete\r\nActionID: ID\r\nEventList: Complete\r\n\r\n"
