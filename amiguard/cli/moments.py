"""Pure: a time as people write it on the command line."""

from __future__ import annotations

import math
from datetime import datetime


def moment(text: str, now: float) -> float:
    """Seconds since the epoch of a time in ISO 8601, or of `7d`: so long before `now`.

    A date means its beginning, a time without zone is local.

    Raises:
        ValueError: it is none of these.
    """
    from amiguard.config import duration  # noqa: PLC0415 - `--help` needs none of it

    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        ago = duration(text)
        if math.isinf(ago):
            raise ValueError("for ever ago is no time") from None
        return now - ago
