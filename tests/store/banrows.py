"""Pure: short words for the bans of these tests."""

from __future__ import annotations

from typing import Any

from amiguard.model import Ban, Prefix
from amiguard.store import BanRow


def ban_row(source: str, since: float, until: float = 9e9, evidence: bytes = b"", **more: Any) -> BanRow:
    """Make a row; `more` are further fields of the ban."""
    fields: dict[str, Any] = {"scope": "house", "proof": "proven", "reason": "guessing", **more}
    return BanRow(Ban(Prefix.parse(source), since=since, until=until, **fields), evidence)
