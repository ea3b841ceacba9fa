"""That an input has fallen silent is said once, and told."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from amiguard import config
from amiguard.amichannel import AmiChannel
from amiguard.hearing import Hearing
from amiguard.judge.guard import Guard
from amiguard.ledger import Ledger
from amiguard.notify.kinds import KINDS
from amiguard.notify.reporter import Reporter
from amiguard.silence import EVENTS, QUIET
from amiguard.sources.ami_inbox import State, Status
from amiguard.vigil import Vigil
from amiguard.warden import Warden

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from amiguard.notify.gathering import News


def listening(guard: Guard, name: str, told: Callable[[], int] = int) -> AmiChannel:
    """An AMI that has told so many events."""
    channel = AmiChannel(name, guard, lambda _: False, told)
    channel.turn(Status(State.LISTENING, "", 1))
    return channel


def test_a_silent_channel_is_said_and_told_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = Guard(config.parse("", "defaults"))
    told: list[News] = []
    warden = Warden(guard, Ledger(guard), None, Reporter(guard, KINDS, told.append))
    hearing = Hearing(time.time())
    events = [0]
    hearing.amis = [listening(guard, "a", lambda: events[0]), listening(guard, "b")]
    vigil, begin = Vigil(hearing, warden), time.monotonic()
    for second in range(int(QUIET) + 5):
        events[0] += 1
        monkeypatch.setattr(time, "monotonic", lambda second=second: begin + second)
        with caplog.at_level(logging.WARNING, "amiguard"):
            vigil.look()
    text = f"ami b: nothing for {QUIET:.0f} s, while others told {QUIET:.0f} events"
    assert EVENTS < QUIET
    assert [text] == caplog.messages == [news.text for news in told]
    assert ["silent"] == [news.kind for news in told]
