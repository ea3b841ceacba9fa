"""Edge: bans in the log, a few lines for however many."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from amiguard.views import printable, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amiguard.model import Ban

_log = logging.getLogger("amiguard")

_ANNOUNCED: Final = 20


def say_each(text: str, bans: Sequence[Ban]) -> None:
    """A line for each source of the first bans, with the text around it."""
    for ban in bans[:_ANNOUNCED]:
        _log.info(text, ban.source)
    if len(bans) > _ANNOUNCED:
        _log.info(text, f"{len(bans) - _ANNOUNCED} more")


def announce(bans: Sequence[Ban]) -> None:
    """A line for each of the first bans, which begin now."""
    for ban in bans[:_ANNOUNCED]:
        length = span(ban.until - ban.since)
        _log.warning(
            "banned %s (%s, %s) for %s: %s", ban.source, ban.scope, ban.proof, length, printable(ban.reason)
        )
    if len(bans) > _ANNOUNCED:
        _log.warning("banned %d more at once; `amiguard list` names them", len(bans) - _ANNOUNCED)
