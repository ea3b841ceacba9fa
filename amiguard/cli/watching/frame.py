"""Pure: a scene as the lines of a terminal of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from amiguard import health
from amiguard.cli.columns import network
from amiguard.cli.watching.lines import Column, Line, Span, Style, cut, shares, table, wrapped
from amiguard.cli.watching.scene import PANES
from amiguard.silence import Silent
from amiguard.views import span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amiguard.cli.watching.scene import Scene

_LEVELS: Final = " .:-=+*#"
_CURVE: Final = 20
_BAR: Final = 10
_SOURCES: Final = 4
_WARNINGS: Final = 2
_WIDE: Final = 60
_KEYS: Final = "Tab list  u unban  a allow  e explain  ? help  q quit"
_ON_A_PAGE: Final = "Up, Down scroll  q back"
_NEAR: Final = 0.75
"""The part of a threshold from which on a suspect is shown in red."""

_BANS: Final = (
    Column("BANNED, newest first", 23, network),
    Column("LEFT", 8, lambda row: span(row["remaining"])),
    Column("SCOPE", 5, lambda row: str(row["scope"]), _WIDE),
    Column("N", 2, lambda row: str(row["strike"] or ""), _WIDE, right=True),
    Column("REASON", 0, lambda row: str(row["reason"])),
)
_SUSPECTS: Final = (
    Column("SUSPECTS", 23, network),
    Column("DONE", 5, lambda row: f"{row['part']:.0%}", right=True),
    Column("", _BAR, lambda row: "#" * round(_BAR * min(row["part"], 1.0)), _WIDE),
    Column("FAST", 6, lambda row: f"{row['fast']:.1f}", _WIDE, right=True),
    Column("SLOW", 6, lambda row: f"{row['slow']:.1f}", _WIDE, right=True),
    Column("EVIDENCE", 0, lambda row: f"{row['proof']}{', spared' if row['spared'] else ''}"),
)
_TABLES: Final = {"newest": _BANS, "suspects": _SUSPECTS}


def frame(scene: Scene, width: int, height: int, now: float) -> list[Line]:
    """The picture: `height` lines, none wider than `width`."""
    body = _page(scene, width, height - 1) if scene.page else _body(scene, width, height - 1, now)
    lines = [cut(line, width) for line in body][: height - 1]
    lines += [()] * (height - 1 - len(lines))
    return [*lines, cut((_footer(scene),), width)][:height]


def _footer(scene: Scene) -> Span:
    if scene.question:
        return Span(f"{scene.question.text} y: yes, any other key: no", "chosen")
    if scene.message:
        return Span(scene.message, "bold")
    return Span(_ON_A_PAGE if scene.page else _KEYS, "faint")


def _page(scene: Scene, width: int, height: int) -> list[Line]:
    lines = [
        part for text in scene.page[scene.top :] for one in text.split("\n") for part in wrapped(one, width)
    ]
    return [(Span(line),) for line in lines[:height]]


def _body(scene: Scene, width: int, height: int, now: float) -> list[Line]:
    head = [_title(scene), *_trouble(scene, now)]
    if not scene.told:
        return head
    head.append(_vitals(scene.told))
    warnings, sources = list(_warnings(scene.told)), list(_sources(scene))
    wants = [
        (min(len(warnings), 1), min(len(warnings), _WARNINGS)),
        (1, min(len(sources), _SOURCES)),
        *((2, 1 + max(len(scene.rows(pane)), 1)) for pane in PANES),
    ]
    rooms = shares(max(height - len(head), 0), wants)
    lines = [*head, *warnings[: rooms[0]], *sources[: rooms[1]]]
    for pane, room in zip(PANES, rooms[2:], strict=True):
        lines += _pane(scene, pane, width, room)
    return [*lines, *_detail(scene, width)]


def _title(scene: Scene) -> Line:
    rates = scene.rates
    curve = list(rates.curve)[-_CURVE:]
    most = max(curve, default=0.0) or 1.0
    drawn = "".join(_LEVELS[round(rate / most * (len(_LEVELS) - 1))] for rate in curve)
    speed = f"{rates.curve[-1]:.1f}" if rates.curve else "-"
    return Span("amiguard", "bold"), Span(f"  {speed} events/s  "), Span(drawn, "good")


def _trouble(scene: Scene, now: float) -> Iterator[Line]:
    if silent := scene.silence(now):
        why = scene.trouble or "the service is slow to answer"
        yield (Span(f"no news for {span(silent)}: {why}", "bad"),)


def _vitals(told: Mapping[str, Any]) -> Line:
    counts = f"{told['bans']} banned  {told['tracked']} suspects  {told['friends']} friends  "
    ill = ((f"{name} {told[name]['state']}  ", health.ill(told[name])) for name in ("firewall", "store"))
    repairs = told["firewall"]["repairs"]
    states = (Span(text, "bad" if bad else "good") for text, bad in ill)
    return Span(counts), *states, Span(f"{repairs} repairs" if repairs else "", "warn")


def _warnings(told: Mapping[str, Any]) -> Iterator[Line]:
    """Who is silent, and the newest alarms."""
    for row in told["silent"]:
        yield (Span(f"SILENT {row['name']}: {Silent(**row)}", "bad"),)
    for alarm in told["alarms"]:
        time = alarm["since"][5:16].replace("T", " ")
        style: Style = "bad" if alarm["kind"] == "breach" else "warn"
        yield (Span(f"{time} {alarm['kind']} {alarm['source']}: {alarm['text']}", style),)


def _sources(scene: Scene) -> Iterator[Line]:
    """Who tells events; the ill ones first, for there may be more than fit."""
    told = [(row, health.source(row)) for row in scene.told["sources"]]
    for row, (name, state, ill) in sorted(told, key=lambda pair: not pair[1].ill):
        rate = scene.rates.now.get(row["name"])
        speed = "" if rate is None else f"{rate:.1f}/s  "
        lag = f"{row['lag']:.0f} s behind  " if row["lag"] >= 1 else ""
        counts = f"{row['events']} events  {row['ambiguous']} ambiguous"
        yield (
            Span(f"{state}  ", "bad" if ill else "good"),
            Span(f"{speed}{lag}{counts}  {row['kind']} {name}"),
        )


def _pane(scene: Scene, pane: str, width: int, room: int) -> Iterator[Line]:
    """A list with its chosen row in sight."""
    if not room:
        return
    chosen, rows = scene.chosen(pane), scene.rows(pane)
    first = max(chosen - (room - 2), 0)
    head, *lines = table(_TABLES[pane], rows[first : first + room - 1], width)
    yield (Span(head, "bold" if pane == scene.pane else "faint"),)
    for place, (row, line) in enumerate(zip(rows[first:], lines, strict=False), first):
        here = place == chosen and pane == scene.pane
        yield (Span(line.ljust(width) if here else line, "chosen" if here else _style(row)),)
    if not rows and room > 1:
        yield (Span("  nobody", "faint"),)


def _detail(scene: Scene, width: int) -> Iterator[Line]:
    """Where there is room left, the reason of the chosen ban in full."""
    rows = scene.rows(scene.pane)
    if rows and (reason := rows[scene.chosen(scene.pane)].get("reason")):
        yield ()
        yield from ((Span(line, "faint"),) for line in wrapped(reason, width))


def _style(row: Mapping[str, Any]) -> Style:
    return "bad" if row.get("part", 0.0) >= _NEAR else "plain"
