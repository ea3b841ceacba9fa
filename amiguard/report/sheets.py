"""Pure: a report as JSON, and as rows for a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

from amiguard import views
from amiguard.attacks import attack
from amiguard.report.words import account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.report.summary import Count, Report
    from amiguard.report.timeline import Timeline

_HEADS: Final = ("section", "time", "name", "measure", "value")
_FORMULA: Final = ("=", "+", "-", "@")
"""How a cell begins that a spreadsheet would work out instead of showing: somebody may be named so."""

_Row = tuple[str, str, str, str, Any]


def document(report: Report) -> dict[str, Any]:
    """What `--json` prints, but for the version."""
    return {
        "host": views.printable(report.host),
        "since": views.moment(report.since),
        "until": views.moment(report.until),
        "failures": {**_timeline(report.attempts), **_counts(report.failures)},
        "bans": {**_timeline(report.bans), **_counts(report.sentences), "sources": report.sources},
        "dropped": _timeline(report.drops),
        "delays": _delays(report),
        "networks": [{**one._asdict(), "network": str(one.network)} for one in report.networks],
        "accounts": [
            {**one._asdict(), "name": account(one.name), "last": views.moment(one.last)}
            for one in report.accounts
        ],
        "attacks": [attack(one) for one in report.attacks],
        "standing": _standing(report),
        "newest": [views.past(row, report.until) for row in report.newest],
        "tampering": {"records": report.tampering, "sources": _named(report.tamperers)},
        "alarms": [views.alarm(alarm) for alarm in report.alarms],
        "broken_phones": [views.broken_phone(phone) for phone in report.phones],
        "status": report.status,
        "gaps": [views.printable(gap) for gap in report.gaps],
    }


def sheet(report: Report) -> str:
    """What `--csv` writes: one number a row, under `section,time,name,measure,value`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADS)
    writer.writerows(tuple(map(_cell, row)) for row in _rows(report))
    return text.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _rows(report: Report) -> Iterator[_Row]:
    yield from _over_time("failures", report.attempts)
    yield from _over_time("bans", report.bans)
    yield from _over_time("dropped", report.drops)
    for section, counts in (("failures", report.failures), ("bans", report.sentences)):
        for by, rows in counts.items():
            yield from ((f"{section} by {by}", "", row.name, "times", row.times) for row in rows)
    for network, bans, sources, packets in report.networks:
        yield "networks", "", str(network), "bans", bans
        yield "networks", "", str(network), "sources", sources
        yield "networks", "", str(network), "packets", packets
    for one in report.accounts:
        last, name = views.moment(one.last) or "", account(one.name)
        yield "accounts", last, name, "tries", one.tries
        yield "accounts", last, name, "sources", one.sources
    for tried in report.attacks:
        yield "attacks", views.moment(tried.last) or "", account(tried.account), "sources", len(tried.sources)
        yield "attacks", views.moment(tried.last) or "", account(tried.account), "failures", tried.failures
    for ban, packets, octets in report.running or ():
        yield "standing", views.moment(ban.since) or "", str(ban.source), "packets", packets
        yield "standing", views.moment(ban.since) or "", str(ban.source), "bytes", octets
    yield from (("delays", "", row.name, "bans", row.times) for row in _spread(report))
    yield from (("tampering", "", row.name, "records", row.times) for row in report.tamperers)
    for alarm in report.alarms:
        yield (
            "alarms",
            views.moment(alarm.time) or "",
            str(alarm.source),
            alarm.what,
            views.printable(alarm.text),
        )
    for phone in report.phones:
        where = f"{account(phone.account)} at {phone.address}"
        yield "broken phones", views.moment(phone.since) or "", where, "failures", phone.failures


def _spread(report: Report) -> tuple[Count, ...]:
    return report.delays.spread if report.delays else ()


def _over_time(section: str, timeline: Timeline) -> Iterator[_Row]:
    for series in timeline.series:
        for start, value in zip(timeline.starts, series.values, strict=True):
            yield f"{section} over time", views.moment(start) or "", series.name, "times", value


def _timeline(timeline: Timeline) -> dict[str, Any]:
    return {
        "step": timeline.step,
        "starts": [views.moment(start) for start in timeline.starts],
        "series": [{"name": one.name, "total": one.total, "values": one.values} for one in timeline.series],
    }


def _counts(counts: Any) -> dict[str, Any]:
    return {f"by_{by}": _named(rows) for by, rows in counts.items()}


def _named(rows: tuple[Count, ...]) -> list[dict[str, Any]]:
    return [row._asdict() for row in rows]


def _delays(report: Report) -> dict[str, Any] | None:
    if report.delays is None:
        return None
    return {**report.delays._asdict(), "spread": _named(report.delays.spread)}


def _standing(report: Report) -> dict[str, Any] | None:
    """Null where the kernel was not asked."""
    if report.running is None:
        return None
    bans = [{**views.ban(one.ban), "packets": one.packets, "bytes": one.bytes} for one in report.running]
    return {"total": report.in_force, "packets": report.packets, "bytes": report.bytes, "bans": bans}
