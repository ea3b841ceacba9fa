"""Pure: the keys of amiguard.toml, described: as rows for a manual, and as an example file."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from amiguard.config.keys import SECTIONS
from amiguard.config.points import POINTS

if TYPE_CHECKING:
    from collections.abc import Iterator


class Setting(NamedTuple):
    """One key: its section, the key and its default as TOML text, and what it is for."""

    section: str
    key: str
    default: str
    note: str


_NOTES = {
    "log": "One for each log to follow.  Without any, Asterisk's logger.conf says which.",
    "ami": "One for each Asterisk Manager Interface to listen to.  Without any, none is.",
    "score.points": "Points of one event, 0 to 1000; of the keys that fit it, the most specific holds.",
}
_REPEATED = {"log", "ami"}


def settings() -> Iterator[Setting]:
    """Every key of the configuration, in the order of `example`."""
    for section, rows in SECTIONS.items():
        for row in rows:
            yield Setting(section, row.key, row.default, row.note)
        if section == "score":
            for key, points in POINTS.items():
                yield Setting("score.points", f'"{key}"' if "." in key else key, str(points), "")


def example() -> str:
    """A configuration file that says what every key means and sets each to its default.

    Tables that may be absent or repeated are comments.
    """
    return "\n".join(_block(*each) for each in groupby(settings(), attrgetter("section")))


def _block(section: str, rows: Iterator[Setting]) -> str:
    mark, header = ("# ", f"[[{section}]]") if section in _REPEATED else ("", f"[{section}]")
    note = [f"# {_NOTES[section]}"] if section in _NOTES else []
    lines = [*note, mark + header, *(mark + _line(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _line(row: Setting) -> str:
    assignment = f"{row.key} = {row.default}"
    return f"{assignment:<46}  # {row.note}" if row.note else assignment
