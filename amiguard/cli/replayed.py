"""Pure: what came of a replay, as JSON's values and as lines for a terminal."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard import views
from amiguard.cli import accounted
from amiguard.cli.columns import columns, network
from amiguard.comparison import difference, summary
from amiguard.rehearsal import FACTORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from amiguard.comparison import Difference, Spread, Summary
    from amiguard.rehearsal import Judged, Rehearsal

_BANS: Final = ("AT", "SOURCE", "SCOPE", "PROOF", "FOR", "REASON")
_TIMES: Final = ("AT", "SOURCE", "SCOPE", "PROOF", "FOR", "TOOK", "TRIES", "FRIEND", "REASON")
_SUMS: Final = ("BANS", "SOURCES", "FRIENDS", "TOOK", "90 %", "MOST", "TRIES", "90 %", "MOST")
_SLIGHT: Final = 0.001
"""Seconds by which two times are held to be the same."""


def counted(rehearsal: Rehearsal, lines: int) -> dict[str, Any]:
    """What was read."""
    return {"lines": lines, "events": rehearsal.events, "ambiguous": rehearsal.ambiguous}


def sums(counted: dict[str, Any], rehearsals: Sequence[Rehearsal]) -> str:
    """The same in a line, and the number of bans where there is but one."""
    read = f"{counted['lines']} lines, {counted['events']} events, {counted['ambiguous']} ambiguous"
    return f"{read}, {len(rehearsals[0].judged)} bans" if len(rehearsals) == 1 else read


def _bans(rehearsals: Sequence[Rehearsal], *, times: bool) -> dict[str, Any]:
    """The bans; with `times` also what each took, and the sum of it."""
    [rehearsal] = rehearsals
    judged = rehearsal.judged
    told: dict[str, Any] = {"bans": [views.ban(each.ban) for each in judged]}
    if times:
        told |= {"times": [_time(each) for each in judged], "summary": _summary(summary(judged))}
    return told


def _bans_lines(rehearsals: Sequence[Rehearsal], *, times: bool) -> Iterator[str]:
    [rehearsal] = rehearsals
    yield from _table(rehearsal.judged, times=times)


def _accounts(rehearsals: Sequence[Rehearsal]) -> dict[str, Any]:
    """Which accounts were guessed at, and from where."""
    [rehearsal] = rehearsals
    return rehearsal.accounts()


def _accounts_lines(rehearsals: Sequence[Rehearsal]) -> Iterator[str]:
    yield from accounted.lines(_accounts(rehearsals), whole=False)


def _compared(rehearsals: Sequence[Rehearsal]) -> dict[str, Any]:
    """What the change from one configuration to the other gains and loses."""
    before, after = rehearsals
    found = difference(before.judged, after.judged)
    moved = list(_moved(found))
    return {
        "gained": [views.ban(each.ban) for each in found.gained],
        "lost": [views.ban(each.ban) for each in found.lost],
        "moved": moved,
        "same": len(found.both) - len(moved),
        "before": _summary(summary(before.judged)),
        "after": _summary(summary(after.judged)),
    }


def _moved(found: Difference) -> Iterator[dict[str, Any]]:
    """Who is banned by both, but not at the same time."""
    for old, new in found.both:
        later = new.ban.since - old.ban.since
        if abs(later) >= _SLIGHT:
            yield {**_source(new), "later": round(later, 3)}


def _compared_lines(rehearsals: Sequence[Rehearsal]) -> Iterator[str]:
    before, after = rehearsals
    found = difference(before.judged, after.judged)
    yield from columns(
        ("", *_SUMS), [("before", *_sums(summary(before.judged))), ("after", *_sums(summary(after.judged)))]
    )
    for name, judged in (("gained", found.gained), ("lost", found.lost)):
        yield f"\n{name}: {len(judged)}"
        yield from _table(judged, times=True)
    moved = list(_moved(found))
    yield f"\nbanned by both: {len(found.both)}, {len(found.both) - len(moved)} of them at the same time"
    for each in moved:
        how = "later" if each["later"] > 0 else "sooner"
        yield f"  {network(each)} {views.span(abs(each['later']))} {how}"


def _swept(rehearsals: Sequence[Rehearsal]) -> dict[str, Any]:
    """What comes of other thresholds."""
    return {
        "sweep": [
            {**_thresholds(f, each), **_summary(summary(each.judged))} for f, each in _factors(rehearsals)
        ]
    }


def _swept_lines(rehearsals: Sequence[Rehearsal]) -> Iterator[str]:
    rows = [
        (*(f"{value:g}" for value in _thresholds(factor, each).values()), *_sums(summary(each.judged)))
        for factor, each in _factors(rehearsals)
    ]
    yield from columns(("TIMES", "FAST", "SLOW", *_SUMS), rows)


def _factors(rehearsals: Sequence[Rehearsal]) -> Iterator[tuple[float, Rehearsal]]:
    return zip(FACTORS, rehearsals, strict=True)


def _thresholds(factor: float, rehearsal: Rehearsal) -> dict[str, float]:
    score = rehearsal.config.score
    return {"factor": factor, "fast": score.fast.threshold, "slow": score.slow.threshold}


def _table(judged: Sequence[Judged], *, times: bool) -> Iterator[str]:
    """The bans; nothing if there are none."""
    if judged:
        yield from columns(_TIMES if times else _BANS, [_row(each, times=times) for each in judged])


def _row(judged: Judged, *, times: bool) -> tuple[str, ...]:
    ban = judged.ban
    took = (views.span(judged.took), str(judged.tries), "yes" if judged.friend else "") if times else ()
    return (
        views.moment(ban.since) or "",
        str(ban.source),
        ban.scope,
        ban.proof,
        views.span(ban.until - ban.since),
        *took,
        views.printable(ban.reason),
    )


def _source(judged: Judged) -> dict[str, Any]:
    return {"address": judged.ban.source.address, "prefix": judged.ban.source.length}


def _time(judged: Judged) -> dict[str, Any]:
    since = views.moment(judged.ban.since)
    took = {"took": round(judged.took, 3), "tries": judged.tries, "friend": judged.friend}
    return {**_source(judged), "since": since, **took}


def _summary(sums: Summary) -> dict[str, Any]:
    return {
        "bans": sums.bans,
        "sources": sums.sources,
        "friends": [str(source) for source in sums.friends],
        "took": _spread(sums.took),
        "tries": _spread(sums.tries),
    }


def _spread(spread: Spread) -> dict[str, float]:
    return {name: round(value, 3) for name, value in spread._asdict().items()}


def _sums(sums: Summary) -> tuple[str, ...]:
    took, tries = map(views.span, sums.took), (f"{value:g}" for value in sums.tries)
    return str(sums.bans), str(sums.sources), str(len(sums.friends)), *took, *tries


class Telling(NamedTuple):
    """What is told of rehearsals: as JSON's values, and as lines."""

    document: Callable[[Sequence[Rehearsal]], dict[str, Any]]
    lines: Callable[[Sequence[Rehearsal]], Iterator[str]]


MODES: Final = {
    "bans": Telling(partial(_bans, times=False), partial(_bans_lines, times=False)),
    "times": Telling(partial(_bans, times=True), partial(_bans_lines, times=True)),
    "accounts": Telling(_accounts, _accounts_lines),
    "diff": Telling(_compared, _compared_lines),
    "sweep": Telling(_swept, _swept_lines),
}
"""By what was asked for."""
