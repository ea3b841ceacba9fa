"""What of all that happens is news."""

from __future__ import annotations

from typing import get_args

import made
import pytest
from made import ATTACKER, DAY, START

from amiguard.model import Alarm, AlarmKind, Ban, Peer, Prefix
from amiguard.notify.gathering import News
from amiguard.notify.kinds import KINDS, OF_ALARM
from amiguard.notify.reporter import Reporter

HOME = Prefix.parse(ATTACKER)


def heard(judge: made.Guard, *bans: Ban, wanted: tuple[str, ...] = KINDS) -> list[News]:
    """What is told of these bans."""
    told: list[News] = []
    Reporter(judge, wanted, told.append).banned(bans)  # type: ignore[arg-type]  # any kinds will do
    return told


def ban(source: str, at: float = 1.0, **other: str) -> Ban:
    since = START + at
    return Ban(Prefix.parse(source), "house", "proven", since, since + 600, "guessing")._replace(**other)  # type: ignore[arg-type]


def at_home() -> made.Guard:
    judge = made.guard()
    made.bans(judge, [made.login()])
    return judge


def test_every_alarm_has_a_kind() -> None:
    assert set(get_args(AlarmKind)) == set(OF_ALARM)


def test_an_alarm_is_told_with_its_evidence() -> None:
    told: list[News] = []
    Reporter(made.guard(), KINDS, told.append).alarm(Alarm("breach", HOME, START, "logged in", b"records"))
    assert [News("breach", START, "logged in", ATTACKER, b"records")] == told


def test_what_is_not_wanted_is_not_told() -> None:
    told: list[News] = []
    reporter = Reporter(at_home(), ("firewall",), told.append)
    reporter.alarm(Alarm("breach", HOME, START, "logged in"))
    reporter.banned([ban("203.0.113.8")])
    assert [] == told


def test_a_ban_near_a_friend_is_told_once_a_day() -> None:
    near = [ban("203.0.113.8"), ban("203.0.113.9", at=2), ban("203.0.114.8", at=3)]
    [news] = heard(at_home(), *near)
    assert ("friend", "203.0.113.8") == (news.kind, news.source)
    assert f"banned, and the friend {ATTACKER} lives near: guessing" == news.text
    judge = at_home()
    made.bans(judge, [made.login(at=DAY - 10)])
    assert 2 == len(heard(judge, ban("203.0.113.8"), ban("203.0.113.9", at=DAY + 2)))


def test_who_is_a_friend_no_more_has_no_neighbours() -> None:
    assert [] == heard(at_home(), ban("203.0.113.8", at=DAY + 1))


def test_a_ban_near_a_known_peer_names_him_and_how_he_is_known() -> None:
    judge = made.guard()
    judge.known([Peer(Prefix.parse("2001:db8:1::5"), 5060, "pjsip.conf")])
    [news] = heard(judge, ban("2001:db8:1:7::/64"), ban("2001:db8:2::/64"))
    assert "banned, and the known peer 2001:db8:1::5 (pjsip.conf) lives near: guessing" == news.text


def test_what_an_operator_bans_is_no_news_to_him() -> None:
    assert [] == heard(at_home(), ban("203.0.113.8", origin="operator"))
    assert 1 == len(heard(at_home(), ban("203.0.113.8", origin="fail2ban")))


@pytest.mark.parametrize("tampered", [False, True])
def test_a_ban_for_tampering_is_told(tampered: bool) -> None:
    judge = made.guard()
    events = [made.event(at=n, transport=b"TLS", tampered=tampered) for n in range(5)]
    kinds = [news.kind for news in heard(judge, *made.bans(judge, events))]
    assert (["tampering"] if tampered else []) == kinds


def test_a_friend_who_is_forgotten_moves_out() -> None:
    judge = at_home()
    judge.friends.drop(HOME)
    assert not judge.friends.neighbours.near(HOME)
    packed = made.guard().friends
    judge = at_home()
    state = judge.friends.record(HOME)
    assert state
    packed.restore(HOME, state.pack())
    assert packed.neighbours.near(Prefix.parse("203.0.113.200"))
