"""Pure: what is said once a day and remembered, with what it rests on."""

from __future__ import annotations

import base64
import json
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

from amiguard.judge.friends import DAY
from amiguard.model import Alarm, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

LATEST: Final = 30
"""Alarms of each kind that are remembered: who provokes one kind does not push out another."""
SAID: Final = 4096
"""Alarms of which it is known when they were said."""

_Key = tuple[str, Prefix, bytes]


class Alarms:
    """Says each alarm once a day; iterating gives the latest, newest first."""

    def __init__(self) -> None:
        self.changed = False
        """Whether there are others than the store was given last."""
        self._said: dict[_Key, float] = {}
        self._latest: defaultdict[str, deque[Alarm]] = defaultdict(lambda: deque(maxlen=LATEST))

    def __iter__(self) -> Iterator[Alarm]:
        alarms = [alarm for kind in self._latest.values() for alarm in kind]
        return iter(sorted(alarms, key=lambda alarm: alarm.time, reverse=True))

    def say(self, alarm: Alarm) -> tuple[Alarm, ...]:
        """The alarm, unless the same was said of the same source within a day."""
        key = _key(alarm)
        if not self.due(alarm):
            return ()
        self._said.pop(key, None)
        if len(self._said) >= SAID:
            del self._said[next(iter(self._said))]
        self._note(alarm)
        self.changed = True
        return (alarm,)

    def due(self, alarm: Alarm) -> bool:
        """Whether it would be said; its text and evidence do not matter."""
        return alarm.time - self._said.get(_key(alarm), -DAY) >= DAY

    def shift(self, delta: float) -> None:
        """The clock was set by `delta` seconds: what was said so long ago still was."""
        self._said = {key: time + delta for key, time in self._said.items()}

    def pack(self) -> bytes:
        """The latest, as bytes for the store."""
        rows = [
            (what, str(source), time, text, base64.b64encode(records).decode(), about.decode("latin-1"))
            for what, source, time, text, records, about in reversed(list(self))
        ]
        return json.dumps(rows).encode()

    def restore(self, state: bytes) -> None:
        """Take them back out of `pack`'s bytes.

        Raises:
            ValueError: the bytes are none of that.
        """
        for what, source, time, text, records, about in json.loads(state):
            evidence = base64.b64decode(records)
            self._note(Alarm(what, Prefix.parse(source), time, text, evidence, about.encode("latin-1")))

    def _note(self, alarm: Alarm) -> None:
        self._said[_key(alarm)] = alarm.time
        self._latest[alarm.what].append(alarm)


def _key(alarm: Alarm) -> _Key:
    return alarm.what, alarm.source, alarm.about
