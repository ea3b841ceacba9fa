"""Pure: which accounts are under attack, as `accounts` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amiguard import views

if TYPE_CHECKING:
    from collections.abc import Callable

    from amiguard.judge.accounts import Attack
    from amiguard.judge.guard import Guard
    from amiguard.model import Prefix


def told(guard: Guard, now: float, since: float, banned: Callable[[Prefix], bool]) -> dict[str, Any]:
    """The accounts, the broken phones, which are none, and the log-ins that may be guesses come true.

    Args:
        guard: who judges; any thread may ask.
        now: a phone that is broken is so now.
        since: what was tried before it is not told.
        banned: whether a source is banned.
    """
    return {
        "accounts": [_whole(each, banned) for each in guard.logins.accounts.all(since)],
        "broken_phones": [views.broken_phone(phone) for phone in guard.phones.broken(now)],
        "breaches": [views.alarm(alarm) for alarm in guard.alarms if alarm.what == "breach"],
    }


def attack(attack: Attack) -> dict[str, Any]:
    """An account that is guessed at, and by how many sources."""
    return {
        "account": views.printable(attack.account),
        "service": views.printable(attack.service),
        "exists": attack.exists,
        "attack": attack.kind,
        "since": views.moment(attack.since),
        "last": views.moment(attack.last),
        "failures": attack.failures,
        "sources": len(attack.sources),
    }


def _whole(one: Attack, banned: Callable[[Prefix], bool]) -> dict[str, Any]:
    """The same with each source, and whether that is banned."""
    return {
        **attack(one),
        "from": [
            {
                "address": source.address,
                "prefix": source.length,
                "failures": tries.failures,
                "last": views.moment(tries.last),
                "banned": banned(source),
            }
            for source, tries in one.sources
        ],
    }
