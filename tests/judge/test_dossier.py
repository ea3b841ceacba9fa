"""A look at a source tells what the guard knows, and changes nothing."""

from __future__ import annotations

import made
import pytest
from made import ATTACKER, DAY, HOUR, MINUTE, START, event, guard, login

from amiguard.judge import dossier, evidence
from amiguard.judge.dossier import look, neighbours
from amiguard.model import Peer, Prefix

SOURCE = Prefix.parse(ATTACKER)


def test_scores_are_told_as_they_are_by_now() -> None:
    judge = guard()
    made.bans(judge, [event(at=n) for n in range(3)])
    known = look(judge, SOURCE, START + 10 * MINUTE + 2)
    fast, slow = known.scales
    assert ("fast", 9.0, 600.0) == (fast.name, fast.threshold, fast.half_life)
    assert pytest.approx(3.0, abs=0.01) == fast.score
    assert pytest.approx(6.0, rel=0.01) == slow.score
    assert pytest.approx(25.0 - slow.score) == slow.left
    assert 3 == len(list(evidence.unpack(known.records)))
    assert (None, (), None, 1.0) == (known.ban, known.protections, known.friend, known.factor)


@pytest.mark.parametrize("later", [0.0, DAY, 400 * DAY])
def test_to_look_changes_nothing(later: float) -> None:
    judge = guard()
    made.bans(judge, [login(source="203.0.113.9"), *(event(at=n) for n in range(3))])
    before = judge.scorer.state(SOURCE, whole=True)
    changed = set(judge.scorer.changed), set(judge.friends.changed)
    look(judge, SOURCE, START + later)
    look(judge, Prefix.parse("203.0.113.9"), START + later)
    neighbours(judge, SOURCE, START)
    assert before == judge.scorer.state(SOURCE, whole=True)
    assert changed == (judge.scorer.changed, judge.friends.changed)
    assert 1 == len(judge.friends)


def test_the_slow_score_stands_beside_the_fast_one() -> None:
    judge = guard()
    made.bans(judge, [event(at=n * HOUR) for n in range(4)])
    last = list(evidence.unpack(look(judge, SOURCE, START).records))[-1]
    assert pytest.approx(2.03, abs=0.01) == last.score
    assert pytest.approx(7.66, abs=0.01) == last.slow


def test_a_ban_around_an_address_is_its_ban() -> None:
    judge = guard()
    [ban] = made.bans(judge, [event(at=n, source="2001:db8:1:2::7", transport=b"TLS") for n in range(5)])
    known = look(judge, Prefix.parse("2001:db8:1:2:ffff::1"), START + 5)
    assert ban == known.ban
    assert Prefix.parse("2001:db8:1:2::/64") == known.source
    wide = [scale for scale in known.scales if scale.network.length == 48]
    assert [("fast", 72.0), ("slow", 200.0)] == [(scale.name, scale.threshold) for scale in wide]
    assert pytest.approx(10.0, abs=0.1) == wide[0].score


def test_who_has_logged_in_is_a_friend_until_his_time_is_over() -> None:
    judge = guard()
    made.bans(judge, [login()])
    assert 8.0 == look(judge, SOURCE, START + HOUR).factor
    over = look(judge, SOURCE, START + 2 * DAY)
    assert (None, 1.0) == (over.friend, over.factor)


def test_known_peers_and_protected_networks_are_told() -> None:
    judge = guard('[allow]\nnetworks = ["203.0.113.0/25"]')
    peer = Peer(SOURCE, 5060, "pjsip.conf [trunk]")
    judge.known([peer])
    known = look(judge, SOURCE, START)
    assert (peer,) == known.peers
    assert ((Prefix.parse("203.0.113.0/25"), "allow.networks"),) == known.protections


def test_neighbours_are_counted_by_kind_and_a_few_are_named() -> None:
    judge = guard()
    made.bans(judge, [event(source=f"203.0.113.{n}") for n in range(100, 120)])
    made.bans(
        judge,
        [
            event(source="203.0.114.1"),
            login(source="203.0.113.200", account=b"102"),
            event(source="::203:0:113:9"),
        ],
    )
    made.bans(judge, [event(source="203.0.113.50", at=n) for n in range(5)])
    found = neighbours(judge, SOURCE, START)
    assert Prefix.parse("203.0.113.0/24") == found.network
    assert {"banned": 1, "suspect": 20, "friend": 1, "known peer": 0} == found.counts
    assert dossier._NAMED + 2 == len(found.named)
    assert (Prefix.parse("203.0.113.50"), "banned") == found.named[0]
    assert 0 == neighbours(judge, SOURCE, START + 2 * DAY).counts["friend"]
    assert SOURCE not in {source for source, _ in neighbours(judge, SOURCE, START).named}


def test_the_evidence_of_a_wide_ban_is_kept() -> None:
    judge = guard()
    events = [
        event(at=n, source=f"2001:db8:1:{n:x}::7", transport=b"TLS", account=b"%d" % n) for n in range(40)
    ]
    outcomes = [outcome for each in events for outcome in judge.observe(each, each.time)]
    [verdict] = outcomes
    assert 8 == len(list(evidence.unpack(verdict.evidence)))


@pytest.mark.parametrize(
    ("channel", "told"), [("/var/log/asterisk/security", "log"), ("ami pbx:5038", "ami")]
)
def test_evidence_says_by_which_channel_it_came(channel: str, told: str) -> None:
    judge = guard()
    judge.observe(event(), START, channel)
    [exhibit] = evidence.unpack(look(judge, SOURCE, START).records)
    assert told == exhibit.told
