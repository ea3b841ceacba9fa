"""Pure: a decision in words, for the log, `list` and alarms."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from amiguard.judge import evidence
from amiguard.sources import security
from amiguard.sources.kinds import FAILURE

if TYPE_CHECKING:
    from amiguard.model import Offence, SecurityEvent

NAME: Final = 36
"""Bytes of an account in a text, as many as PJSIP lets a sender choose."""

_SCALE: Final = "({} scale)"
_SCALES: Final = ("fast", "slow")


def reason(offence: Offence, event: SecurityEvent) -> str:
    """Why there is a ban: what the last event was, and which score it brought about."""
    how = event.service.decode()
    if event.kind != FAILURE.name:
        by = "" if event.local else ", told by a notice alone"
        how = f"{how}/{event.remote.transport.decode() or '?'}{by}"
    score = f"score {offence.score:.1f} {_SCALE.format(offence.reason)}"
    # Of many bans few differ.
    return sys.intern(f"{security.meaning(event)} ({event.kind} {how}), {score}")


def scale(text: str) -> str:
    """The scale that decided, by the `reason` of a ban; empty if nobody judged it."""
    return next((name for name in _SCALES if text.endswith(_SCALE.format(name))), "")


def account(event: SecurityEvent) -> str:
    """The account that an event names; whatever is not UTF-8 is escaped."""
    return event.account[:NAME].decode("utf-8", "backslashreplace")


def accounts(records: bytes) -> str:
    """The accounts that packed evidence names."""
    return ", ".join(dict.fromkeys(account(each.event) for each in evidence.unpack(records)))
