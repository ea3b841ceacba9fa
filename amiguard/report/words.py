"""Pure: how a report words names, times and numbers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from amiguard.judge.tallies import TAMPERING
from amiguard.report.timeline import OTHERS
from amiguard.sources.kinds import MEANINGS
from amiguard.views import printable, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.judge.rhythm import BrokenPhone
    from amiguard.report.summary import Report

_HALF_DAY: Final = 43_200
_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024
_EVENTS: Final = {TAMPERING: "a record tampered with", OTHERS: "anything else"}
_SECONDS: Final = 10.0


def number(count: float) -> str:
    """A whole number with its thousands apart."""
    return f"{count:,.0f}"


def size(octets: float) -> str:
    """So many bytes in the largest unit that fits."""
    unit = 0
    while octets >= _STEP and unit < len(_UNITS) - 1:
        octets, unit = octets / _STEP, unit + 1
    return f"{octets:.1f} {_UNITS[unit]}" if unit else f"{octets:.0f} {_UNITS[0]}"


def minute(time: float) -> str:
    """A local time, to the minute."""
    return f"{datetime.fromtimestamp(time).astimezone():%Y-%m-%d %H:%M}"


def step(time: float, seconds: int) -> str:
    """A local time, as exact as steps of so many seconds are."""
    return f"{datetime.fromtimestamp(time).astimezone():{'%d %b' if seconds >= _HALF_DAY else '%d %b %H:%M'}}"


def seconds(count: float) -> str:
    """A short duration: exact where it is short."""
    return f"{count:.1f} s" if count < _SECONDS else span(count)


def event(kind: str) -> str:
    """What a kind of event means."""
    return _EVENTS.get(kind) or MEANINGS.get(kind, kind)


def account(name: bytes) -> str:
    """An account's name, of which an attacker may have written every byte."""
    return printable(name) or "(none)"


def phone(one: BrokenPhone) -> str:
    """A broken phone in plain words."""
    rhythm = f"has failed every {one.every:.0f} s since {minute(one.since)}"
    looks = f"with what looks like {printable(one.cause)}"
    return f"account {account(one.account)} at {one.address} {rhythm}, {looks}"


def figures(report: Report) -> Iterator[tuple[str, str]]:
    """The most important numbers, with their names."""
    yield "failed log-ins", number(sum(series.total for series in report.attempts.series))
    yield "bans", number(sum(series.total for series in report.bans.series))
    yield "banned sources", number(report.sources)
    if report.running is not None:
        yield "banned now", number(report.in_force)
    yield "packets dropped", number(sum(series.total for series in report.drops.series))
    if report.delays:
        yield "failure to ban, median", seconds(report.delays.median)
    yield "breaches", number(sum(alarm.what == "breach" for alarm in report.alarms))
    yield "broken phones", number(len(report.phones))
