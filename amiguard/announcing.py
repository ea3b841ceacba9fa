"""Edge: bans and doubtful records in the log, a few lines for however many."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from amiguard.quota import Quota
from amiguard.sources.securitylog import BROKEN
from amiguard.views import printable, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amiguard.model import Ban
    from amiguard.notify.reporter import Reporter
    from amiguard.sources.securitylog import Ambiguous

_log = logging.getLogger("amiguard")

_ANNOUNCED: Final = 20
_WARNINGS_A_MINUTE: Final = 10
_BROKEN: Final = 10
_BLINDED: Final = "somebody tries to hide honest ones among them; a JSON log cannot be broken so"


def say_each(text: str, bans: Sequence[Ban]) -> None:
    """A line for each source of the first bans, with the text around it."""
    who: list[object] = [ban.source for ban in bans[:_ANNOUNCED]]
    if len(bans) > _ANNOUNCED:
        who.append(f"{len(bans) - _ANNOUNCED} more")
    _say(logging.INFO, [text % str(one) for one in who])


def announce(bans: Sequence[Ban]) -> None:
    """A line for each of the first bans, which begin now."""
    lines = [
        f"banned {ban.source} ({ban.scope}, {ban.proof}) for {span(ban.until - ban.since)}: "
        f"{printable(ban.reason)}"
        for ban in bans[:_ANNOUNCED]
    ]
    if len(bans) > _ANNOUNCED:
        lines.append(f"banned {len(bans) - _ANNOUNCED} more at once; `amiguard list` names them")
    _say(logging.WARNING, lines)


def _say(level: int, lines: Sequence[str]) -> None:
    """Say the lines in one record, for of a record its making costs the most."""
    if lines:
        _log.log(level, "%s", "\n".join(lines))


class Doubts:
    """Says which records blame nobody, so many a minute; more of them broken than that is an alarm."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._quota = Quota(_WARNINGS_A_MINUTE)
        self._broken = Quota(_BROKEN + 1)

    def say(self, name: str, found: Ambiguous, now: float) -> None:
        """The channel of that name has told what can be read in no way, or in several."""
        if found.why == BROKEN and self._broken.take(now) == 1:
            text = f"more than {_BROKEN} broken records in {name} within a minute: {_BLINDED}"
            _log.error("%s", text)
            self._reporter.tell("tampering", now, text)
        if left := self._quota.take(now):
            last = "; more of this minute are only counted" if left == 1 else ""
            text = printable(found.text)
            _log.warning("ambiguous record in %s, %s: %s%s", name, found.why, text, last)
