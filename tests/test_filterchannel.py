"""What a filter found, judged: whom it blames, how far, and when."""

from __future__ import annotations

import pytest

from amiguard import config
from amiguard.config import Log
from amiguard.fail2ban.frames import Finding
from amiguard.fail2ban.matcher import Failure
from amiguard.filterchannel import NAMED, SLOW, FilterChannel
from amiguard.judge import evidence
from amiguard.judge.guard import Guard
from amiguard.model import Prefix, Verdict
from amiguard.sources.securitylog import Ambiguous

NOON = 1_795_299_699.0
STRANGER = "203.0.113.7"
SOURCE = Prefix.parse(STRANGER)


def guard(toml: str = "") -> Guard:
    return Guard(config.parse(toml, "test"))


def finding(who: str = STRANGER, time: float | None = NOON, user: str = "root") -> Finding:
    return Finding(Failure(who, time, user), f"bad login from {who}")


def tell(one: FilterChannel, *findings: Finding, backlog: bool = False) -> list[Verdict]:
    told = one.tell(findings, NOON + 1, backlog=backlog)
    return [outcome for outcome in told if isinstance(outcome, Verdict)]


def channel(judge: Guard | None = None, name: str = "sshd", **options: bool) -> FilterChannel:
    return FilterChannel("/log", Log("/log", name, **options), judge or guard())


def test_five_failures_close_the_house_and_four_do_not() -> None:
    one = channel()
    assert [] == tell(one, *[finding()] * 4)
    [verdict] = tell(one, finding())
    assert (SOURCE, "house", "proven", NOON) == verdict.ban[:4]
    assert "a failure that a line of a log tells of (Failure sshd), score 10.0" in verdict.ban.reason
    assert 5 == one.events


def test_the_evidence_is_the_line_and_the_account() -> None:
    [verdict] = tell(channel(), *[finding()] * 5)
    last = [*evidence.unpack(verdict.evidence)][-1].event
    assert ("Failure", b"sshd", b"root") == (last.kind, last.service, last.account)
    assert (f"bad login from {STRANGER}".encode(),) == last.details


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sshd", {"forgeable": True}),
        ("asterisk", {}),
        ("named-refused[mode=x]", {}),
        ("/etc/fail2ban/filter.d/scanlogd.conf", {}),
        ("amiguard-asterisk-calls", {}),
    ],
)
def test_what_can_be_forged_closes_the_door_alone(name: str, options: dict[str, bool]) -> None:
    [verdict] = tell(channel(name=name, **options), *[finding()] * 5)
    assert ("door", "unproven") == (verdict.ban.scope, verdict.ban.proof)


def test_points_are_those_of_the_filter() -> None:
    judge = guard("[score.points]\nFailure = 1\n'Failure.ssh*' = 9")
    assert 1 == len(tell(channel(judge), finding()))
    assert [] == tell(channel(judge, "vsftpd"), *[finding("203.0.113.8")] * 8)


def test_who_is_banned_earns_no_second_ban_but_more_evidence() -> None:
    judge = guard()
    one = channel(judge)
    assert 1 == len(tell(one, *[finding()] * 99))
    assert 1 == len(judge.bans)


def test_a_proven_failure_turns_a_door_ban_into_one_of_the_house() -> None:
    judge = guard()
    tell(channel(judge, forgeable=True), *[finding()] * 5)
    [verdict] = tell(channel(judge), *[finding()] * 5)
    assert "house" == verdict.ban.scope
    assert verdict.replaced is not None
    assert "door" == verdict.replaced.scope


def test_who_is_never_banned_is_not_banned_by_a_filter_either() -> None:
    judge = guard('[allow]\nnetworks = ["203.0.113.0/24"]')
    assert [] == tell(channel(judge), *[finding()] * 99)
    assert 0 == len(judge.bans)


@pytest.mark.parametrize("who", ["host.example.com", "10.0.0.0/8", "root", "", "2001:db8::%eth0"])
def test_who_has_no_address_is_counted_and_blamed_nowhere(who: str) -> None:
    one = channel()
    assert [] == tell(one, *[finding(who)] * 99)
    assert {NAMED: 99} == one.ambiguous
    assert [] == one.named


def test_a_name_that_is_resolved_proves_nothing() -> None:
    judge = guard()
    one = channel(judge, usedns=True)
    assert [] == tell(one, *[finding("host.example.com")] * 5)
    assert ["host.example.com"] * 5 == [each.name for each in one.named]
    outcomes = [outcome for each in one.named for outcome in one.resolved(each, [SOURCE])]
    [verdict] = [outcome for outcome in outcomes if isinstance(outcome, Verdict)]
    assert (SOURCE, "door") == (verdict.ban.source, verdict.ban.scope)


def test_lines_of_long_ago_ban_as_they_would_have_then() -> None:
    [verdict] = tell(channel(), *[finding(time=NOON - 9e6 + n) for n in range(5)], backlog=True)
    assert NOON - 9e6 + 4 == verdict.ban.since


def test_a_line_without_a_time_is_judged_when_it_was_read() -> None:
    [verdict] = tell(channel(), *[finding(time=None)] * 5)
    assert NOON + 1 == verdict.ban.since


def test_a_date_yet_to_come_is_not_believed() -> None:
    one = channel()
    [verdict] = tell(one, *[finding(time=NOON + 9e6)] * 5)
    assert NOON + 1 == verdict.ban.since
    assert 5 == one.timing.skewed


def test_lines_that_are_given_up_are_counted_and_told() -> None:
    one = channel(name="domino-smtp")
    told = one.give_up(b"x" * 999)
    assert isinstance(told, Ambiguous)
    assert f"{SLOW} (domino-smtp)" == told.why
    assert len(told.text) < 999
    assert "1 lines given up: they take the filter domino-smtp too long" == one.trouble
