"""Pure: whom to believe where AMI over HTTP is on, and whole records can be forged in anything but JSON.

A JSON log, where there is one, is believed alone.  What Asterisk cut there, the
AMI tells whole: an event of it counts if the log shows its beginning, and if it
could be forged all the same, then it is no worse than what anybody can do over
UDP: it proves nothing.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.sources.cutrecord import can_be_cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from amiguard.model import SecurityEvent
    from amiguard.sources.cutrecord import Beginning

SECONDS: Final = 5.0
"""How long a cut record and its event wait for each other; mostly it is 25 ms at worst."""
WAITING: Final = 64
"""Of either so many wait: 8 MiB of the longest AMI messages, and to push one out takes 20 MB/s."""


class Heard(NamedTuple):
    """An event, the time at which to judge it, and the channel that told it."""

    event: SecurityEvent
    time: float
    channel: str


class Forgery:
    """One for all channels of a session."""

    def __init__(self, json_heard: Callable[[], bool]) -> None:
        """Begin.

        Args:
            json_heard: whether there is a JSON log that tells events.
        """
        self._json_heard = json_heard
        self._cut: deque[tuple[float, Beginning]] = deque(maxlen=WAITING)
        self._heard: deque[tuple[float, Heard]] = deque(maxlen=WAITING)

    @property
    def json_alone(self) -> bool:
        """Whether the JSON log alone is judged."""
        return self._json_heard()

    def cut(self, beginning: Beginning, now: float) -> Heard | None:
        """A JSON log has a cut record; the event that it confirms, if that was told already."""
        self._give_up(now)
        for waiting in self._heard:
            if beginning.is_of(waiting[1].event):
                self._heard.remove(waiting)
                return waiting[1]
        self._cut.append((now, beginning))
        return None

    def told(self, heard: Heard, now: float) -> bool:
        """An AMI has told an event that could be forged; whether a cut record confirms it already."""
        if not can_be_cut(heard.event):
            return False
        self._give_up(now)
        for waiting in self._cut:
            if waiting[1].is_of(heard.event):
                self._cut.remove(waiting)
                return True
        self._heard.append((now, heard))
        return False

    def _give_up(self, now: float) -> None:
        for waiting in (self._cut, self._heard):
            while waiting and abs(now - waiting[0][0]) > SECONDS:
                waiting.popleft()
