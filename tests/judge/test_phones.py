"""A friend's phone with an old password is told and spared; a guesser hides behind it only so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import made
import pytest
import recorded as recordings
from hypothesis import given
from hypothesis import strategies as st
from made import ATTACKER, DAY, HOUR, MINUTE, START

from amiguard.judge.phones import ACCOUNTS, HOUSES, SPARED, Phones
from amiguard.judge.rhythm import AGREEING, FASTEST, LONGEST
from amiguard.model import Peer, Prefix
from amiguard.sources.securitylog import SecurityLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from amiguard.judge.rhythm import BrokenPhone

HOME = Prefix.parse(ATTACKER)
UNKNOWN = b"<unknown>"


def attempt(at: float, tries: int = 1, account: bytes = b"1042", **what: bytes) -> list[made.SecurityEvent]:
    """What a phone with an old password does at once: each try has an answer of its own."""
    return [
        made.event(at=at + n / 10, account=account, session=b"%.1f" % at, Response=b"%d" % n, **what)
        for n in range(tries)
    ]


def attempts(count: int, every: float, tries: int = 1, begin: float = 1.0) -> list[made.SecurityEvent]:
    return [event for n in range(count) for event in attempt(begin + n * every, tries)]


def house(events: Iterable[made.SecurityEvent] = (), days: int = 1) -> list[made.SecurityEvent]:
    """Another phone logs in every hour, so that the address is a friend's."""
    logins = [made.login(at=n * HOUR) for n in range(24 * days)]
    return sorted([*logins, *events], key=lambda event: event.time)


def noted(phones: Phones, events: Iterable[made.SecurityEvent]) -> list[BrokenPhone | None]:
    return [phones.failed(HOME, event, event.time) for event in events]


def broken(events: Sequence[made.SecurityEvent]) -> list[BrokenPhone]:
    """The phones that are broken right after these failures of a friend."""
    phones = Phones()
    noted(phones, events)
    return list(phones.broken(events[-1].time))


@pytest.mark.parametrize(("every", "tries"), [(15, 1), (20, 1), (30, 2), (60, 3), (60, 4), (1800, 3)])
def test_a_friends_phone_that_fails_for_days_is_not_banned_but_told_each_day(every: int, tries: int) -> None:
    events = attempts(int(2 * DAY / every), every, tries)
    judge = made.guard()
    outcomes = [o for event in house(events, days=2) for o in judge.observe(event, event.time)]
    assert {"broken phone"} == {o.what for o in outcomes if isinstance(o, made.Alarm)}
    assert len(outcomes) in {2, 3}
    assert str(outcomes[0]).count("account 1042 at 203.0.113.7 has failed every") == 1


def test_what_is_told_are_account_address_rhythm_and_cause() -> None:
    judge = made.guard()
    (alarm,) = made.alarms(judge, house(attempts(30, MINUTE)))
    count = AGREEING + 1
    expected = f"account 1042 at 203.0.113.7 has failed every 60 s, {count} times, with what looks like"
    assert f"{expected} an old password" == alarm.text
    [phone] = judge.phones.broken(START + 30 * MINUTE)
    assert (HOME, b"1042", 60.0, START + 1, 30) == phone[:5]


def test_a_phone_whose_account_was_deleted_is_told_as_such() -> None:
    """An attempt then is four events, of which two name no account; of other Call-IDs those are not its."""
    events = [
        made.event(kind, at=n * MINUTE + step, account=account, session=b"%d" % n)
        for n in range(9)
        for step, kind, account in (
            (0.0, "InvalidAccountID", b"1042"),
            (0.0, "ChallengeSent", UNKNOWN),
            (0.1, "InvalidAccountID", b"1042"),
            (0.1, "ChallengeResponseFailed", UNKNOWN),
        )
    ]
    [phone] = broken(events)
    assert ("an account that does not exist", 36) == (phone.cause, phone.failures)
    assert [] == broken([each for each in events if each.account == UNKNOWN])


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        ("pjsip-wrong-password", "an old password"),
        ("chansip-wrong-password", "an old password"),
        ("pjsip-unknown-endpoint", "an account that does not exist"),
        ("pjsip-unknown-endpoint-with-creds", "an account that does not exist"),
        ("chansip-unknown", "an old password"),  # which chan_sip hides from us as it does from him
    ],
)
def test_what_asterisk_says_of_one_attempt_is_a_phones_when_it_comes_every_minute(
    case: str, cause: str
) -> None:
    [recorded] = [each for each in recordings.cases() if str(each) == f"asterisk20/{case}"]
    once = list(SecurityLog(skip_challenges=False).feed(recorded.read("json"), 0.0))
    judge = made.guard()
    judge.known([Peer(source, 5060, "identify") for source in recorded.sources])
    events = [
        each._replace(time=each.time + n * MINUTE, session=b"%d %s" % (n, each.session))
        for n in range(AGREEING + 1)
        for each in once
        if isinstance(each, made.SecurityEvent)
    ]
    (alarm,) = made.alarms(judge, events)
    assert ("broken phone", recorded.sources) == (alarm.what, {alarm.source})
    assert alarm.text.endswith(f"with what looks like {cause}")


@given(st.lists(st.floats(-0.18, 0.18), min_size=AGREEING, max_size=40), st.floats(20, 3600))
def test_jitter_does_not_hide_a_phone(jitter: list[float], every: float) -> None:
    moments = [0.0]
    for each in jitter:
        moments.append(moments[-1] + every * (1 + each / 4))
    assert broken([event for at in moments for event in attempt(at, 2)])


def test_attempts_that_were_lost_do_not_hide_a_phone() -> None:
    assert broken([event for n in (0, 1, 2, 4, 5, 8, 9) for event in attempt(n * MINUTE)])


def test_repetitions_by_udp_belong_to_their_attempt() -> None:
    """They come for 32 s when answers are lost, in growing intervals."""
    sent = (0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)
    events = [
        made.event(at=n * MINUTE + late, account=b"1042", session=b"%d" % n, Response=b"a")
        for n in range(AGREEING + 1)
        for late in sent
    ]
    [phone] = broken(events)
    assert (60.0, len(events)) == (phone.every, phone.failures)


@pytest.mark.parametrize(
    "moments",
    [
        [n * (FASTEST - 1) for n in range(100)],
        [2.0**n for n in range(5, 14)],
        [(7, 30, 95, 111, 140, 190, 260, 275, 301)[n % 9] + n // 9 * 400 for n in range(90)],
    ],
    ids=["too fast", "never the same", "as a man types"],
)
def test_who_fails_otherwise_is_no_phone(moments: list[float]) -> None:
    assert [] == broken([event for at in moments for event in attempt(at)])


def test_more_tries_at_once_than_a_phone_makes_are_guesses() -> None:
    assert not any(noted(Phones(), attempts(50, MINUTE, tries=5))[4::5])
    judge = made.guard()
    assert [] != made.bans(judge, house(attempts(500, MINUTE, tries=20)))


@pytest.mark.parametrize(
    "what",
    [
        {"service": b"AMI", "transport": b"TCP"},
        {"kind": "FailedACL", "ACLName": b"no_extension_match"},
        {"tampered": True},
    ],
)
def test_what_is_no_phones_failure_is_never_spared(what: dict[str, object]) -> None:
    events = [made.event(at=n * MINUTE, **what) for n in range(20)]  # type: ignore[arg-type]  # one of each kind
    assert [None] * 20 == noted(Phones(), events)


def test_a_stranger_who_fails_in_a_rhythm_is_banned() -> None:
    judge = made.guard()
    assert [] != made.bans(judge, attempts(20, MINUTE))
    assert [] == list(judge.phones.broken(START + 20 * MINUTE))


def test_a_known_peer_is_spared_without_a_log_in() -> None:
    judge = made.guard()
    judge.known([Peer(HOME, 5060, "identify")])
    assert [] == made.bans(judge, attempts(int(DAY / 60), 60.0, tries=3))


def test_a_guesser_with_a_valid_account_has_no_more_tries_than_are_said() -> None:
    """He guesses as fast as goes, at two accounts."""
    phones = Phones()
    spared = 0
    for n in range(int(1.5 * DAY / FASTEST)):
        for account in (b"101", b"102"):
            spared += sum(phone is not None for phone in noted(phones, attempt(n * FASTEST, 4, account)))
    assert 2 * SPARED == spared


def test_a_guesser_who_is_spared_no_more_is_banned() -> None:
    judge = made.guard()
    (ban, *_) = made.bans(judge, house(attempts(int(DAY / 20), 20.0, tries=4)))
    assert ban.since - START > 5 * HOUR


def test_a_phone_put_right_is_told_no_longer_and_begins_anew_when_it_fails_again() -> None:
    phones = Phones()
    noted(phones, attempts(20, MINUTE))
    assert [1] * 2 + [0] == [len(list(phones.broken(START + at * MINUTE))) for at in (20, 22, 24)]
    noted(phones, attempts(1, MINUTE, begin=20 * MINUTE + LONGEST))
    assert not any(noted(phones, attempts(AGREEING, MINUTE, begin=21 * MINUTE + LONGEST))[:-1])


def test_a_stumble_is_no_new_beginning() -> None:
    phones = Phones()
    noted(phones, [*attempts(20, MINUTE), *attempts(20, MINUTE, begin=20 * MINUTE + 31)])
    [phone] = phones.broken(START + 41 * MINUTE)
    assert (START + 1, 40) == (phone.since, phone.failures)


def test_names_that_fail_once_do_not_push_out_a_phone() -> None:
    """Who forges failures over UDP may make up any number of accounts."""
    phones = Phones()
    noted(phones, attempts(20, MINUTE))
    noted(phones, [made.event(at=20 * MINUTE + n, account=b"x%d" % n) for n in range(10 * ACCOUNTS)])
    assert [b"1042"] == [phone.account for phone in phones.broken(START + 21 * MINUTE)]


def test_so_many_friends_are_remembered_and_no_more() -> None:
    phones = Phones()
    for n in range(2 * HOUSES):
        source = Prefix.of((167_772_160 + n).to_bytes(4))
        for event in attempts(AGREEING + 1, MINUTE):
            phones.failed(source, event, event.time)
    assert HOUSES == len(list(phones.broken(START + 7 * MINUTE)))


def test_phones_are_remembered_over_a_restart() -> None:
    before, after = Phones(), Phones()
    noted(before, [*attempts(20, MINUTE), *attempt(1.0, account=b"passing")])
    after.restore(before.pack())
    assert list(before.broken(START + 20 * MINUTE)) == list(after.broken(START + 20 * MINUTE))
    assert noted(before, attempt(20 * MINUTE + 1)) == noted(after, attempt(20 * MINUTE + 1)) != [None]


def test_when_the_clock_is_set_the_rhythm_goes_on() -> None:
    phones = Phones()
    noted(phones, attempts(20, MINUTE))
    phones.shift(-HOUR)
    [phone] = filter(None, noted(phones, attempt(20 * MINUTE + 1 - HOUR)))
    assert (START + 1 - HOUR, 60.0, 21) == (phone.since, phone.every, phone.failures)


def refused(at: float, account: bytes = b"130") -> list[made.SecurityEvent]:
    """What PJSIP says of one attempt, whatever the password, at an address that is not allowed."""
    acl = made.event(
        "FailedACL", at, account=account, session=b"%.1f" % at, ACLName=b"not_match_endpoint_acl"
    )
    challenge = made.event("ChallengeSent", at, account=UNKNOWN, session=acl.session)
    answer = made.event("ChallengeResponseFailed", at, account=UNKNOWN, session=acl.session, Response=b"1")
    return [acl, challenge, acl, answer]


def unknown(at: float) -> list[made.SecurityEvent]:
    """What it says of one attempt with an account that is gone."""
    first = made.event("InvalidAccountID", at, account=b"999", session=b"%.1f" % at)
    challenge = made.event("ChallengeSent", at, account=UNKNOWN, session=first.session)
    answer = made.event("ChallengeResponseFailed", at, account=UNKNOWN, session=first.session, Response=b"1")
    return [first, challenge, first, answer]


@pytest.mark.parametrize("attempt", [refused, unknown])
def test_a_failure_that_tests_no_password_is_spared_as_often_as_it_comes(
    attempt: Callable[[float], list[made.SecurityEvent]],
) -> None:
    """Four events each half a minute are more than the tries that a guesser has in a day."""
    events = [event for n in range(2 * 2880) for event in attempt(30.0 * n)]
    assert len(events) > 4 * SPARED - 1
    assert made.bans(made.guard(), house(events, days=2)) == []
