"""Edge: CPU time for what may never end.

Python's regular expressions look for signals every few thousand steps, in the
main thread: so a timer that counts this process's own CPU time ends one that
backtracks without end, and a busy machine ends none that does not.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final, ParamSpec, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_T = TypeVar("_T")

TICK: Final = 0.1
"""Seconds of CPU; what has begun before one tick and not ended at the next is ended."""


class OverrunError(Exception):
    """It took too long."""


class Budget:
    """Limits what is called to two ticks at most; a context manager in the main thread.

    Attributes:
        ticks: how many have passed, so that there is a cheap clock.
    """

    def __init__(self, tick: float = TICK) -> None:
        self.ticks = 0
        self._tick = tick
        self._calls = self._seen = 0
        self._armed = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGVTALRM, self._ticked)
        signal.setitimer(signal.ITIMER_VIRTUAL, self._tick, self._tick)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, self._before)

    def spend(self, act: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call, and give what it returns.

        Raises:
            OverrunError: it took more than a tick, and was ended.
        """
        self._calls += 1
        self._armed = True
        found = act(*args, **kwargs)
        self._armed = False
        return found

    def _ticked(self, *_: object) -> None:
        self.ticks += 1
        overrun = self._armed and self._seen == self._calls
        self._seen = self._calls
        if overrun:
            self._armed = False
            raise OverrunError
