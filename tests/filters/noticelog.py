"""Pure: whom our own reading of a notice blames beyond doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amiguard.sources.notice import NoticeLog
from amiguard.sources.noticelines import Notice

if TYPE_CHECKING:
    from amiguard.model import Prefix

NOON = 1_795_299_699.0


def firm(line: bytes) -> list[Prefix]:
    """Who is named by a line that nobody but Asterisk can have written so."""
    outcomes = NoticeLog().feed(line + b"\n", NOON)
    return [outcome.address for outcome in outcomes if isinstance(outcome, Notice) and outcome.firm]
