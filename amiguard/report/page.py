"""Pure: a report as one HTML page that asks nothing of anybody: no network, no script."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final

from amiguard import health
from amiguard.report import charts
from amiguard.report.markup import document, element, style
from amiguard.report.words import account, event, figures, minute, number, phone, seconds, size
from amiguard.views import printable, span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from amiguard.judge.accounts import Attack
    from amiguard.report.markup import Markup
    from amiguard.report.summary import Count, Report
    from amiguard.report.timeline import Timeline
    from amiguard.store.rows import BanRow

_NOTHING: Final = "None."


def page(report: Report, sheet: str) -> str:
    """The page.

    Args:
        report: what it tells.
        sheet: its style sheet.
    """
    title = f"amiguard: {printable(report.host)}"
    head = (
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(sheet)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        style(sheet),
    )
    sections = (_section(heading, tell, report) for heading, tell in _SECTIONS.items())
    return document(head, (*_top(report, title), *sections))


def _policy(sheet: str) -> str:
    """Nothing may be loaded, run or sent; of styles, this sheet alone holds."""
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'none'; base-uri 'none'"


def _top(report: Report, title: str) -> Iterator[Markup]:
    yield element("h1", title)
    yield element("p", f"{minute(report.since)} to {minute(report.until)}", class_="faint")
    for gap in report.gaps:
        yield element("p", f"Not in here: {printable(gap)}.", class_="bad")
    yield element("dl", *(_figure(*pair) for pair in figures(report)), class_="figures")


def _figure(name: str, value: str) -> Markup:
    return element("div", element("dt", name), element("dd", value))


def _section(heading: str, tell: Callable[[Report], Iterator[Markup]], report: Report) -> Markup:
    return element("section", element("h2", heading), *(list(tell(report)) or [element("p", _NOTHING)]))


def _alarms(report: Report) -> Iterator[Markup]:
    if report.alarms:
        rows = [(minute(one.time), one.what, str(one.source), printable(one.text)) for one in report.alarms]
        yield _table(("when/t", "alarm/t", "source/t", "what/w"), rows)


def _attempts(report: Report) -> Iterator[Markup]:
    yield element("p", "By those who were not banned yet; what banned sources sent the kernel has dropped.")
    yield from _chart(report.attempts, event, "failed log-ins over time")
    yield from _panels(report.failures, event)


def _bans(report: Report) -> Iterator[Markup]:
    yield from _chart(report.bans, _scope, "bans over time")
    yield from _panels(report.sentences, _scope)


def _delays(report: Report) -> Iterator[Markup]:
    if report.delays:
        told = f"of {number(report.delays.bans)} bans half came within {seconds(report.delays.median)}"
        rest = f"nine of ten within {seconds(report.delays.ninth_decile)}"
        yield element("p", f"From the oldest failure that is kept of a source (eight are): {told}, {rest}.")
        yield _bars(report.delays.spread, str)


def _networks(report: Report) -> Iterator[Markup]:
    if report.networks:
        rows = [
            (str(one.network), number(one.bans), number(one.sources), number(one.packets))
            for one in report.networks
        ]
        yield _table(("network/t", "bans/n", "sources/n", "packets dropped now/n"), rows)


def _accounts(report: Report) -> Iterator[Markup]:
    if report.attacks:
        yield element("p", "Within the last day, by whomever:")
        found = [_attack(one) for one in report.attacks]
        yield _table(("account/w", "service/t", "attack/t", "sources/n", "failures/n", "last/t"), found)
    if report.accounts:
        yield element(
            "p",
            "Over the whole time, as the evidence against banned sources tells (eight records of each):",
        )
        rows = [
            (account(one.name), number(one.sources), number(one.tries), minute(one.last))
            for one in report.accounts
        ]
        yield _table(("account/w", "sources/n", "tries/n", "last/t"), rows)


def _attack(one: Attack) -> tuple[str, ...]:
    kind = one.kind if one.exists else "no such account"
    counts = number(len(one.sources)), number(one.failures)
    return account(one.account), printable(one.service), kind, *counts, minute(one.last)


def _drops(report: Report) -> Iterator[Markup]:
    yield from _chart(report.drops, str, "packets dropped over time")


def _effects(report: Report) -> Iterator[Markup]:
    if report.running is None:
        yield element("p", "The kernel was not asked.")
    elif report.running:
        dropped = f"{number(report.packets)} packets, {size(report.bytes)}"
        yield element("p", f"{number(report.in_force)} bans stand now, and have dropped {dropped}.")
        rows = [
            (
                str(ban.source),
                ban.scope,
                minute(ban.since),
                number(packets),
                size(octets),
                printable(ban.reason),
            )
            for ban, packets, octets in report.running
        ]
        yield _table(("source/t", "scope/t", "since/t", "packets/n", "bytes/n", "reason/w"), rows)


def _newest(report: Report) -> Iterator[Markup]:
    if report.newest:
        yield _table(
            ("since/t", "source/t", "for/t", "scope/t", "strike/n", "reason/w"),
            [_sentence(row) for row in report.newest],
        )


def _sentence(row: BanRow) -> tuple[str, ...]:
    ban = row.ban
    lasts = span(ban.until - ban.since)
    why = printable(ban.reason) if ban.origin == "judged" else f"{printable(ban.reason)} ({ban.origin})"
    return minute(ban.since), str(ban.source), lasts, ban.scope, str(ban.strike or ""), why


def _phones(report: Report) -> Iterator[Markup]:
    if report.phones:
        yield element("ul", *(element("li", f"{phone(one)}.") for one in report.phones))


def _tampering(report: Report) -> Iterator[Markup]:
    if report.tampering:
        told = f"{number(report.tampering)} records tampered with, each an offence of its true source."
        yield element("p", told, class_="bad")
    if report.tamperers:
        yield _bars(report.tamperers, str)


def _health(report: Report) -> Iterator[Markup]:
    if report.status is None:
        yield element("p", "The service does not answer.", class_="bad")
        return
    yield _table(("what/t", "found/w"), [(fact.name, fact.text) for fact in health.facts(report.status)])
    heads = ("source of events/w", "state/w", "events/n", "ambiguous/n", "behind/n")
    yield _table(heads, [_channel(row) for row in report.status["sources"]])


def _channel(row: Mapping[str, Any]) -> tuple[str, ...]:
    name, state, _ = health.source(row)
    events, ambiguous = number(row["events"]), number(row["ambiguous"])
    return f"{row['kind']} {name}", state, events, ambiguous, seconds(row["lag"])


_SECTIONS: Final[dict[str, Callable[[Report], Iterator[Markup]]]] = {
    "Alarms": _alarms,
    "Failed log-ins": _attempts,
    "Bans": _bans,
    "From failure to ban": _delays,
    "Networks": _networks,
    "Accounts under attack": _accounts,
    "Packets dropped": _drops,
    "What stands now, and what it has dropped": _effects,
    "The newest bans": _newest,
    "Broken phones": _phones,
    "Tampering": _tampering,
    "Health": _health,
}


def _scope(name: str) -> str:
    return {"house": "house: every port", "door": "door: SIP over UDP"}.get(name, name)


def _chart(timeline: Timeline, name: Callable[[str], str], label: str) -> Iterator[Markup]:
    if timeline.series:
        yield charts.columns(timeline, name, label)
        entries = (
            element("li", charts.swatch(index), f"{name(series.name)}: {number(series.total)}")
            for index, series in enumerate(timeline.series)
        )
        yield element("ul", *entries, class_="legend")
    else:
        yield element("p", _NOTHING)


def _panels(counts: Mapping[str, tuple[Count, ...]], name: Callable[[str], str]) -> Iterator[Markup]:
    if any(counts.values()):
        panels = (element("div", element("h3", f"by {by}"), _bars(rows, name)) for by, rows in counts.items())
        yield element("div", *panels, class_="panels")


def _bars(rows: Sequence[Count], name: Callable[[str], str]) -> Markup:
    most = max((row.times for row in rows), default=0) or 1
    lines = (
        element(
            "tr",
            element("td", name(row.name)),
            element("td", charts.bar(row.times / most), class_="bar"),
            element("td", number(row.times), class_="n"),
        )
        for row in rows
    )
    return element("table", *lines)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """A table; each head is a name and, after a slash, the class of its column."""
    names, classes = zip(*(head.split("/") for head in heads), strict=True)
    head = element(
        "tr", *(element("th", name, class_=each) for name, each in zip(names, classes, strict=True))
    )
    lines = (
        element("tr", *(element("td", cell, class_=each) for cell, each in zip(row, classes, strict=True)))
        for row in rows
    )
    return element("div", element("table", head, *lines), class_="wide")
