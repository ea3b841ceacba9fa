"""Who logged in is treated more gently, but not without end."""

from __future__ import annotations

import made
import pytest
from made import ATTACKER, DAY, HOUR, MINUTE, START

from amiguard.judge import evidence
from amiguard.judge.friends import (
    ACCOUNTS,
    COUNTED_ACCOUNTS,
    FLOWS,
    FRIENDS_AN_ACCOUNT,
    SHARED_ACCOUNTS,
    Friend,
    Friends,
)
from amiguard.model import Prefix

PHONE = Prefix.parse(ATTACKER)


def failures(count: int, begin: float = 1.0, every: float = 0.0, **what: bytes) -> list[made.SecurityEvent]:
    return [made.event(at=begin + n * every, **what) for n in range(count)]


def befriended(toml: str = "") -> made.Guard:
    judge = made.guard(toml)
    assert made.alarms(judge, [made.login()]) == []
    return judge


def test_a_friend_may_fail_eight_times_as_often() -> None:
    assert made.bans(befriended(), failures(35)) == []
    (ban,) = made.bans(befriended(), failures(36, transport=b"TLS"))
    assert (ban.score, ban.scope) == (72, "house")


def test_how_often_can_be_chosen() -> None:
    assert len(made.bans(befriended("[allow]\nauthenticated_factor = 2"), failures(9))) == 1
    assert len(made.bans(befriended('[allow]\nauthenticated_for = "0s"'), failures(5))) == 1


def test_friendship_ends_a_day_after_the_last_log_in() -> None:
    assert made.bans(befriended(), failures(5, begin=DAY - 1)) == []
    assert len(made.bans(befriended(), failures(5, begin=DAY + 1))) == 1
    judge = befriended()
    made.bans(judge, [made.login(at=HOUR)])
    assert made.bans(judge, failures(5, begin=DAY + HOUR - 1)) == []


def test_whose_time_is_over_is_no_friend_within_a_network() -> None:
    judge = befriended()
    assert PHONE == judge.friends.within(PHONE.within(24), START + HOUR)
    assert judge.friends.within(PHONE.within(24), START + DAY + 1) is None


def test_a_success_that_could_be_forged_makes_no_friend() -> None:
    judge = made.guard()
    made.bans(judge, [made.event("SuccessfulAuth", UsingPassword=b"0")])
    event = made.login()
    judge.observe(event, event.time, forgeable=True)
    assert len(judge.friends) == 0
    made.bans(judge, [made.event("SuccessfulAuth", UsingPassword=b"0", transport=b"TLS", service=b"AMI")])
    assert list(judge.friends) == [PHONE]


def test_success_below_half_of_both_thresholds_makes_a_friend() -> None:
    judge = made.guard()
    assert made.alarms(judge, [*failures(2, begin=0), made.login(at=1)]) == []
    assert list(judge.friends) == [PHONE]
    slowly = [*failures(6, begin=0, every=HOUR), made.login(at=6 * HOUR)]
    assert made.alarms(made.guard(), slowly) == []
    assert judge.scorer.scores(PHONE, START + 1)[0] == pytest.approx(4, abs=0.01)  # and lowers nothing


def test_success_above_half_of_a_threshold_is_a_breach_and_makes_no_friend() -> None:
    fast = [*failures(3, begin=0), made.login(at=1)]
    slow = [*failures(7, begin=0, every=30 * MINUTE), made.login(at=5 * HOUR)]
    for events in (fast, slow):
        judge = made.guard()
        (alarm,) = made.alarms(judge, [*events, events[-1]])
        assert (alarm.what, alarm.source) == ("breach", PHONE)
        assert len(judge.friends) == 0


def test_a_friends_log_in_amid_his_own_mistakes_is_no_breach() -> None:
    judge = befriended()
    assert made.alarms(judge, [*failures(17), made.login(at=2)]) == []
    assert [a.what for a in made.alarms(judge, [*failures(2, begin=3), made.login(at=4)])] == ["breach"]


def test_a_mistyped_phone_behind_a_friends_address_is_not_banned() -> None:
    """Every five minutes for a week, while another phone logs in each hour."""
    events = failures(7 * 288, every=5 * MINUTE, account=b"102")
    events += [made.login(at=n * HOUR) for n in range(7 * 24)]
    assert made.bans(made.guard(), sorted(events, key=lambda event: event.time)) == []


def test_a_guesser_with_one_valid_account_is_banned() -> None:
    """He tries other accounts, no faster than the mistyped phone."""
    events = [made.event(at=n * 5 * MINUTE, account=b"%d" % (1000 + n)) for n in range(1, 7 * 288)]
    events += [made.login(at=n * HOUR) for n in range(7 * 24)]
    bans = made.bans(made.guard(), sorted(events, key=lambda event: event.time))
    assert bans
    assert bans[0].since < START + 2 * DAY


def test_a_friends_door_is_closed_with_an_alarm_and_spares_his_phones() -> None:
    judge = made.guard()
    made.bans(judge, [made.login(port=5062), made.login(at=HOUR, port=5064)])
    outcomes = [o for event in failures(36, begin=HOUR + 1) for o in judge.observe(event, event.time)]
    verdict, alarm = outcomes
    assert (verdict.ban.scope, alarm.what) == ("door", "suppressed")
    friend = judge.friends.get(PHONE, START + HOUR + 1)
    assert friend is not None
    assert list(friend.recent_flows(START + HOUR + 1)) == [(PHONE, 5064)]


def accounts(count: int, at: float = 0.0) -> list[made.SecurityEvent]:
    return [made.login(at=at, account=b"%d" % n, transport=b"WSS") for n in range(count)]


def test_an_address_that_many_log_in_from_is_not_banned_but_told() -> None:
    judge = made.guard()
    made.bans(judge, accounts(SHARED_ACCOUNTS))
    (alarm,) = made.alarms(judge, failures(80, transport=b"WSS"))
    assert (alarm.what, len(judge.bans)) == ("suppressed", 0)
    assert "shared" in alarm.text


def test_four_accounts_or_those_of_yesterday_share_nothing() -> None:
    judge = made.guard()
    made.bans(judge, accounts(SHARED_ACCOUNTS - 1))
    assert len(made.bans(judge, failures(40, transport=b"WSS"))) == 1
    judge = made.guard()
    made.bans(judge, [*accounts(SHARED_ACCOUNTS - 1), made.login(at=DAY + 1, account=b"new")])
    assert len(made.bans(judge, failures(40, begin=DAY + 2, transport=b"WSS"))) == 1


def test_shared_addresses_are_banned_where_the_administrator_says_so() -> None:
    judge = made.guard("[ban]\nshared = true")
    made.bans(judge, accounts(SHARED_ACCOUNTS))
    assert len(made.bans(judge, failures(40, transport=b"WSS"))) == 1


def test_an_account_has_64_friends_at_most() -> None:
    judge = made.guard()
    for n in range(FRIENDS_AN_ACCOUNT + 36):
        made.bans(judge, [made.login(at=n, source=f"10.0.0.{n}")])
    assert len(judge.friends) == FRIENDS_AN_ACCOUNT
    made.bans(judge, [made.login(at=100, source="10.0.1.1", account=b"102")])
    made.bans(judge, [made.login(at=DAY + 50, source="10.0.1.2")])  # some friendships are over by then
    assert judge.friends.get(Prefix.parse("10.0.1.2"), START + DAY + 51)


def test_the_table_of_friends_has_its_limit() -> None:
    friends = Friends(lasts=DAY, limit=10)
    for n in range(50):
        friends.succeeded(Prefix.parse(f"10.0.0.{n}"), b"%d" % n, (PHONE, n), START)
    assert len(friends) == 10


def test_sixteen_accounts_count_slowly_once_a_day_and_the_rest_each_time() -> None:
    friend = Friend()
    names = [b"%d" % n for n in range(COUNTED_ACCOUNTS + 4)]
    assert all(friend.counts_slowly(name, START) for name in names)
    again = [friend.counts_slowly(name, START + HOUR) for name in names]
    assert [False] * COUNTED_ACCOUNTS + [True] * 4 == again
    assert all(friend.counts_slowly(name, START + DAY) for name in names)


def test_an_account_that_has_counted_slowly_is_remembered_through_a_restart() -> None:
    judge = befriended()
    judge.friends.changed.clear()
    made.bans(judge, failures(1))
    assert {PHONE} == judge.friends.changed


def full_friend() -> Friend:
    friend = Friend()
    for n in range(ACCOUNTS + FLOWS):
        friend.succeeded(b"acc\xff%d" % n, (PHONE, n), START + n, lasts=DAY)
        friend.counts_slowly(b"\x00%d" % n, START + n)
    return friend


def test_what_is_remembered_of_a_friend_is_bounded_and_the_newest_stays() -> None:
    friend = full_friend()
    sizes = (len(friend.accounts), len(friend.flows), len(friend.counted))
    assert sizes == (ACCOUNTS, FLOWS, COUNTED_ACCOUNTS)
    assert max(friend.accounts.values()) == START + ACCOUNTS + FLOWS - 1


def test_a_friend_unpacks_to_what_was_packed() -> None:
    friend = full_friend()
    again = Friend.unpack(friend.pack())
    for name in Friend.__slots__:
        assert getattr(friend, name) == getattr(again, name)


def test_when_the_clock_is_set_back_friendship_lasts_as_long_as_before() -> None:
    judge = befriended()
    judge.shift(-10 * HOUR)
    assert judge.friends.get(PHONE, START + 14 * HOUR - 1)
    assert not judge.friends.get(PHONE, START + 14 * HOUR + 1)


@pytest.mark.parametrize("every", [20.0, 30.0, 40.0])
def test_whoever_forges_failures_of_a_friend_without_end_does_not_cut_his_phone_off(every: float) -> None:
    """Neither by a ban that spares no phone, nor by making him a stranger whom the next failures ban."""
    judge = made.guard()
    stream = [made.login(at=n * HOUR / 2) for n in range(60)]
    stream += failures(int(29 * HOUR / every), begin=100.0, every=every, account=b"900")
    for event in sorted(stream, key=lambda each: each.time):
        for outcome in judge.observe(event, event.time):
            if isinstance(outcome, made.Verdict):
                friend = judge.friends.get(PHONE, event.time)
                assert friend
                assert [(PHONE, 5060)] == list(friend.recent_flows(event.time))
    assert [PHONE] == list(judge.friends)


def test_a_friend_who_guesses_over_a_connection_is_one_no_longer_than_that_protects_him() -> None:
    judge = befriended()
    made.bans(judge, failures(20, begin=DAY - MINUTE, transport=b"TLS"))
    (alarm,) = made.alarms(judge, [made.login(at=DAY - 1)])
    assert alarm.what == "breach"
    made.bans(judge, failures(1, begin=DAY + 1))
    assert [] == list(judge.friends)


def test_who_dials_many_numbers_shares_his_address_with_nobody() -> None:
    """For a call chan_sip gives the number dialled as the account: one account must not buy immunity."""
    judge = made.guard()
    calls = [
        made.event("SuccessfulAuth", n, service=b"SIP", account=b"60%d" % n, UsingPassword=b"1")
        for n in range(9)
    ]
    assert [] == made.alarms(judge, calls)
    (ban, *_) = made.bans(judge, failures(36, begin=10.0, service=b"SIP", transport=b"TLS"))
    assert "house" == ban.scope


def asking(count: int, session: bytes, kind: str = "RequestNotAllowed") -> list[made.SecurityEvent]:
    """Requests over the AMI for what nobody may, in a session that began then."""
    words = {"service": b"AMI", "transport": b"TCP", "account": b"panel", "SessionTV": session}
    return [made.event(kind, 10.0 * n, **words) for n in range(count)]


MANAGER = made.event(
    "SuccessfulAuth", service=b"AMI", account=b"panel", transport=b"TCP", local=b"IPV4/TCP/0.0.0.0/5038"
)
BEGUN = b"2026-11-21T22:21:39.487+0000"


@pytest.mark.parametrize("kind", ["RequestNotAllowed", "RequestBadFormat"])
def test_who_has_logged_in_to_the_ami_may_ask_for_more_than_he_is_allowed_and_it_is_told(kind: str) -> None:
    events = [MANAGER, *asking(500, BEGUN, kind)]
    assert [] == made.bans(made.guard(), events)
    (alarm,) = made.alarms(made.guard(), events)
    assert "not banned, panel has logged in: a request" in alarm.text
    assert {kind} == {each.event.kind for each in evidence.unpack(alarm.evidence)}


@pytest.mark.parametrize("session", [b"1970-01-01T01:00:00.000+0100", b"1969-12-31T19:00:00.000-0500"])
def test_before_a_log_in_it_counts_even_against_a_friend(session: bytes) -> None:
    assert made.bans(made.guard(), [MANAGER, *asking(100, session)])


def test_who_has_guessed_his_way_in_is_no_friend_and_may_not() -> None:
    guesses = [made.event("InvalidPassword", service=b"AMI", transport=b"TCP") for _ in range(2)]
    assert made.bans(made.guard(), [*guesses, MANAGER, *asking(1, BEGUN)])


def test_who_stays_logged_in_for_days_stays_a_friend() -> None:
    """He asks in vain every ten seconds, from one session."""
    events = [MANAGER, *asking(3 * 8640, BEGUN)]
    assert [] == made.bans(made.guard(), events)
