"""Recorded attacks: nobody but the true source is blamed, and nearly every record is read."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
import written
from recorded import HONEST_PHONE, LOGGED_IN, OVERSIZE, WORTHLESS, Case, cases

from amiguard import config
from amiguard.judge.guard import Guard
from amiguard.judge.timing import Timing
from amiguard.model import Prefix, SecurityEvent, Verdict
from amiguard.sources.securitylog import Ambiguous, SecurityLog

if TYPE_CHECKING:
    from collections.abc import Iterable

CHANNELS = ("security", "json")
RECEIPT = 1_795_306_000.0
"""An hour or so after the recordings."""
LOOPBACK = {Prefix.parse("127.0.0.1"), Prefix.parse("::1")}
LONGEST_RECORD = 8191

each_case = pytest.mark.parametrize("case", cases(), ids=str)
each_channel = pytest.mark.parametrize("channel", CHANNELS)


def read(pieces: Iterable[bytes]) -> list[SecurityEvent | Ambiguous]:
    log = SecurityLog(skip_challenges=False)
    return [outcome for piece in pieces for outcome in log.feed(piece, RECEIPT)]


@cache
def outcomes(case: Case, channel: str) -> list[SecurityEvent | Ambiguous]:
    return read([case.read(channel)])


def events(case: Case, channel: str) -> list[SecurityEvent]:
    return [outcome for outcome in outcomes(case, channel) if isinstance(outcome, SecurityEvent)]


def blamed(case: Case, channel: str) -> set[Prefix]:
    """Who has an event that is worth points."""
    points = Guard(config.parse("", "defaults")).points
    return {event.remote.address for event in events(case, channel) if points.of(event)}


@each_channel
@each_case
def test_an_event_names_nobody_but_a_true_source(case: Case, channel: str) -> None:
    assert {event.remote.address for event in events(case, channel)} <= case.sources


@each_channel
@each_case
def test_the_honest_phone_is_never_worth_points(case: Case, channel: str) -> None:
    assert HONEST_PHONE not in blamed(case, channel)


@each_channel
@each_case
def test_nobody_but_a_true_source_is_banned(case: Case, channel: str) -> None:
    """Even when one point suffices, and the attack is seen twenty times."""
    guard = Guard(config.parse("[score]\nfast = { half_life = '1d', threshold = 1.0 }", "strict"))
    timing = Timing()
    banned = set()
    for event in events(case, channel) * 20:
        outcome = guard.observe(event, timing.judge(event.time, RECEIPT, backlog=True))
        banned |= {each.ban.source for each in outcome if isinstance(each, Verdict)}
    assert (set() if case.name in LOGGED_IN else blamed(case, channel) - LOOPBACK) == banned


@each_case
def test_json_blames_the_true_source_of_every_failure_worth_points(case: Case) -> None:
    failed = b'Severity=\\"Error\\"' in case.read("json")
    if failed and case.name not in OVERSIZE | WORTHLESS:
        assert blamed(case, "json")


@each_case
def test_a_misconfigured_phone_is_not_blamed(case: Case) -> None:
    if case.name in WORTHLESS:
        assert not blamed(case, "json")


def test_json_decodes_98_percent_of_the_records_that_are_not_oversize() -> None:
    lines = [line for case in cases() for line in case.read("json").splitlines(keepends=True)]
    whole = [line for line in lines if len(line) < LONGEST_RECORD]
    decoded = sum(len(events(case, "json")) for case in cases())
    assert len(lines) > 700
    assert decoded >= 0.98 * len(whole)


def test_classic_decodes_77_percent_of_the_records() -> None:
    """As many were written as the JSON log has; what is missing is hostile."""
    recorded = sum(case.read("json").count(b"\n") for case in cases())
    decoded = sum(len(events(case, "security")) for case in cases())
    assert decoded >= 0.77 * recorded


def test_classic_decodes_every_record_of_the_cases_without_injection() -> None:
    lost = {
        str(case)
        for case in cases()
        if not case.name.startswith(
            ("inject", "ami-inject", "chansip-inject", "pjsip-from-odd", "pjsip-auth-odd")
        )
        and any(isinstance(outcome, Ambiguous) for outcome in outcomes(case, "security"))
    }
    assert lost == set()


@each_channel
@each_case
def test_lines_read_one_by_one_or_in_blocks_give_the_same(case: Case, channel: str) -> None:
    lines = re.findall(rb"[^\n]*\n|[^\n]+", case.read(channel))
    threes = [b"".join(lines[at : at + 3]) for at in range(0, len(lines), 3)]
    whole = outcomes(case, channel)
    assert whole == read(lines)
    assert whole == read(threes)


@each_channel
@each_case
def test_no_answer_to_a_challenge_gets_out(case: Case, channel: str) -> None:
    secrets = re.findall(rb'ExpectedResponse=\\?"([0-9a-f]{32})', case.read(channel))
    shown = repr(outcomes(case, channel)).encode()
    assert not [secret for secret in secrets if secret in shown]


def clean_records() -> list[tuple[bytes, SecurityEvent]]:
    """Message and event of each classic line that stands alone and was read."""
    start = re.compile(rb"\[[^\]]+\] SECURITY\[[0-9]+\] res_security_log\.c: ")
    found = []
    for case in cases():
        for line in case.read("security").split(b"\n"):
            prefix = start.match(line)
            match read([line + b"\n"]):
                case [SecurityEvent() as event] if prefix:
                    found.append((line[prefix.end() :], event))
    return found


def test_a_clean_record_is_the_same_event_in_every_form() -> None:
    records = clean_records()
    texts = [text for text, _ in records]
    expected = [event for _, event in records]
    assert len(records) > 500
    for prefix in written.PREFIXES.values():
        assert expected == read([prefix + text + b"\n" for text in texts])
    assert expected == read(map(written.as_json, texts))
