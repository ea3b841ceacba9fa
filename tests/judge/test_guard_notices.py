"""What only notices tell of is judged as the event it stands for, and proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from made import ATTACKER, START, event, guard, login

from amiguard.model import Prefix, Verdict
from amiguard.sources.noticelines import Notice

if TYPE_CHECKING:
    from amiguard.judge.guard import Guard, Outcome

SOURCE = Prefix.parse(ATTACKER)


def notice(kind: str, service: bytes, reason: bytes = b"", *, firm: bool = True) -> Notice:
    return Notice(kind, service, SOURCE, None, b"101", b"", reason, firm)


def hear(judge: Guard, one: Notice, times: int = 1, at: float = 0.0) -> list[Outcome]:
    """What follows when it is read so many times at once, and no event comes."""
    judge.notices.listening = True
    judge.notices.now = START + at
    outcomes = [outcome for _ in range(times) for outcome in judge.overhear(one, "log", START + at)]
    return [*outcomes, *judge.unheard(START + at + 2, START + at + 2)]


@pytest.mark.parametrize(
    ("one", "needed", "reason"),
    [
        (notice("InvalidPassword", b"IAX2"), 5, "a wrong password (InvalidPassword IAX2/UDP"),
        (notice("InvalidAccountID", b"IAX2"), 9, "log-in to an account that does not exist"),
        (notice("FailedACL", b"IAX2", b"no_extension_match"), 3, "a call to a number that does not exist"),
        (notice("FailedACL", b"PJSIP", b"no_extension_match"), 3, "a call to a number that does not exist"),
        (notice("FailedACL", b"PJSIP", b"not_match_endpoint_acl"), 5, "an access list refused the address"),
        (notice("InvalidPassword", b"AMI"), 3, "a wrong password (InvalidPassword AMI/?"),
        (notice("InvalidPassword", b"SIP"), 5, "a wrong password (InvalidPassword SIP/?"),
        (notice("RequestBadFormat", b"AMI", b"line too long"), 3, "a request that makes no sense"),
    ],
)
def test_a_notice_earns_what_its_event_would_and_closes_the_door_alone(
    one: Notice, needed: int, reason: str
) -> None:
    assert [] == hear(guard(), one, needed - 1)
    [verdict] = hear(guard(), one, needed)
    assert isinstance(verdict, Verdict)
    assert ("door", "unproven", SOURCE) == (verdict.ban.scope, verdict.ban.proof, verdict.ban.source)
    assert reason in verdict.ban.reason
    assert ", told by a notice alone)" in verdict.ban.reason


def test_points_of_iax2_can_be_set() -> None:
    assert [] != hear(guard('[score.points]\n"InvalidPassword.IAX2" = 9'), notice("InvalidPassword", b"IAX2"))
    assert [] == hear(
        guard('[score.points]\n"InvalidPassword.IAX2" = 0'), notice("InvalidPassword", b"IAX2"), 99
    )


def test_the_door_takes_in_iax2_with_the_first_word_of_it() -> None:
    judge = guard()
    hear(judge, notice("InvalidPassword", b"AMI"))
    assert {5060} == judge.sip_ports
    judge.iax2_port = 4570
    hear(judge, notice("InvalidPassword", b"IAX2"))
    assert {5060, 4570} == judge.sip_ports


def test_a_notice_that_is_not_firm_earns_nothing() -> None:
    assert [] == hear(guard(), notice("ChallengeResponseFailed", b"PJSIP", firm=False), 99)


def test_events_pay_for_notices_before_and_during_a_ban() -> None:
    """Or the guesses behind the fifth, which are events of a banned source, would count as missing."""
    judge = guard()
    hear(judge, notice("ChallengeResponseFailed", b"PJSIP"), 0)
    outcomes = [each for n in range(20) for each in judge.observe(event(at=n / 100), START + n / 100, "log")]
    assert 1 == len(outcomes)
    assert [] == hear(judge, notice("ChallengeResponseFailed", b"PJSIP"), 20)
    assert 0 == judge.notices.missing


def test_an_event_that_two_channels_tell_pays_once() -> None:
    judge = guard()
    judge.notices.listening = True
    judge.notices.now = START
    for channel in ("log", "ami"):
        judge.counting.open(channel)
    for channel in ("log", "ami"):
        judge.observe(event(), START, channel)
    assert [] == hear(judge, notice("ChallengeResponseFailed", b"PJSIP"), 2)
    assert 1 == judge.notices.missing


def test_who_is_ignored_is_not_even_compared() -> None:
    judge = guard(f'[allow]\nnetworks = ["{ATTACKER}"]')
    assert [] == hear(judge, notice("InvalidPassword", b"IAX2"), 99)
    assert [] == hear(judge, notice("InvalidPassword", b"AMI"), 99)
    assert 0 == judge.notices.missing


def test_who_is_protected_before_it_is_due_is_not_banned() -> None:
    judge = guard()
    judge.notices.now = START
    for _ in range(9):
        judge.overhear(notice("InvalidPassword", b"AMI"), "log", START)
    judge.shield.protect("own", [SOURCE])
    assert [] == list(judge.unheard(START + 9, START + 9))


def test_a_friend_needs_eight_times_as_many() -> None:
    judge = guard()
    judge.observe(login(), START)
    assert [] == hear(judge, notice("InvalidPassword", b"IAX2"), 30, at=1.0)


def test_while_a_ban_runs_a_notice_is_evidence_and_no_strike() -> None:
    judge = guard()
    [verdict] = hear(judge, notice("InvalidPassword", b"IAX2"), 20)
    assert isinstance(verdict, Verdict)
    assert 1 == verdict.ban.strike


def test_a_clock_that_is_set_back_moves_what_waits() -> None:
    judge = guard()
    judge.notices.now = START
    judge.overhear(notice("InvalidPassword", b"AMI"), "log", START)
    judge.shift(-3600.0)
    list(judge.unheard(START - 3598.0, START - 3598.0))
    assert 1 == judge.notices.missing
