"""Pure: pictures as SVG, in classes that the page's style sheet colours for light, dark and paper."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from amiguard.report.markup import element
from amiguard.report.words import number, step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from amiguard.report.markup import Markup
    from amiguard.report.timeline import Timeline

_WIDTH, _HEIGHT = 720, 220
_LEFT, _TOP, _BOTTOM = 46, 8, 24
_PLOT: Final = _HEIGHT - _TOP - _BOTTOM
_GAP: Final = 0.2
"""The part of a column's room that stays free."""
_GRID: Final = 4
_ROUND: Final = (4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 60, 72)
_LABELS: Final = 6
_BAR: Final = 100


def columns(timeline: Timeline, name: Callable[[str], str], label: str) -> Markup:
    """Columns over time, those of a step one upon another.

    Args:
        timeline: what was counted.
        name: words for the name of a series.
        label: what the picture shows, for those who cannot see it.
    """
    top = _top(max((sum(values) for values in _steps(timeline)), default=0))
    marks = (*_grid(top), *_stacks(timeline, name, top), *_dates(timeline))
    return element("svg", *marks, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=label)


def bar(part: float) -> Markup:
    """A bar as long as this part, 0 to 1, of its place."""
    length = round(_BAR * part, 1)
    mark = element("rect", width=length, height=10, class_="s0")
    return element("svg", mark, viewBox=f"0 0 {_BAR} 10", preserveAspectRatio="none", aria_hidden="true")


def swatch(index: int) -> Markup:
    """The colour of the series of this index."""
    return element("svg", element("rect", width=10, height=10, class_=f"s{index}"), viewBox="0 0 10 10")


def _top(most: int) -> int:
    """The least round number that is at least as great, and that the grid divides."""
    tops = (int(f"{factor}{'0' * power}") for power in range(len(str(most)) + 1) for factor in _ROUND)
    return next(top for top in tops if top >= most)


def _steps(timeline: Timeline) -> Iterator[tuple[int, ...]]:
    return zip(*(series.values for series in timeline.series), strict=True)


def _grid(top: int) -> Iterator[Markup]:
    for line in range(_GRID + 1):
        y = _TOP + _PLOT * (1 - line / _GRID)
        yield element("line", x1=_LEFT, x2=_WIDTH, y1=y, y2=y, class_="grid")
        yield element("text", number(top * line / _GRID), x=_LEFT - 6, y=y + 4, class_="count")


def _stacks(timeline: Timeline, name: Callable[[str], str], top: int) -> Iterator[Markup]:
    room = (_WIDTH - _LEFT) / len(timeline.starts)
    for at, values in enumerate(_steps(timeline)):
        x, when = _LEFT + room * (at + _GAP / 2), step(timeline.starts[at], timeline.step)
        for index, (value, reached) in enumerate(zip(values, accumulate(values), strict=True)):
            if value:
                title = element("title", f"{when}: {number(value)} {name(timeline.series[index].name)}")
                yield element(
                    "rect",
                    title,
                    x=round(x, 1),
                    y=round(_TOP + _PLOT * (1 - reached / top), 1),
                    width=round(room * (1 - _GAP), 1),
                    height=round(_PLOT * value / top, 1),
                    class_=f"s{index}",
                )


def _dates(timeline: Timeline) -> Iterator[Markup]:
    count = len(timeline.starts)
    every, room = math.ceil(count / _LABELS), (_WIDTH - _LEFT) / count
    for at in range(0, max(count - every // 2, 1), every):
        words = step(timeline.starts[at], timeline.step)
        yield element("text", words, x=round(_LEFT + room * at, 1), y=_HEIGHT - 6, class_="date")
