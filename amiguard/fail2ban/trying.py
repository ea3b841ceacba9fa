"""Edge: a filter tried on many lines, within its budget of CPU time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.fail2ban.budget import OverrunError
from amiguard.fail2ban.frames import Answer, Finding, Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.fail2ban.budget import Budget
    from amiguard.fail2ban.matcher import Matcher

_TURN: Final = 10
"""Ticks of CPU time after which to answer at the latest, so that who waits hears of us."""
_MOST: Final = 200
"""Failures in one answer, so that it is not too large."""


def tried(matcher: Matcher, work: Work, budget: Budget) -> Answer:
    """Try a filter on lines until they are all read, one takes too long, or there is much to tell."""
    found: list[Finding] = []
    last = budget.ticks + _TURN
    for begin, end in matcher.worth(work.data):
        line = work.data[begin:end].decode("utf-8", "replace").rstrip("\r")
        try:
            failure = budget.spend(matcher.read, line, work.now)
        except OverrunError:
            return Answer(end + 1, overran=True, findings=tuple(found))
        if failure:
            found.append(Finding(failure, line))
        if len(found) >= _MOST or budget.ticks >= last:
            return Answer(end + 1, overran=False, findings=tuple(found))
    return Answer(len(work.data), overran=False, findings=tuple(found))


def answers(matcher: Matcher, data: bytes, now: float, budget: Budget) -> Iterator[Answer]:
    """What lines, each with its LF, tell of, all of them; `now` as in `Matcher.read`."""
    while data:
        answer = tried(matcher, Work(now, 0, data), budget)
        yield answer
        data = data[answer.used :]
