"""Pure: messages of the AMI -> security events, each the same value as its record in the log.

An event that breaks off before its addresses is *held*, and what follows is
glued to it until they come, for Asterisk sends an event in one piece: nothing
in between is Asterisk's, whatever it looks like.

With AMI over HTTP an account may be of any length, and nothing tells a whole
forged event from a true one; only what is cut in two is kept out here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from amiguard.sources import amigrammar
from amiguard.sources.amigrammar import BEGIN, BEHIND, HEAD, HEADS
from amiguard.sources.amimessages import EOL, EOM
from amiguard.sources.grammar import LOGIN, OTHER
from amiguard.sources.security import Mapper
from amiguard.sources.securitylog import Ambiguous
from amiguard.sources.strict import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amiguard.model import SecurityEvent
    from amiguard.sources.strict import Hushed

HELD_MESSAGES: Final = 32
"""79 bytes of account end a message 19 times at most."""
HELD_BYTES: Final = 8192
HELD_SECONDS: Final = 1.0

_EXCERPT: Final = 200
_ODD: Final = re.compile(rb'["\x00-\x1f\x7f]')


class Shutdown(NamedTuple):
    """Asterisk stops, or starts anew."""

    restart: bool


Found: TypeAlias = "SecurityEvent | Ambiguous | Shutdown"


class _Held:
    """An event that broke off, with what has followed."""

    def __init__(self, text: bytes, receipt: float) -> None:
        self.text = text
        self._opened = receipt
        self._messages = 0

    def holds(self, receipt: float) -> bool:
        """Whether the rest may still come."""
        self._messages += 1
        return (
            self._messages <= HELD_MESSAGES
            and len(self.text) <= HELD_BYTES
            and receipt - self._opened <= HELD_SECONDS
        )


class AmiEvents(Reader):
    """Reads one connection's messages in their order."""

    def __init__(
        self, *, skip_challenges: bool = True, skip_repeats: bool = False, hushed: Hushed | None = None
    ) -> None:
        """Begin a connection.

        Args:
            skip_challenges: ChallengeSent for a known account is passed over, being
                worth nothing.
            skip_repeats: as `SecurityLog` has it.
            hushed: as `SecurityLog` has it.
        """
        form = amigrammar.form(skip_challenges=skip_challenges)
        super().__init__(form, Mapper(), skip_repeats=skip_repeats, hushed=hushed)
        self._held: _Held | None = None
        self._astray = False
        """Whether the message before belonged to no event."""

    def read(self, texts: bytes, receipt: float) -> list[Found]:
        """Read messages.

        Args:
            texts: as `ami.Messages` has them.
            receipt: seconds since the epoch when they came.

        Returns:
            What they tell; of a message that is no matter of ours, nothing.
        """
        if self._hushed:
            self._hushed.now = receipt
        found: list[Found] = []
        told = self.told
        for match in self._form.scan.finditer(texts):
            kind = match.lastindex
            if self._held or kind == OTHER:
                found += self._others(match.group(), receipt)
            elif kind is None or (kind == LOGIN and match.group(1, 2, 3, 4) in told):
                self.skipped += 1
            else:
                self._astray = False
                if self.idle(match):
                    self.skipped += 1
                else:
                    found.append(self.strict(match) or self._by_position(match.group().removesuffix(EOM)))
        return found

    def end(self) -> Sequence[Found]:
        """The connection has ended: what was held stays broken."""
        held, self._held = self._held, None
        return (_ambiguous("an event that breaks off", held.text),) if held else ()

    def _others(self, texts: bytes, receipt: float) -> list[Found]:
        """Messages that are no clean events, or come while one is held."""
        found: list[Found] = []
        for text in texts.split(EOM)[:-1]:
            found += self._glued(self._held, text, receipt) if self._held else self._odd(text, receipt)
        return found

    def _odd(self, text: bytes, receipt: float) -> Sequence[Found]:
        if not BEGIN.match(text):
            return self._stray(text)
        head = HEAD.match(text)
        if not head:
            return self._no_security_event(text)
        self._astray = False
        if BEHIND.search(text, head.end() - len(EOL)):
            return (self._by_position(text),)
        self._held = _Held(text, receipt)
        return ()

    def _no_security_event(self, text: bytes) -> Sequence[Found]:
        stop = amigrammar.SHUTDOWN.fullmatch(text)
        if not stop and not amigrammar.OTHER.match(text):
            return self._stray(text)
        self._astray = False
        return (Shutdown(stop[1] == b"True"),) if stop else ()

    def _stray(self, text: bytes) -> Sequence[Found]:
        astray, self._astray = self._astray, True
        return () if astray else (_ambiguous("text that belongs to no event", text),)

    def _glued(self, held: _Held, message: bytes, receipt: float) -> Sequence[Found]:
        if not held.holds(receipt):
            return (*self.end(), *self.read(message + EOM, receipt))
        before = len(held.text)
        held.text += EOM + message
        if not BEHIND.search(held.text, before + len(EOL)):
            return ()
        self._held = None
        return (self._by_position(held.text),)

    def _by_position(self, text: bytes) -> SecurityEvent | Ambiguous:
        """The event of a text in which a peer's words may hold anything."""
        begin = HEAD.match(text)
        head = begin and HEADS.get((begin[1], begin[3]))
        parts = begin and head and amigrammar.parts(text, begin.end(), head)
        if not begin or not head or not parts:
            return _ambiguous("not an event as Asterisk writes them", text)
        account, behind, tail = parts
        session, local, host, port = behind.groups()
        details = tail.groups()
        tampered = _ODD.search(b"".join((account, session, *tail.groups(b"")))) is not None
        if head.account_at is not None:
            account = details[head.account_at] or b""
        try:
            return self._mapper.event(
                *(head.kind, head.service, begin[2], account, session, local, host, port, details),
                tampered=tampered,
            )
        except ValueError:
            return _ambiguous("a time or an address that is none", text)


def _ambiguous(why: str, text: bytes) -> Ambiguous:
    return Ambiguous(why, text[:_EXCERPT].partition(b"ExpectedResponse")[0])  # on the AMI that is a secret
