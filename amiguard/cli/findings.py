"""Pure: what `check` finds."""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["ok", "warning", "error"]


class Finding(NamedTuple):
    """One thing looked at: how it stands, and what mends it.

    `form` is what a channel tells events in, as `sight` has it; empty if it tells none.
    `newest` is the time of its newest event, 0 if it tells none.
    """

    level: Level
    subject: str
    text: str
    mend: str = ""
    form: str = ""
    newest: float = 0.0
