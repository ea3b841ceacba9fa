"""Pure: how guard, kernel, store and channels stand now, as JSON has it; quick enough to ask each second."""

from __future__ import annotations

import heapq
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard import views
from amiguard.judge.dossier import leniency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.hearing import Hearing
    from amiguard.judge.guard import Guard
    from amiguard.judge.suspects import Glimpse
    from amiguard.model import Alarm, Ban, Prefix
    from amiguard.warden import Warden

SHOWN: Final = 50
"""Suspects, and newest bans, that are told."""
_ALARMS: Final = 5


def vitals(warden: Warden, hearing: Hearing, now: float) -> dict[str, Any]:
    """What `status` and `watch` both show; `now` is in seconds since the epoch."""
    guard, trouble = warden.guard, warden.ledger.trouble
    state = "dry-run" if warden.firewall is None else warden.trouble or warden.contested or "ok"
    return {
        "since": views.moment(hearing.since),
        "sources": list(hearing.sources(now)),
        "silent": hearing.silent(),
        "tracked": len(guard.scorer),
        "friends": len(guard.friends),
        "known": len(guard.peers),
        "bans": len(guard.bans),
        "firewall": {"state": state, "repairs": warden.repairs},
        "store": {"state": trouble or "ok"},
        "hidden": guard.notices.hidden,
    }


def glance(warden: Warden, hearing: Hearing, now: float) -> dict[str, Any]:
    """All that `watch` shows; `now` is in seconds since the epoch."""
    guard = warden.guard
    return {
        **vitals(warden, hearing, now),
        "at": now,
        "suspects": list(_suspects(guard, now)),
        "newest": [_ban(ban, now) for ban in guard.bans.newest(SHOWN) if ban.until > now],
        "alarms": [_alarm(alarm) for alarm in islice(guard.alarms, _ALARMS)],
    }


class _Suspect(NamedTuple):
    """A suspect; `part` is how much of a threshold its score has reached, 0 to 1."""

    part: float
    source: Prefix
    seen: Glimpse
    spared: bool


def _suspect(guard: Guard, source: Prefix, seen: Glimpse) -> _Suspect:
    score, factor = guard.config.score, leniency(guard, source, seen.at)
    part = max(seen.fast / score.fast.threshold, seen.slow / score.slow.threshold) / factor
    return _Suspect(part, source, seen, factor > 1)


def _suspects(guard: Guard, now: float) -> Iterator[dict[str, Any]]:
    """Those that did something last, the nearest to a ban first."""
    found = (_suspect(guard, *each) for each in guard.scorer.lately(now))
    for part, source, seen, spared in heapq.nlargest(SHOWN, found):
        yield {
            "address": source.address,
            "prefix": source.length,
            "fast": round(seen.fast, 2),
            "slow": round(seen.slow, 2),
            "part": round(part, 3),
            "proof": "proven" if seen.proven else "unproven",
            "spared": spared,
        }


def _ban(ban: Ban, now: float) -> dict[str, Any]:
    left = ban.left(now)
    return {**views.ban(ban), "remaining": None if left is None else round(left, 3)}


def _alarm(alarm: Alarm) -> dict[str, Any]:
    told = views.alarm(alarm._replace(evidence=b""))
    return {name: told[name] for name in ("kind", "source", "since", "text")}
