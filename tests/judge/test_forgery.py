"""With AMI over HTTP a JSON log is judged alone; what is cut there the AMI completes: once, and unproven."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import fakeasterisk
import pytest
import twoears
import written
from hostile import CUT
from lab import eventtv
from made import START
from twoears import LISTENING, House
from written import Words

from amiguard.judge.forgery import SECONDS, WAITING, Forgery, Heard
from amiguard.model import Prefix
from amiguard.sources.securitylog import Ambiguous, SecurityLog

ATTACKER, VICTIM = "203.0.113.7", "198.51.100.99"
EARLIER = written.as_json(written.record("SuccessfulAuth", Words(remote=b"IPV4/UDP/192.0.2.10/5060")))
"""A record by which the log is known to be JSON."""


class Oversize(NamedTuple):
    """An attempt with a Call-ID so long that its record is cut."""

    line: bytes
    event: bytes

    @classmethod
    def of(cls, number: int = 0, source: str = ATTACKER, transport: str = "TLS") -> Oversize:
        """The n-th, a tenth of a second after the one before."""
        remote = f"IPV4/{transport}/{source}/5061".encode()
        tv = eventtv(START + number / 10)
        words = Words(session=b"C" * 9000, remote=remote, eventtv=tv)
        line = written.as_json(written.record("ChallengeResponseFailed", words))
        event = fakeasterisk.event("ChallengeResponseFailed", words) + b"\r\n\r\n"
        return cls(line[:CUT] + b"\n", event)


def house() -> House:
    one = House("", over_http=True)
    one.turn(LISTENING)
    one.read(EARLIER, START)
    return one


def score(one: House, source: str = ATTACKER) -> float:
    suspect = one.guard.scorer.get(Prefix.parse(source))
    return round(suspect.slow, 2) if suspect else 0.0


def hear(one: House, event: bytes, now: float = START) -> None:
    one.hear(twoears.found(event), now)


def test_neither_the_cut_record_nor_the_event_counts_alone() -> None:
    one, attempt = house(), Oversize.of()
    one.read(attempt.line, START)
    assert 0 == score(one)
    one = house()
    hear(one, attempt.event)
    assert 0 == score(one)


@pytest.mark.parametrize("order", list(itertools.product(("log", "ami"), repeat=2)), ids="-".join)
def test_together_they_count_once_whoever_is_first(order: tuple[str, str]) -> None:
    """One record confirms one event, and one event one record; and what happened twice counts twice."""
    one, attempt = house(), Oversize.of()
    tell = {"log": lambda: one.read(attempt.line, START), "ami": lambda: hear(one, attempt.event)}
    other = {"log": "ami", "ami": "log"}
    for first, expected in zip(order, (2, 4), strict=True):
        tell[first]()
        assert expected - 2 == score(one)
        tell[other[first]]()
        assert expected == score(one)


def test_it_bans_but_proves_nothing() -> None:
    """Over HTTP somebody may forge the end of the event, as anybody may forge a packet's sender."""
    one = house()
    for number in range(5):
        attempt = Oversize.of(number)
        hear(one, attempt.event, START + 1)
        one.read(attempt.line, START + 1)
    assert [(Prefix.parse(ATTACKER), "door", "unproven")] == [ban[:3] for ban in one.bans]


def test_an_event_that_the_log_does_not_show_counts_for_nothing() -> None:
    one = house()
    for number in range(10):
        hear(one, Oversize.of(number, VICTIM).event)
        one.read(Oversize.of(number + 100).line, START + 10)
    assert 0 == score(one, VICTIM)


def test_they_wait_for_each_other_but_not_for_ever() -> None:
    attempt = Oversize.of()
    for delay, expected in ((SECONDS, 2), (SECONDS + 0.1, 0)):
        one = house()
        one.read(attempt.line, START)
        hear(one, attempt.event, START + delay)
        other = house()
        hear(other, attempt.event, START)
        other.read(attempt.line, START + delay)
        assert [expected] * 2 == [score(one), score(other)]


def test_how_many_wait_is_bounded() -> None:
    court = Forgery(lambda: True)
    attempts = [Oversize.of(number) for number in range(WAITING + 1)]
    told = [Heard(event, event.time, "ami") for each in attempts for event in twoears.events(each.event)]
    assert not any(court.told(each, START) for each in told)
    log = SecurityLog()
    log.feed(EARLIER, START)
    cuts = [found for each in attempts for found in log.feed(each.line, START)]
    beginnings = [found.beginning for found in cuts if isinstance(found, Ambiguous) and found.beginning]
    assert [None, *told[1:]] == [court.cut(each, START) for each in beginnings]
