"""Edge: the play: recordings are told again when they are due, and what comes of it is watched."""

from __future__ import annotations

import time
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.demo import kernel, script
from amiguard.demo.stage import Stage, staged
from amiguard.demo.street import BEAT
from amiguard.demo.tale import Tale
from amiguard.demo.verdict import failures, missing, untold

if TYPE_CHECKING:
    from collections.abc import Callable

    from amiguard.demo.screen import Screen
    from amiguard.demo.script import Channel
    from amiguard.demo.verdict import Held

PATIENCE: Final = 4.0
"""Seconds more, when a busy machine is late with a ban or an answer."""


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
    return Outcome(tale, held, [*failures(tale.cast, held, tale.traffic, curtain), *untold(tale)])


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
        end = script.END * self._pace
        while not _over(self.tale.elapsed - end, lambda: self.tale.complete):
            self._listen()
            self._write_due()
            self.tale.caption = script.caption(self._moment)
            self.tale.listed(self._stage.bans())
            self.tale.reported(self._stage.status())
            self._screen.show(self.tale)

    def epilogue(self) -> int:
        """Without the service; gives the first beat after its end."""
        self._stage.stop_service()
        ended = time.monotonic()
        while self._listen() < ended:
            pass
        self.tale.caption = script.CLOSING
        traffic = self.tale.traffic
        curtain = traffic.beats - 1
        last = curtain + script.EPILOGUE * self._pace / BEAT
        while not _over((traffic.beats - last) * BEAT, lambda: not missing(self.tale.cast, traffic, curtain)):
            self._screen.show(self.tale)
            self._listen()
        return curtain

    @property
    def _moment(self) -> float:
        """Seconds of the story."""
        return self.tale.elapsed / self._pace

    def _listen(self) -> float:
        """Wait for a beat; gives when its packets were sent."""
        beat = self._stage.beat()
        self.tale.traffic.hear(beat.number, beat.answers)
        self.tale.elapsed = time.monotonic() - self._begun
        return beat.sent

    def _write_due(self) -> None:
        due = [cue for cue in self._cues if cue.moment <= self._moment]
        del self._cues[: len(due)]
        now = time.time()
        for channel in script.CHANNELS:
            records = b"".join(script.restamped(cue, now) for cue in due if cue.channel == channel)
            if records:
                self._stage.tell(channel, records)
                self.tale.told(channel, records, now)


def _over(late: float, satisfied: Callable[[], bool]) -> bool:
    """Whether to go on no more: all that was waited for is there, or it is too late for it."""
    return late >= PATIENCE or (late >= 0 and satisfied())


def _recording(name: str, channel: Channel) -> bytes:
    return (files("amiguard.demo") / "recordings" / f"{name}.{channel}").read_bytes()
