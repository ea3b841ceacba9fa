"""Edge: the play: recorded lines are written when they are due, and what comes of it is watched."""

from __future__ import annotations

import time
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.demo import kernel, script
from amiguard.demo.stage import Stage, staged
from amiguard.demo.street import BEAT
from amiguard.demo.tale import Tale
from amiguard.demo.verdict import failures, open_holes

if TYPE_CHECKING:
    from collections.abc import Callable

    from amiguard.demo.screen import Screen
    from amiguard.demo.verdict import Held

PATIENCE: Final = 4.0
"""Seconds more, when a busy machine is late with a ban or an answer."""
_UNDER_WAY: Final = 2
"""Beats whose packets may have been sent before the street heard of the curtain."""


class Outcome(NamedTuple):
    """What was seen, what the kernel holds, and what was not as it should be."""

    tale: Tale
    held: list[Held]
    failures: list[str]


def beats(pace: float) -> int:
    """How many beats a play takes at this pace (seconds for a second of the story), at least."""
    return round((script.END + script.EPILOGUE) * pace / BEAT)


def play(pace: float, screen: Screen) -> Outcome:
    """Play it, from an empty stage to the verdict.

    Raises:
        ForbiddenError: this machine allows no namespaces.
        StageError: something else does not work here.
    """
    with staged() as stage, screen:
        performance = _Performance(stage, pace, screen)
        performance.attack()
        curtain = performance.epilogue()
        tale, held = performance.tale, kernel.look()
    return Outcome(tale, held, failures(tale.cast, held, tale.traffic, curtain))


class _Performance:
    def __init__(self, stage: Stage, pace: float, screen: Screen) -> None:
        self.tale = Tale()
        self._stage = stage
        self._pace = pace
        self._screen = screen
        self._cues = script.cues(_recording)
        self._begun = time.monotonic()

    def attack(self) -> None:
        """Until the story is over and everybody is banned who should be; or for a while longer."""
        while not self._over(script.END, lambda: self.tale.complete):
            self._listen()
            self._write_due()
            self.tale.caption = script.caption(self._moment)
            self.tale.listed(self._stage.bans())
            self._screen.show(self.tale)

    def epilogue(self) -> int:
        """Without the service; gives the beat with which it begins."""
        self._stage.stop_service()
        self.tale.caption = script.CLOSING
        traffic = self.tale.traffic
        curtain = traffic.beats + _UNDER_WAY
        end = self._moment + script.EPILOGUE
        while not self._over(end, lambda: not open_holes(self.tale.cast, traffic, curtain)):
            self._listen()
            self._screen.show(self.tale)
        return curtain

    @property
    def _moment(self) -> float:
        """Seconds of the story."""
        return self.tale.elapsed / self._pace

    def _over(self, end: float, satisfied: Callable[[], bool]) -> bool:
        late = self.tale.elapsed - end * self._pace
        return late >= PATIENCE or (late >= 0 and satisfied())

    def _listen(self) -> None:
        self.tale.traffic.hear(*self._stage.beat())
        self.tale.elapsed = time.monotonic() - self._begun

    def _write_due(self) -> None:
        due = [cue for cue in self._cues if cue.moment <= self._moment]
        del self._cues[: len(due)]
        now = time.time()
        if records := b"".join(script.restamped(cue.record, now) for cue in due):
            self._stage.write(records)
            self.tale.written(records, now)


def _recording(name: str) -> bytes:
    return (files("amiguard.demo") / "recordings" / f"{name}.json").read_bytes()
