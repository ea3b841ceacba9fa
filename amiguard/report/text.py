"""Pure: a report in short, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.report import words
from amiguard.views import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.report.summary import Report

_SHOWN: Final = 5
"""Rows of each list; the page has more."""
_NAME: Final = 25


def lines(report: Report) -> Iterator[str]:
    """The lines."""
    yield f"{words.minute(report.since)} to {words.minute(report.until)}"
    for gap in report.gaps:
        yield _line("not in here", printable(gap))
    for name, value in words.figures(report):
        yield _line(name, value)
    for count in report.failures["event"][:_SHOWN]:
        yield _line("failed log-ins", f"{words.number(count.times)}: {words.event(count.name)}")
    for network in report.networks[:_SHOWN]:
        yield _line("network", f"{network.network}: {network.bans} bans of {network.sources} sources")
    for account in report.accounts[:_SHOWN]:
        tried = f"{account.tries} tries of {account.sources} banned sources"
        yield _line("account tried", f"{words.account(account.name)}: {tried}")
    for attack in [one for one in report.attacks if one.exists][:_SHOWN]:
        tried = f"{attack.failures} failures of {len(attack.sources)} sources within a day ({attack.kind})"
        yield _line("account under attack", f"{words.account(attack.account)}: {tried}")
    for alarm in report.alarms[:_SHOWN]:
        yield _line(alarm.what, f"{words.minute(alarm.time)} {alarm.source}: {printable(alarm.text)}")
    for phone in report.phones[:_SHOWN]:
        yield _line("broken phone", words.phone(phone))


def _line(name: str, text: str) -> str:
    return f"{name:{_NAME}} {text}"
