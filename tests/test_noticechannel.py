"""One followed log of notices: what of it counts, and what was there before us."""

from __future__ import annotations

import re

import pytest
from lab import attempt
from noticing import FORGED, NOON
from recorded import Case, cases

from amiguard import config
from amiguard.channel import Channel
from amiguard.judge.guard import Guard
from amiguard.model import Prefix, SecurityEvent, Verdict
from amiguard.noticechannel import NoticeChannel
from amiguard.sources.position import Chunk, Position

STRANGER = b"203.0.113.7"
NOBODY = {Prefix.parse("127.0.0.1"), Prefix.parse("::1")}
PREFIX = b"[Nov 21 22:21:39] NOTICE[3366] chan_iax2.c: "
GUESS = PREFIX + b"Host %s did not provide proper plaintext password for '101'\n" % STRANGER
PLACE = Position(0, 0, 0, b"")
MISSING = {
    "ami-md5-without-challenge": 1,
    "ami-md5-no-challenge": 1,
    "inject-ami-http-digest": 1,
}
"""Honest refusals of which Asterisk raises no event."""
PACKET_DUMP = "inject-pjsip-packet-dump"
"""Its forged line stands in an ERROR, which a log of notices does not hold."""


def guard() -> Guard:
    judge = Guard(config.parse("", "defaults"))
    judge.notices.listening = True
    return judge


def feed(
    one: NoticeChannel, data: bytes, at: float = 0.0, *, backlog: bool = False, more: bool = False
) -> list[object]:
    return list(one.hear(Chunk(data, PLACE, backlog, more), NOON + at))


def test_it_counts_what_it_is_told() -> None:
    judge = guard()
    one = NoticeChannel("notice", judge)
    outcomes = feed(one, GUESS * 5) + feed(one, b"rubbish\n")
    assert (5, 1, "classic", "notices") == (one.events, one.ambiguous.total(), one.form, one.shows)
    assert 1 == sum(isinstance(outcome, Verdict) for outcome in outcomes)
    assert not one.settled(NOON)
    assert one.settled(NOON + 2)


def test_what_was_there_before_us_counts_for_nothing() -> None:
    judge = guard()
    dropped = b"[Nov 21 22:21:39] ERROR[1] security_events.c: Failed to issue security event of type X.\n"
    assert [] == feed(NoticeChannel("notice", judge), GUESS * 99 + dropped, backlog=True)
    list(judge.unheard(NOON + 9, NOON + 9))
    assert (99, 0, 0) == (judge.notices.uncompared, judge.notices.missing, judge.notices.hidden)


def test_json_shows_no_more_than_the_security_log() -> None:
    one = NoticeChannel("notice", guard())
    feed(one, FORGED)
    assert (1, "json", "") == (one.events, one.form, one.shows)


def test_while_there_is_more_in_the_file_nobody_knows_how_old_it_is() -> None:
    """The event of a notice is found though the notice is read ten seconds later."""
    judge = guard()
    log, one = Channel("log", judge), NoticeChannel("notice", judge)
    wrong = (
        b"[Nov 21 22:21:39] NOTICE[3366] chan_sip.c: Registration from '<sip:101@x>' failed for '%s:5061' - "
    )
    feed(one, b"", more=True)
    list(log.feed(attempt("203.0.113.7", NOON).replace(b'"PJSIP"', b'"SIP"'), NOON, backlog=False))
    feed(one, wrong % STRANGER + b"Wrong password\n", 10.0)
    list(judge.unheard(NOON + 20, NOON + 20))
    assert (0, 0) == (judge.notices.missing, judge.notices.uncompared)
    feed(one, wrong % STRANGER + b"Wrong password\n", 20.0)
    list(judge.unheard(NOON + 30, NOON + 30))
    assert 1 == judge.notices.missing


def notices(case: Case) -> bytes:
    """What a log of the level notice alone would hold."""
    return b"".join(re.findall(rb"(?m)^\[[^\]\n]+\] NOTICE\[[^\n]*\n", case.read("messages")))


def missing(case: Case) -> list[SecurityEvent]:
    """What of a case the guard learns by notices alone, beside the classic log."""
    judge = guard()
    log, one = Channel("log", judge), NoticeChannel("notice", judge)
    list(log.feed(case.read("security"), NOON, backlog=True))
    feed(one, notices(case))
    return [*judge.notices.due(NOON + 9, NOON + 9)]


each_case = pytest.mark.parametrize("case", [case for case in cases() if notices(case)], ids=str)


@each_case
def test_in_a_recorded_case_notices_add_nobody_but_its_source(case: Case) -> None:
    found = {event.remote.address for event in missing(case)}
    assert case.name == PACKET_DUMP or found <= case.sources


@each_case
def test_in_a_recorded_case_without_injection_nothing_counts_twice(case: Case) -> None:
    """What was injected makes records of the security log ambiguous, and there the notice counts."""
    assert "inject" in case.name or MISSING.get(case.name, 0) == len(missing(case))


@pytest.mark.parametrize("name", ["inject-badutf8-callid", "inject-badutf8-from", "inject-ami-http-utf8"])
def test_attempts_that_are_not_utf8_are_known_by_notices_alone(name: str) -> None:
    [case, *_] = [case for case in cases() if case.name == name]
    assert case.sources == {event.remote.address for event in missing(case)}
