"""Pure: the grammar of a security event on the AMI, as patterns made from the table of kinds.

Every field is a line, and only AccountID can hold a line's end: SIP peers write
up to 79 bytes there (36 in PJSIP), CR LF and all.  Asterisk goes on behind the
account with SessionID and the addresses, each on a line of its own, and 79
bytes are too few to forge these three with a transport and an address that is
anybody's.  So where they stand last, they are true.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.sources import grammar
from amiguard.sources.amimessages import EOL
from amiguard.sources.grammar import (
    HALF_HOUR,
    PEERS_WORDS,
    PLAIN,
    TRANSPORT,
    WORD,
    Form,
    Head,
    address,
    maybe,
)
from amiguard.sources.kinds import KINDS, SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from amiguard.sources.kinds import EventKind

ACCOUNT: Final = b"AccountID: "
SESSION: Final = b"\r\nSessionID: "
LONGEST_ACCOUNT: Final[Mapping[bytes, int]] = {b"PJSIP": 36, b"SIP": 79}
"""Bytes of an AccountID that came off the network, where it can hold a line break."""

_LINE: Final = rb"[^\r]*+(?:\r(?!\n)[^\r]*+)*"
_MESSAGE: Final = rb"[^\r]*+(?:\r(?!\n\r\n)[^\r]*+)*"

_BEGIN: Final = rb"Event: %s\r\nPrivilege: " % WORD
BEGIN: Final = re.compile(_BEGIN)
"""How all begins that Asterisk tells unasked."""
# The engine keeps a place for each CR until the last message of a run.
_STRAYS: Final = rb"(?:(?!%s)[^\r]*+(?:\r(?!\n\r\n)[^\r]*+){0,8}\r\n\r\n){1,64}" % _BEGIN
_OTHERS: Final = rb"%s|%s\r\n\r\n" % (_STRAYS, _MESSAGE)
"""A message; or several at once that are nothing of Asterisk's, of which there may be thousands."""

_SYSTEM: Final = rb"SystemName: [^\x00-\x1f\x7f]*+\r\n"
_DEBUG: Final = rb"SequenceNumber: [0-9]++\r\nFile: [^\r\n]*+\r\nLine: [0-9]++\r\nFunc: \w*+\r\n"
_OPTIONS: Final = b"".join(map(maybe, (rb"Timestamp: [0-9.]++\r\n", _SYSTEM, _DEBUG, _SYSTEM)))
"""What `timestampevents` and `debug` in manager.conf and `systemname` in asterisk.conf add."""


# Mostly there are no options, which one branch finds out sooner than four.
_TIME: Final = rb"(?:EventTV: |(?=[ST])%sEventTV: )" % _OPTIONS
_UNTIL_TIME: Final = rb"Event: %%s\r\nPrivilege: security,all\r\n%s" % _TIME


def _head(name: bytes, key: bytes, opening: bytes) -> bytes:
    until_time = _UNTIL_TIME % (b"%s%s)" % (opening, name))
    return until_time + rb"%s[-+.:0-9T]{11,28}+)\r\nSeverity: %s%s)\r\n" % (opening, opening, key)


def _addresses(opening: bytes) -> bytes:
    # No SIP or AMI event lacks its transport.
    local, remote = address(TRANSPORT, b"(?:"), address(TRANSPORT, opening)
    return rb"LocalAddress: %s%s)\r\nRemoteAddress: %s" % (opening, local, remote)


_ANY_KEY: Final = rb"%s\r\nService: %s\r\nEventVersion: [0-9]++" % (WORD, WORD)
HEAD: Final = re.compile(_head(WORD, _ANY_KEY, b"("))
"""How an event begins, before a peer has a word: its name, EventTV, and the rest of the key of `HEADS`."""
BEHIND: Final = re.compile(rb"%s(%s)\r\n%s(?=\r\n|\Z)" % (SESSION, _LINE, _addresses(b"(")))
"""What Asterisk writes behind the account: session, local address, remote address and port."""
OTHER: Final = re.compile(rb"Event: \w+\r\nPrivilege: (?!security)[\w,]+(?:\r\n|\Z)")
"""An event that is no matter of ours."""
SHUTDOWN: Final = re.compile(
    rb"Event: Shutdown\r\nPrivilege: system,all\r\n%sShutdown: \w+\r\nRestart: (True|False)" % _OPTIONS
)


def form(*, skip_challenges: bool) -> Form:
    """The strict reading of whole messages, of any length, with the empty line that ends each.

    The last group may hold several, with these lines.
    """
    challenge = _head(b"ChallengeSent", rb"Informational\r\nService: P?J?SIP\r\nEventVersion: 1", b"(?:")
    known = rb"%s%s(?!<unknown>)%s%s%s\r\n" % (challenge, ACCOUNT, PLAIN, SESSION, PLAIN)
    worthless = rb"%s%s\r\nChallenge: %s" % (known, _addresses(b"(?:"), PLAIN)
    account = maybe(rb"%s(%s)\r\n" % (ACCOUNT, PLAIN))
    tail = rb"(?:\r\n%s: %s)*" % (WORD, PLAIN)
    begin = rb"%s%sSessionID: (%s)\r\n" % (_head(WORD, _ANY_KEY, b"("), account, PLAIN)
    clean = rb"%s(%s(%s))" % (begin, _addresses(b"("), tail)
    either = (*((worthless,) if skip_challenges else ()), _login(), clean)
    return Form(
        scan=re.compile(rb"(?:%s)\r\n\r\n|(%s)" % (b"|".join(either), _OTHERS)),
        clean=re.compile(clean + rb"\r\n\r\n"),
        heads=HEADS,
        longest=math.inf,
    )


def _login() -> bytes:
    """A log-in, with the groups that `Form` names."""
    kind = KINDS["SuccessfulAuth"]
    head = _UNTIL_TIME % kind.name.encode() + rb"%s\r\nSeverity: Informational\r\n" % HALF_HOUR
    service = rb"Service: %s\r\nEventVersion: [0-9]++" % WORD
    who = rb"(%s\r\n%s%s)%s%s\r\n" % (service, ACCOUNT, PLAIN, SESSION, PLAIN)
    return rb"%s%s(%s%s)" % (head, who, _addresses(b"(?:"), _tail(kind, b"(?:"))


def _tail(kind: EventKind, opening: bytes = b"(") -> bytes:
    """A peer's words may hold anything but a line's end; all else is Asterisk's own and clean."""
    words = PEERS_WORDS.get(kind.name, ())

    def field(name: str) -> bytes:
        begin = b"(?:" if name == "ExpectedResponse" else opening
        return b"\r\n%s: %s%s)" % (name.encode(), begin, _LINE if name in words else PLAIN)

    required, optional = map(field, kind.required), map(field, kind.optional)
    return b"".join((*required, *map(maybe, optional)))


def _heads() -> Iterator[tuple[tuple[bytes, bytes], Head]]:
    for kind in KINDS.values():
        tail = re.compile(_tail(kind))
        account_at = None if kind.account_in_head else kind.details.index("AccountID")
        for service in map(str.encode, SERVICES):
            key = b"%s\r\nService: %s\r\nEventVersion: %d" % (kind.severity.encode(), service, kind.version)
            yield (kind.name.encode(), key), Head(kind, service, tail, account_at)


HEADS: Final = dict(_heads())


class Parts(NamedTuple):
    """An event behind its head: the account, the match of `BEHIND`, and that of the tail."""

    account: bytes
    behind: re.Match[bytes]
    tail: re.Match[bytes]


def parts(text: bytes, at: int, head: Head) -> Parts | None:
    """Take apart what follows the head, where all of it stands on lines of its own to the text's end."""
    begin = at
    places: Iterable[int] = (at - len(EOL),)
    if head.account_at is None:
        if not text.startswith(ACCOUNT, at):
            return None
        begin += len(ACCOUNT)
        places = _sessions(text, begin, LONGEST_ACCOUNT.get(head.service, 0))
    for place in places:
        behind = BEHIND.match(text, place)
        tail = behind and head.tail.fullmatch(text, behind.end())
        if behind and tail and plausible(head, behind[1]):
            return Parts(text[begin:place], behind, tail)
    return None


def plausible(head: Head, session: bytes) -> bool:
    """Whether the session is a pointer, where Asterisk writes one."""
    return head.service == b"PJSIP" or grammar.POINTER.fullmatch(session) is not None


def _sessions(text: bytes, account: int, longest: int) -> Iterator[int]:
    """Where SessionID's line may begin: behind the account's first line, or within what a peer can write."""
    place = text.find(EOL, account)
    while place >= 0:
        yield place
        place = text.find(SESSION, place + 1, account + longest + len(SESSION))
