"""An account that many guess at is named, and a log-in to it from elsewhere is a breach."""

from __future__ import annotations

import made
import pytest
from made import DAY, HOUR, event, guard, login

from amiguard.judge import evidence
from amiguard.judge.accounts import SPREAD
from amiguard.judge.logins import EVERYBODY
from amiguard.model import Peer, Prefix, SecurityEvent

HOME, ELSEWHERE = "192.0.2.10", "198.18.0.9"


def spread(sources: int = 200, account: bytes = b"101", times: int = 3) -> list[SecurityEvent]:
    """So many sources try three passwords each, below any threshold."""
    return [
        event(at=number * 10 + n, source=f"203.0.113.{number}", account=account, Response=b"%d" % n)
        for number in range(sources)
        for n in range(times)
    ]


def test_guessing_with_many_addresses_is_named_once_a_day_with_its_evidence() -> None:
    judge = guard()
    [alarm] = made.alarms(judge, spread())
    assert ("distributed guessing", EVERYBODY, b"101") == (alarm.what, alarm.source, alarm.about)
    assert alarm.text.startswith(
        f"account 101 (PJSIP) is guessed at, {3 * SPREAD - 2} failures from {SPREAD} sources"
    )
    assert alarm.text.endswith("the newest are 203.0.113.9, 203.0.113.8, 203.0.113.7")
    records = list(evidence.unpack(alarm.evidence))
    assert [f"203.0.113.{n}" for n in range(2, 10)] == [str(each.event.remote.address) for each in records]
    assert 0 == len(judge.bans)
    again = [each._replace(time=each.time + DAY + HOUR) for each in spread()]
    assert ["distributed guessing"] == [alarm.what for alarm in made.alarms(judge, again)]


def test_twenty_phones_that_mistype_twice_are_no_attack() -> None:
    phones = [
        each
        for n in range(20)
        for each in (
            *(event(at=n * 60 + k, source=f"203.0.113.{n}", account=b"%d" % n) for k in range(2)),
            login(n * 60 + 3, f"203.0.113.{n}", account=b"%d" % n),
        )
    ]
    judge = guard()
    assert ([], 20) == (made.alarms(judge, phones), len(judge.friends))


def test_a_log_in_to_a_guessed_account_from_a_new_network_is_a_breach_and_makes_no_friend() -> None:
    judge = guard()
    made.bans(judge, [login(at=-HOUR, source=HOME), *spread()])
    [alarm] = made.alarms(judge, [login(at=2000, source=ELSEWHERE)])
    assert ("breach", ELSEWHERE, b"101") == (alarm.what, str(alarm.source), alarm.about)
    assert (
        "600 failures from 200 sources within a day; now it has logged in from a network that is new"
        in alarm.text
    )
    assert evidence.RECORDS == len(list(evidence.unpack(alarm.evidence)))
    assert 1 == len(judge.friends)
    assert [] == made.alarms(judge, [login(at=2010, source=ELSEWHERE)])


def test_a_guess_that_comes_true_at_a_source_of_the_attack_is_a_breach() -> None:
    judge = guard()
    made.bans(judge, spread())
    [alarm] = made.alarms(judge, [login(at=2000, source="203.0.113.77")])
    newest = list(evidence.unpack(alarm.evidence))
    assert "203.0.113.77" in {str(each.event.remote.address) for each in newest}


@pytest.mark.parametrize(
    ("source", "account"),
    [(HOME, b"101"), ("192.0.2.99", b"101"), (ELSEWHERE, b"102")],
    ids=["home", "the same network", "another account"],
)
def test_who_is_known_logs_in_as_ever(source: str, account: bytes) -> None:
    judge = guard()
    made.bans(judge, [login(at=-HOUR, source=HOME), *spread()])
    assert [] == made.alarms(judge, [login(at=2000, source=source, account=account)])
    assert judge.friends.record(Prefix.parse(source))


def test_a_registered_phone_is_not_new() -> None:
    judge = guard()
    made.bans(judge, spread())
    judge.known([Peer(Prefix.parse(ELSEWHERE), 5060, "registered contact of 101", registered=True)])
    assert [] == made.alarms(judge, [login(at=2000, source=ELSEWHERE)])


def test_when_the_attack_is_over_a_new_network_becomes_known() -> None:
    judge = guard()
    made.bans(judge, spread())
    assert [] == made.alarms(judge, [login(at=2000 + DAY, source=ELSEWHERE)])
    assert 1 == len(judge.friends)


def test_without_friends_no_network_is_known_and_none_is_new() -> None:
    judge = guard('[allow]\nauthenticated_for = "0s"')
    made.bans(judge, spread())
    assert [] == made.alarms(judge, [login(at=2000, source=ELSEWHERE)])


def test_friends_that_mistype_their_own_password_are_no_attack() -> None:
    judge = guard()
    offices = [
        each
        for n in range(30)
        for each in (login(n, f"203.0.113.{n}"), event(at=100 + n, source=f"203.0.113.{n}"))
    ]
    assert [] == made.alarms(judge, offices)
    assert [] == judge.logins.accounts.all()


def test_a_hostile_name_is_no_more_than_a_name() -> None:
    judge = guard()
    hostile = b"a\x1b[2J" * 20
    [alarm] = made.alarms(judge, spread(SPREAD, account=hostile, times=1))
    assert hostile[:36] == alarm.about
    assert len(alarm.text) < 300


def test_it_is_remembered_through_a_restart() -> None:
    judge, after = guard(), guard()
    made.bans(judge, spread())
    after.logins.accounts.restore(judge.logins.accounts.pack())
    [alarm] = made.alarms(after, [login(at=2000, source=ELSEWHERE)])
    assert "breach" == alarm.what
