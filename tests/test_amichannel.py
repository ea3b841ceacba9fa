"""One AMI: what it tells counts, what it has told it covers, and what could be forged proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import made
from twoears import AMI, DOWN, LISTENING, LOG

from amiguard.amichannel import AmiChannel
from amiguard.judge.counting import Span
from amiguard.judge.forgery import Forgery
from amiguard.sources.ami_inbox import Batch, State, Status

if TYPE_CHECKING:
    from amiguard.judge.counting import Counting
    from amiguard.model import SecurityEvent

NAME = f"ami {AMI}"
DEAF = Status(State.DEAF, "not even our own log-in was heard", 1)


def channel(forgery: Forgery | None = None) -> AmiChannel:
    judge = made.guard()
    judge.counting.open(LOG)
    return AmiChannel(AMI, judge, lambda event: event.account == b"amiguard", forgery=forgery)


def counting(one: AmiChannel) -> Counting:
    return one._guard.counting


def hear(one: AmiChannel, *events: SecurityEvent) -> None:
    list(one.hear(Batch(events, events[-1].time)))


def test_it_covers_nothing_before_it_has_told_something() -> None:
    """A log-in that is accepted says nothing: a user without `read = security` hears nothing for ever."""
    one = channel()
    one.turn(LISTENING)
    one.passed(made.START + 2)
    one.turn(DEAF)
    assert [] == counting(one).spans


def test_it_covers_from_its_own_log_in_to_the_last_answer() -> None:
    one = channel()
    one.turn(LISTENING)
    hear(one, made.login(at=1, account=b"amiguard"))
    one.passed(made.START + 15)
    one.turn(DOWN)
    assert [Span(NAME, made.START + 1, made.START + 14)] == counting(one).spans


def test_where_asterisks_clock_is_behind_ours_it_covers_by_that_clock() -> None:
    one = channel()
    one.turn(LISTENING)
    list(one.hear(Batch([made.event(at=0)], made.START + 60)))
    one.passed(made.START + 75)
    assert [Span(NAME, made.START, made.START + 14)] == counting(one).spans


def test_what_it_tells_before_the_log_in_is_known_to_have_succeeded_counts_once() -> None:
    one = channel()
    event = made.event(at=1)
    hear(one, event)
    one.turn(LISTENING)
    assert counting(one).repeated(LOG, event, event.time)


def test_an_ami_that_is_not_judged_covers_nothing_of_what_the_json_log_tells() -> None:
    heard: list[str] = []
    one = channel(Forgery(lambda: bool(heard)))
    one.turn(LISTENING)
    event = made.event(at=1)
    hear(one, event)
    heard.append("json")
    hear(one, made.event(at=2))
    one.passed(made.START + 60)
    assert [Span(NAME, made.START + 1, made.START + 1, ahead=1)] == counting(one).spans
    assert {made.Prefix.parse(made.ATTACKER)} == set(one._guard.scorer)
    assert (2.0, 2) == (one._guard.scorer.scores(event.remote.address, event.time)[1], one.events)
