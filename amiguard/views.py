"""Pure: what is shown, as the commands' JSON has it; the only place that knows its names.

Anything an attacker may have written is escaped before it comes near a terminal.
"""

from __future__ import annotations

import functools
import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from amiguard.judge import evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amiguard.judge.counting import Counting
    from amiguard.judge.evidence import Exhibit
    from amiguard.judge.friends import Friend
    from amiguard.judge.notices import Notices
    from amiguard.judge.rhythm import BrokenPhone
    from amiguard.model import Alarm, Ban, Peer, Prefix
    from amiguard.silence import Silent
    from amiguard.store.rows import BanRow

VERSION: Final = 1
_ACCOUNT: Final = 128
"""Bytes of an account that are shown; an attacker may send thousands."""


def moment(time: float) -> str | None:
    """RFC 3339 with the local offset, to the millisecond; None for `FOREVER`."""
    if math.isinf(time):
        return None
    millis = round(time * 1000)
    date, zone = _second(millis // 1000)
    return f"{date}.{millis % 1000:03d}{zone}"


@functools.lru_cache(maxsize=4096)
def _second(second: int) -> tuple[str, str]:
    """Date and time of a second, and the offset then; a long list has many bans of one second."""
    text = datetime.fromtimestamp(second).astimezone().isoformat()
    return text[:19], text[19:]


def ban(ban: Ban) -> dict[str, Any]:
    """A ban, as `replay` and `history` show it."""
    return {
        "address": ban.source.address,
        "prefix": ban.source.length,
        "scope": ban.scope,
        "proof": ban.proof,
        "since": moment(ban.since),
        "until": moment(ban.until),
        "reason": ban.reason,
        "origin": ban.origin,
        "strike": ban.strike,
        "score": round(ban.score, 2),
    }


def running(one: Ban, left: float | None, packets: int = 0, octets: int = 0) -> dict[str, Any]:
    """A ban that runs, as `list` shows it: seconds left (None: for ever), and what the kernel has dropped."""
    remaining = None if left is None else round(left, 3)
    return {**ban(one), "remaining": remaining, "packets": packets, "bytes": octets}


def running_line(one: Ban, left: float | None, packets: int = 0, octets: int = 0) -> str:
    """`running` as a line of JSON, three times as fast: a list may have a hundred thousand."""
    source, scope, proof, since, until, reason, origin, strike, score = one
    end = moment(until)
    ends = f'"{end}"' if end else "null"
    remaining = "null" if left is None else round(left, 3)
    cause = _cause(reason, origin, strike, score)
    return (
        f'{{"address": "{source.address}", "prefix": {source.length}, "scope": "{scope}", '
        f'"proof": "{proof}", "since": "{moment(since)}", "until": {ends}, {cause}, '
        f'"remaining": {remaining}, "packets": {packets}, "bytes": {octets}}}'
    )


@functools.lru_cache(maxsize=4096)
def _cause(reason: str, origin: str, strike: int, score: float) -> str:
    """The part of a line that many bans share."""
    shared = {"reason": reason, "origin": origin, "strike": strike, "score": round(score, 2)}
    return json.dumps(shared)[1:-1]


def peer(one: Peer) -> dict[str, Any]:
    """A known peer, as `status` shows it."""
    return {"address": str(one.network), "origin": printable(one.origin)}


def spared(network: Prefix, kind: str, origin: str, friend: Friend | None = None) -> dict[str, Any]:
    """Somebody whom judgement spares, and why; of a friend his accounts and last log-in."""
    accounts = friend.accounts.copy() if friend else {}
    return {
        "address": str(network),
        "kind": kind,
        "origin": printable(origin),
        "accounts": len(accounts) if friend else None,
        "last": moment(max(accounts.values())) if accounts else None,
    }


def friend(source: Prefix, friend: Friend, now: float) -> dict[str, Any]:
    """A friend, who is a shared source where many log in from him."""
    return spared(source, "shared source" if friend.shared(now) else "friend", "log-in", friend)


def alarm(alarm: Alarm) -> dict[str, Any]:
    """What was said once, with what it rests on."""
    return {
        "kind": alarm.what,
        "source": str(alarm.source),
        "since": moment(alarm.time),
        "text": printable(alarm.text),
        "evidence": [exhibit(each) for each in evidence.unpack(alarm.evidence)],
    }


def exhibit(one: Exhibit) -> dict[str, Any]:
    """A record of evidence: what happened, what it was worth, and the score after it."""
    event = one.event
    return {
        "time": moment(event.time),
        "event": event.kind,
        "service": printable(event.service),
        "account": printable(event.account[:_ACCOUNT]),
        "transport": printable(event.remote.transport),
        "address": str(event.remote.address),
        "port": event.remote.port,
        "tampered": event.tampered,
        "proof": "proven" if one.proven else "unproven",
        "points": round(one.points, 2),
        "score": round(one.score, 2),
    }


def broken_phone(phone: BrokenPhone) -> dict[str, Any]:
    """A phone that fails and is spared, as `status` shows it."""
    return {
        "address": str(phone.address),
        "account": printable(phone.account),
        "every": round(phone.every, 1),
        "since": moment(phone.since),
        "failures": phone.failures,
        "cause": phone.cause,
    }


def notices(told: Notices) -> dict[str, int]:
    """What has become of notices, as `status` shows it."""
    return {"missing": told.missing, "uncompared": told.uncompared, "overflows": told.overflows}


def channels(counting: Counting) -> dict[str, Any]:
    """How far those agree who tell the same, as `status` shows it."""
    return {
        "compared": counting.compared,
        "untold": {name: count for name, count in sorted(counting.untold.items()) if count},
        "shortened": counting.shortened,
        "lacking": sorted(counting.lacking),
    }


def silent(one: Silent) -> dict[str, Any]:
    """A channel that tells nothing, as `status` shows it."""
    return {**one._asdict(), "name": printable(one.name), "seconds": round(one.seconds, 1)}


def past(row: BanRow, now: float) -> dict[str, Any]:
    """A ban of the history; `ended` and `why` are null while it runs."""
    ended, why = row.end(now) or (math.inf, None)
    return {**ban(row.ban), "ended": moment(ended), "why": why}


def document(rows: Mapping[str, Any]) -> str:
    """One JSON object, with its version first."""
    return json.dumps({"version": VERSION, **rows})


def printable(text: bytes | str) -> str:
    """Text for a terminal or a log: whatever is not plain becomes an escape."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def span(seconds: float | None) -> str:
    """A duration in two words at most: `9m 30s`, `6d 23h`, `for ever`."""
    return "for ever" if seconds is None or math.isinf(seconds) else _words(round(seconds))


@functools.lru_cache(maxsize=256)
def _words(left: int) -> str:
    """So many seconds in words; most bans last one of a few durations."""
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
