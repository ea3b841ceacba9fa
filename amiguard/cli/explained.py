"""Pure: what `explain` tells, as lines for a terminal of plain characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from amiguard.cli.columns import columns, network
from amiguard.views import printable, span

if TYPE_CHECKING:
    from collections.abc import Iterator

_CURVE: Final = 20
"""Characters from 0 to the threshold."""
_EVIDENCE: Final = ("TIME", "BY", "POINTS", "PROOF", "SCORE", "CURVE", "MEANING")
_HISTORY: Final = ("SINCE", "SOURCE", "SCOPE", "STRIKE", "END", "REASON")
_CUT: Final = " (values were too long to be kept whole)"
_TELLERS: Final = {"log": "log", "ami": "AMI", "notice": "notice"}


def lines(told: dict[str, Any]) -> Iterator[str]:
    """All of it."""
    yield f"{network(told)} is {told['verdict']}"
    yield f"why        {told['why']}"
    if told["ban"]:
        yield from _ban(told)
    for check in told["checks"]:
        yield f"{'passed' if check['passed'] else 'SPARED':9}  {check['check']}: {check['text']}"
    yield from _scales(told)
    yield from _evidence(told)
    yield from _past(told)
    yield from _neighbours(told["neighbours"])
    for alarm in told["alarms"]:
        yield f"alarm      {alarm['since']} {alarm['kind']}: {alarm['text']}"


def _ban(told: dict[str, Any]) -> Iterator[str]:
    ban = told["ban"]
    yield f"rule       {told['rule']}"
    left = "for ever" if ban["remaining"] is None else f"{span(ban['remaining'])} left"
    who = f"{ban['origin']}, {ban['scope']}, {ban['proof']}, strike {ban['strike']}"
    yield f"ban        of {network(ban)} since {ban['since']}, {left} ({who})"
    dropped = f"{ban['packets']} packets, {ban['bytes']} bytes"
    yield f"dropped    {dropped if told['held'] else 'nothing: the kernel does not hold the ban'}"


def _scales(told: dict[str, Any]) -> Iterator[str]:
    for scale in told["scales"]:
        halving = f"halves in {span(scale['half_life'])}"
        score = f"{scale['score']:.1f} of {scale['threshold']:g}"
        yield f"score      {scale['scale']} scale of {scale['network']}: {score}, {halving}"


def _evidence(told: dict[str, Any]) -> Iterator[str]:
    records = told["evidence"]
    if not records:
        return
    name, threshold = _curved(told)
    whose = f"of the ban of {told['evidence_of']}" if told["evidence_of"] else "since its last ban"
    yield f"\nevidence {whose}, oldest first; the curve is the {name} scale, up to {threshold:g}:"
    if told["before"]:
        yield f"(of what came before, {told['before']:.1f} points were left)"
    key = "slow" if name == "slow" else "score"
    heads, *rows = columns(_EVIDENCE, [_row(each, each[key], threshold) for each in records])
    yield heads
    for row, each in zip(rows, records, strict=True):
        yield row
        yield f"  {each['record'] or 'a notice: there is no record'}{_CUT if each['cut'] else ''}"


def _row(each: dict[str, Any], score: float, threshold: float) -> tuple[str, ...]:
    bar = "#" * round(_CURVE * min(score / threshold, 1.0)) if threshold else ""
    return (
        each["time"],
        _TELLERS[each["told"]],
        f"{each['points']:.1f}",
        each["proof"],
        f"{score:.1f}",
        f"{bar:{_CURVE}}|",
        each["meaning"],
    )


def _curved(told: dict[str, Any]) -> tuple[str, float]:
    """The scale that decided, or on which the least is wanting, and its threshold."""
    if told["decided"]:
        scale = next(each for each in told["scales"] if each["scale"] == told["decided"])
    else:
        scale = min(told["scales"], key=lambda each: each["wanting"])
    return scale["scale"], scale["threshold"]


def _past(told: dict[str, Any]) -> Iterator[str]:
    if not told["history"]:
        return
    yield "\nbans so far, newest first:"
    yield from columns(_HISTORY, [_ended(ban) for ban in told["history"]])


def _ended(ban: dict[str, Any]) -> tuple[str, ...]:
    end = f"{ban['why']} {ban['ended']}" if ban["why"] else "runs"
    return ban["since"], network(ban), ban["scope"], str(ban["strike"]), end, printable(ban["reason"])


def _neighbours(told: dict[str, Any]) -> Iterator[str]:
    counts = ", ".join(f"{count} {kind}" for kind, count in told["counts"].items() if count)
    yield f"\nin {told['network']} there are beside it: {counts or 'none that we know'}"
    for each in told["named"]:
        yield f"  {each['address']} ({each['kind']})"
