"""Pure: which logs are no evidence, whatever they hold.

A packet without a Via makes pjproject's ERROR dump it, any number of forged
lines, into every log of text that has that level.  In JSON it stays one record,
which says who wrote it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    Level = Literal["notice", "security"]

_MIXED: Final = re.compile(r"(?:.*/)?(messages|full)(?!.*\.json)(?:[._-][^/]*)?")
_ASTERISKS: Final = re.compile(
    r"(?:.*/)?(?:amiguard-)?asterisk(?:-(\w+)[\w-]*)?(?:\.conf)?(?:\[.*)?", re.DOTALL
)
_MENDS: Final = {"notice": "notice => notice", "security": "security.json => [json]security"}


def level(name: str) -> Level | None:
    """Which level of Asterisk's a filter of this name or path looks for; None where it is for others."""
    match = _ASTERISKS.fullmatch(name)
    return ("security" if match[1] == "security" else "notice") if match else None


def refusal(path: str, level: Level, levels: Iterable[str] = ()) -> str:
    """Why a log is no evidence, with the mend; empty when it is.

    Args:
        path: the log's path; Asterisk's `messages` and `full`, rotated ones too, are known by their
            names, unless they end in `.json`.
        level: what is looked for in it.
        levels: what logger.conf writes into it as text, lower case; none when that is unknown.
    """
    mend = f"give the level a file of its own in logger.conf: {_MENDS[level]}"
    if match := _MIXED.fullmatch(path):
        return f"anyone can write into {match[1]}, by a packet that Asterisk quotes as an error; {mend}"
    if others := sorted(set(levels) - {level}):
        return f"it holds {', '.join(others)} beside {level}, and anyone can write such lines; {mend}"
    return ""
