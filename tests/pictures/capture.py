"""Pure: what stands in a terminal, as a picture in SVG."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyte
    from pyte.screens import Char

WIDTH, HEIGHT = 8, 17
"""Of a character."""
MARGIN = 12
GROUND, INK = "#14191d", "#d7dde1"
COLOURS = {"default": INK, "red": "#ff7b72", "green": "#7ee787", "brown": "#e3b341", "cyan": "#79c0ff"}
FONT = "font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 13px"


class Look(NamedTuple):
    """How a character looks."""

    colour: str
    bold: bool
    reverse: bool


def picture(screen: pyte.Screen) -> str:
    """The picture; lines at the end on which nothing stands are left out."""
    rows = [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]
    width, height = (2 * MARGIN + size for size in (screen.columns * WIDTH, screen.lines * HEIGHT))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}">'
    ground = f'<rect width="{width}" height="{height}" rx="6" fill="{GROUND}"/>'
    texts = "\n".join(mark for y, row in enumerate(rows) for mark in _row(row, y))
    return f'{head}\n{ground}\n<g style="{FONT}">\n{texts}\n</g>\n</svg>\n'


def _row(row: list[Char], y: int) -> Iterator[str]:
    x = 0
    for look, chars in groupby(row, _look):
        text = "".join(char.data for char in chars)
        yield from _run(text, look, x, y)
        x += len(text)


def _look(char: Char) -> Look:
    return Look(COLOURS.get(char.fg, INK), char.bold, char.reverse)


def _run(text: str, look: Look, x: int, y: int) -> Iterator[str]:
    left, top, length = MARGIN + x * WIDTH, MARGIN + y * HEIGHT, len(text) * WIDTH
    if look.reverse:
        yield f'<rect x="{left}" y="{top}" width="{length}" height="{HEIGHT}" fill="{look.colour}"/>'
    if text.strip():
        colour = GROUND if look.reverse else look.colour
        bold = ' font-weight="bold"' if look.bold else ""
        place = f'x="{left}" y="{top + HEIGHT - 4}" textLength="{length}" xml:space="preserve"'
        yield f'<text {place} fill="{colour}"{bold}>{escape(text)}</text>'
