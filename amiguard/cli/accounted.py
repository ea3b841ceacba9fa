"""Pure: what `accounts` tells, as lines for a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from amiguard.cli.columns import columns, network

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACCOUNTS: Final = ("ACCOUNT", "SERVICE", "ATTACK", "SOURCES", "BANNED", "FAILURES", "SINCE", "LAST")
_SOURCES: Final = ("  SOURCE", "FAILURES", "LAST", "BANNED")
_NAMED: Final = 10
"""Accounts that do not exist, and phones, that are named."""


def of(told: dict[str, Any], account: str) -> dict[str, Any]:
    """What is told of one account; of log-ins, those whose evidence names it."""
    return {
        "accounts": [each for each in told["accounts"] if each["account"] == account],
        "broken_phones": [each for each in told["broken_phones"] if each["account"] == account],
        "breaches": [
            each
            for each in told["breaches"]
            if any(record["account"] == account for record in each["evidence"])
        ],
    }


def lines(told: dict[str, Any], *, whole: bool) -> Iterator[str]:
    """All of it; with `whole` every source, and the accounts that do not exist."""
    accounts = [each for each in told["accounts"] if each["exists"] or whole]
    if accounts:
        yield from columns(_ACCOUNTS, [_row(each) for each in accounts])
    else:
        yield "no account that exists was guessed at within a day"
    if whole:
        for each in accounts:
            yield from columns(_SOURCES, [_source(one) for one in reversed(each["from"])])
    else:
        yield from _made_up([each["account"] for each in told["accounts"] if not each["exists"]])
    for phone in told["broken_phones"]:
        yield f"broken phone: {broken(phone)}"
    for alarm in told["breaches"]:
        yield f"BREACH {alarm['since']} {alarm['source']}: {alarm['text']}"


def broken(phone: dict[str, Any]) -> str:
    """A broken phone in plain words."""
    since = datetime.fromisoformat(phone["since"])
    rhythm = f"has failed every {phone['every']:.0f} s since {since:%A %Y-%m-%d %H:%M}"
    return f"account {phone['account']} at {phone['address']} {rhythm} with what looks like {phone['cause']}"


def _made_up(names: list[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"tried, but do not exist: {', '.join(names[:_NAMED])}{more}"


def _row(told: dict[str, Any]) -> tuple[str, ...]:
    banned = sum(source["banned"] for source in told["from"])
    counts = (str(told["sources"]), str(banned), str(told["failures"]))
    return told["account"], told["service"], told["attack"], *counts, told["since"], told["last"]


def _source(told: dict[str, Any]) -> tuple[str, ...]:
    return f"  {network(told)}", str(told["failures"]), told["last"], "banned" if told["banned"] else ""
