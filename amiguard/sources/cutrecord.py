"""Pure: a JSON record that Asterisk cut at its size limit, and the event of which it is the beginning.

What is cut off is mostly the address.  The AMI cuts nothing, but with AMI over
HTTP whole events can be forged there; one whose beginning the log shows is not
made up, as far as the beginning goes.
"""

from __future__ import annotations

import json
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.sources import grammar
from amiguard.sources.kinds import KINDS, EventKind

if TYPE_CHECKING:
    from amiguard.model import SecurityEvent
    from amiguard.sources.security import Mapper

LEAST: Final = 1024
"""Bytes of a peer's words below which no record is cut: escaped for JSON, one becomes six at most."""
_SIP: Final = (b"PJSIP", b"SIP")
_UNKEPT: Final = "ExpectedResponse"


class Beginning(NamedTuple):
    """How the record of an event begins: `words` is what follows EventVersion, as far as it goes."""

    kind: EventKind
    time: float
    service: bytes
    words: bytes

    def is_of(self, event: SecurityEvent) -> bool:
        """Whether the record of this event begins so."""
        if (self.kind.name, self.time, self.service) != (event.kind, event.time, event.service):
            return False
        words = _words(event)
        # Behind the secret nothing is known of an event, and nothing of it is left to tell.
        return words.startswith(self.words) or (
            _UNKEPT in self.kind.required and self.words.startswith(words)
        )


def read(line: bytes, mapper: Mapper) -> Beginning | None:
    """What a cut JSON line tells of its event; None when that is too little.

    The AMI's own events are left out: over HTTP their account is as long as a peer
    likes and holds line breaks, so that a forged end may follow a true beginning.
    """
    record = grammar.JSON_CUT.fullmatch(line)
    message = _unescaped(record[1]) if record else b""
    head = grammar.MESSAGE_HEAD.match(message)
    known = head and grammar.MESSAGE_HEADS.get((head[1], head[3]))
    if not head or not known or known.service not in _SIP:
        return None
    try:
        time = mapper.time(head[2])
    except ValueError:
        return None
    return Beginning(known.kind, time, known.service, message[head.end() :])


def can_be_cut(event: SecurityEvent) -> bool:
    """Whether the event is so long that its record may have been cut."""
    words = (event.account, event.session, *filter(None, event.details))
    return event.service in _SIP and sum(map(len, words)) >= LEAST


def _unescaped(text: bytes) -> bytes:
    whole = text.decode("utf-8", "ignore")  # the cut may go through a character
    message: str = json.loads(f'"{whole}"')
    return message.encode("utf-8", "surrogatepass").removesuffix(b"\n")


def _words(event: SecurityEvent) -> bytes:
    """What stands in an event's record behind EventVersion, up to the secret that we do not keep."""
    kind, remote = KINDS[event.kind], event.remote
    family = b"IPV%d" % remote.address.version
    address = (family, remote.transport, remote.address.address.encode(), b"%d" % remote.port)
    head = [("AccountID", event.account)] if kind.account_in_head else []
    head += [("SessionID", event.session), ("LocalAddress", event.local)]
    head += [("RemoteAddress", b"/".join(filter(None, address)))]
    names = takewhile(_UNKEPT.__ne__, kind.required + kind.optional)
    details = [(name, value) for name, value in zip(names, event.details, strict=False) if value is not None]
    return b"".join(b',%s="%s"' % (name.encode(), value) for name, value in head + details)
