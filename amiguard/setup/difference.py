"""Pure: a change, line by line, without the secrets."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.quoting import MASK, masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.setup.view import Change

_CONTEXT: Final = 2
_HEADS: Final = 2
_ASSIGNMENT: Final = re.compile(r"([-+ ][;\s]*)([^=;]*[^=;\s])\s*=>?\s*(.*)")
_BEHIND: Final = re.compile(r"(?i)(;.*?[\w-]*(?:secret|pass)[\w-]*\s*=>?\s*)\S.*")
"""A secret in a comment behind something else."""


def difference(change: Change) -> Iterator[str]:
    """The lines of a unified diff, secrets masked."""
    before = "/dev/null" if change.before is None else change.path
    rows = _rows(change.before), _rows(change.after)
    lines = list(difflib.unified_diff(*rows, before, change.path, "", "", _CONTEXT, ""))
    yield from lines[:_HEADS]
    for line in lines[_HEADS:]:
        yield line if line.startswith("@@") else _shown(change, line)


def _rows(text: bytes | None) -> list[str]:
    whole = (text or b"").decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    return whole.removesuffix("\n").split("\n") if whole else []


def _shown(change: Change, line: str) -> str:
    if change.is_secret:
        return line[:1] + MASK
    return _masked(line) if change.path.endswith(".conf") else line


def _masked(line: str) -> str:
    """A line of Asterisk's configuration, commented out or not, without its secret."""
    found = _ASSIGNMENT.fullmatch(line)
    shown = found[1] + masked(found[2], found[3]) if found else line
    return _BEHIND.sub(rf"\1{MASK}", shown if MASK in shown else line)
