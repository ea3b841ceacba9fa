"""Pure: a message whose values may hold quotes and control characters, read by position.

This needs a frame that an attacker cannot break, which only JSON gives: then
the message ends where Asterisk ended it, and the true addresses are known by
where they stand.  What follows them an attacker may have written as well; but
there (SIP digests) a quote comes with a backslash or cannot come together with
a comma, so he cannot write a second pair.  On the AMI he can, but there nothing
before the addresses is his in the events that quote his words behind them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from amiguard.sources import grammar

if TYPE_CHECKING:
    from amiguard.model import SecurityEvent
    from amiguard.sources.security import Mapper

_ODD: Final = re.compile(rb'["\x00-\x1f\x7f]')
_AMI_QUOTES_BEHIND: Final = frozenset(("ChallengeResponseFailed", "RequestNotAllowed", "RequestBadFormat"))


def read(message: bytes, mapper: Mapper) -> SecurityEvent | None:
    """The event in this message; None when its true source cannot be told.

    It is `tampered` when a value holds what no honest peer sends: a quote or a
    control character.

    Raises:
        ValueError: EventTV is no time, or the address is none.
    """
    # The loose tails are quick only where they fit, and all that end so fit or fail at once.
    begin = grammar.MESSAGE_HEAD.match(message) if message.endswith(b'"') else None
    head = begin and grammar.MESSAGE_HEADS.get((begin[1], begin[3]))
    if not begin or not head:
        return None
    kind, service, _, account_at = head
    quotes_behind = service == b"AMI" and kind.name in _AMI_QUOTES_BEHIND
    pair = grammar.PAIR.search(message, begin.end()) if quotes_behind else _last_pair(message)
    tail = pair and grammar.LOOSE_TAILS[kind.name].fullmatch(message, pair.end())
    names = pair and _names(message[begin.end() : pair.start()], in_head=account_at is None)
    if not pair or not tail or not names:
        return None
    account, session = names
    if service != b"PJSIP" and not grammar.POINTER.fullmatch(session):
        return None
    details = tail.groups()
    tampered = any(_ODD.search(value) for value in (account, session, *tail.groups(b"")))
    if account_at is not None:
        account = details[account_at] or b""
    local, host, port = pair.groups()
    return mapper.event(
        kind, service, begin[2], account, session, local, host, port, details, tampered=tampered
    )


def _last_pair(message: bytes) -> re.Match[bytes] | None:
    # Only the very last one: a pair further left may be what an attacker wrote.
    return grammar.PAIR.match(message, message.rfind(b'",LocalAddress="'))


def _names(text: bytes, *, in_head: bool) -> tuple[bytes, bytes] | None:
    """Account and session out of what stands between head and addresses."""
    if not in_head:
        return (b"", text[len(grammar.SESSION) - 1 :]) if text.startswith(grammar.SESSION[1:]) else None
    if not text.startswith(grammar.ACCOUNT):
        return None
    account, found, session = text[len(grammar.ACCOUNT) :].rpartition(grammar.SESSION)
    return (account, session) if found else None
