"""Pure: lines of styled text, and tables of them; whatever anybody wrote is plain ASCII here.

A character that is two columns wide, or none, would shift what stands behind it.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from amiguard.views import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Style = Literal["plain", "bold", "faint", "bad", "good", "warn", "chosen"]
_APART: Final = 2


class Span(NamedTuple):
    """A piece of a line."""

    text: str
    style: Style = "plain"


Line = tuple[Span, ...]


class Column(NamedTuple):
    """A column of a table: `width` characters, or what is left if that is 0; in narrow terminals it may lack.

    `least` is the width of the terminal from which on it is shown; `cell` makes its text of a row.
    """

    head: str
    width: int
    cell: Callable[[Mapping[str, Any]], str]
    least: int = 0
    right: bool = False


def plain(text: str) -> str:
    """Text of which each character takes one column of any terminal."""
    return printable(text).encode("ascii", "backslashreplace").decode("ascii")


def cut(line: Iterable[Span], width: int) -> Line:
    """The line within `width` columns."""
    kept: list[Span] = []
    for span in line:
        text = plain(span.text)[:width]
        width -= len(text)
        kept.append(Span(text, span.style))
    return tuple(kept)


def wrapped(text: str, width: int) -> list[str]:
    """A text as lines of at most `width` columns, of which there is one at least."""
    return textwrap.wrap(plain(text), max(width, 1), drop_whitespace=False) or [""]


def table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    """Heads and rows, each a line, with the columns that so wide a terminal shows."""
    shown = [column for column in columns if column.least <= width]
    yield _row([(column, column.head) for column in shown], width)
    for row in rows:
        yield _row([(column, plain(column.cell(row))) for column in shown], width)


def _row(cells: Sequence[tuple[Column, str]], width: int) -> str:
    fixed = sum(column.width + _APART for column, _ in cells if column.width)
    texts = []
    for column, text in cells:
        room = column.width or max(width - fixed, 0)
        texts.append(f"{text[:room]:{'>' if column.right else '<'}{room}}")
    return (" " * _APART).join(texts).rstrip()


def shares(room: int, wants: Sequence[tuple[int, int]]) -> list[int]:
    """Lines for each of some blocks that want at least and at most so many, the first ones first."""
    given = []
    for least, _ in wants:
        given.append(min(least, room))
        room -= given[-1]
    while room and any(has < most for has, (_, most) in zip(given, wants, strict=True)):
        for place, (_, most) in enumerate(wants):
            if room and given[place] < most:
                given[place] += 1
                room -= 1
    return given
