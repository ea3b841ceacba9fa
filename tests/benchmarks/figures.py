"""Pure: what was measured, ours beside a peer's of the same run, as a table and as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COLUMNS = ("figure", "unit", "goal", "amiguard", "peer", "theirs", "ratio", "")
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a median (or what `name` says) of ours, and of a peer in the same run.

    `goal` is the most that ours may be, None where there is none; `ours` or
    `theirs` is None where it could not be measured, and `remark` says why.
    """

    name: str
    unit: str
    ours: float | None
    goal: float | None = None
    peer: str = ""
    theirs: float | None = None
    remark: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times more the peer takes; None where either is unknown or nothing."""
        return self.theirs / self.ours if self.ours and self.theirs is not None else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none, or nothing to hold against it."""
        return None if self.goal is None or self.ours is None else self.ours <= self.goal

    def as_dict(self) -> dict[str, Any]:
        """All of it, with the ratio and whether the goal is met, for JSON."""
        return {**asdict(self), "ratio": self.ratio, "met": self.met}

    def cells(self) -> tuple[str, ...]:
        """The line as texts, a missed goal marked."""
        verdict = {True: "", False: "MISSED", None: ""}[self.met]
        remark = "; ".join(filter(None, (verdict, self.remark)))
        numbers = [_text(number) for number in (self.goal, self.ours, self.theirs, self.ratio)]
        return (self.name, self.unit, numbers[0], numbers[1], self.peer, numbers[2], numbers[3], remark)


def median(values: Iterable[float]) -> float:
    """The middle value, or the greater of the two in the middle; at least one value."""
    return quantile(list(values), 0.5)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of them do not exceed; at least one value."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def table(figures: Iterable[Figure]) -> str:
    """The figures in aligned columns, numbers to the right."""
    rows = [_COLUMNS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return "\n".join(_GAP.join(map(_aligned, range(len(row)), row, widths)).rstrip() for row in rows)


def _aligned(column: int, cell: str, width: int) -> str:
    return (
        cell.rjust(width)
        if _COLUMNS[column] in {"goal", "amiguard", "theirs", "ratio"}
        else cell.ljust(width)
    )


def _text(number: float | None) -> str:
    """Three significant digits, without an exponent."""
    if number is None:
        return "-"
    if not number:
        return "0"
    return f"{number:.{max(0, 2 - math.floor(math.log10(abs(number))))}f}"
