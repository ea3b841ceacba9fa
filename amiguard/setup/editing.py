"""Pure: lines put into a text; every other byte stays as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEY: Final = re.compile(rb"([^=]*=>?[ \t]*)([^;\r\n]*[^;\s])?")


def appended(text: bytes, lines: Sequence[str]) -> bytes:
    """The text with these lines at its end, an empty one between."""
    parted = text if not text or text.endswith(b"\n") else text + _ending(text)
    return parted + (_ending(text) if text.strip() else b"") + _joined(lines, _ending(text))


def inserted(text: bytes, after: int, lines: Sequence[str]) -> bytes:
    """The text with these lines behind its line number `after`, from 1."""
    rows = text.split(b"\n")
    before, behind = b"\n".join(rows[:after]), b"\n".join(rows[after:])
    return before + (b"\n" if after < len(rows) else _ending(text)) + _joined(lines, _ending(text)) + behind


def assigned(text: bytes, at: int, value: str) -> bytes:
    """The text with another value in the assignment of its line `at`; the comment behind it stays."""
    rows = text.split(b"\n")
    rows[at - 1] = _KEY.sub(lambda found: found[1] + value.encode(), rows[at - 1], count=1)
    return b"\n".join(rows)


def _joined(lines: Sequence[str], ending: bytes) -> bytes:
    return b"".join(line.encode("utf-8", "surrogateescape") + ending for line in lines)


def _ending(text: bytes) -> bytes:
    """How lines of it end."""
    return b"\r\n" if b"\r\n" in text else b"\n"
