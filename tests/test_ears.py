"""What the ears make of what they hear."""

from __future__ import annotations

import asyncio
import time

from written import NOON, classic, record

from amiguard import config
from amiguard.channel import Channel
from amiguard.ears import Ears
from amiguard.hearing import Hearing
from amiguard.judge.guard import Guard
from amiguard.ledger import Ledger
from amiguard.sources.follow import Follower
from amiguard.sources.position import Chunk, Position
from amiguard.warden import Warden


def test_a_failure_makes_the_looks_frequent_and_phones_that_log_in_do_not() -> None:
    guard = Guard(config.parse('[[log]]\npath = "/nowhere/security"', "test.toml"))
    warden = Warden(guard, Ledger(guard), None)
    ears = Ears(guard.config, guard, warden, Hearing(time.time()), asyncio.Event())
    for task in ears.tasks({}):
        task.close()
    [follower] = ears._followers
    assert isinstance(follower, Follower)
    channel = Channel("/nowhere/security", guard)
    said = []
    for text in (
        record("ChallengeSent"),
        record("SuccessfulAuth", UsingPassword=b"1"),
        record("ChallengeResponseFailed"),
    ):
        warden.hear(channel, Chunk(classic(text), Position(1, 1, 0, b""), backlog=False, more=False), NOON)
        said.append(follower._failures())
    assert [False, False, True] == said
    warden.ledger.snapshot()
    assert not follower._failures()
