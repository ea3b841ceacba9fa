"""Who belongs to the PBX is treated as a friend, though he never logged in."""

from __future__ import annotations

import made
import pytest
from made import ATTACKER, DAY, HOUR, MINUTE, START

from amiguard.model import Peer, Prefix

TRUNK = Prefix.parse(ATTACKER)


def failures(count: int, begin: float = 1.0, every: float = 0.0, **what: bytes) -> list[made.SecurityEvent]:
    return [made.event(at=begin + n * every, **what) for n in range(count)]


def knowing(network: str = ATTACKER, *, registered: bool = False, toml: str = "") -> made.Guard:
    judge = made.guard(toml)
    judge.known([Peer(Prefix.parse(network), 5070, "pjsip.conf [trunk] match", registered)])
    return judge


def test_a_known_peer_may_fail_eight_times_as_often() -> None:
    assert made.bans(knowing(), failures(35)) == []
    (ban,) = made.bans(knowing(), failures(36, transport=b"TLS"))
    assert (ban.score, ban.scope) == (72, "house")
    judge = knowing(registered=True, toml="[allow]\nauthenticated_factor = 2")
    assert len(made.bans(judge, failures(9))) == 1


@pytest.mark.parametrize("network", ["203.0.113.0/28", "203.0.0.0/16"])
def test_every_address_of_a_known_network_is_known(network: str) -> None:
    assert made.bans(knowing(network), failures(35)) == []


def test_nobody_else_is() -> None:
    assert len(made.bans(knowing("203.0.113.8/29"), failures(5))) == 1
    judge = knowing()
    judge.known([])
    assert len(made.bans(judge, failures(5))) == 1


def test_a_source_that_holds_a_known_address_is_known() -> None:
    judge = knowing("2001:db8:1:2::50")
    events = [made.event(at=1, source="2001:db8:1:2::99", transport=b"TLS") for _ in range(35)]
    assert made.bans(judge, events) == []


def test_a_source_is_asked_once_for_each_peer() -> None:
    judge = knowing("203.0.113.0/24", toml="[ban]\nipv4_prefix = 24")
    judge.known([*judge.peers, Peer(TRUNK, 5060, "registered contact of 101")])
    assert len(list(judge.peers.at(Prefix.parse("203.0.113.0/24")))) == 2


def test_on_our_own_link_only_the_address_itself_is() -> None:
    judge = knowing("2001:db8:1:2::50")
    judge.shield.on_link([Prefix.parse("2001:db8:1:2::/64")])
    for address, bans in (("2001:db8:1:2::99", 1), ("2001:db8:1:2::50", 0)):
        assert bans == len(made.bans(judge, [made.event(at=1, source=address) for _ in range(5)]))


def test_a_peer_of_whom_two_sources_tell_is_one() -> None:
    judge = knowing()
    judge.known([*judge.peers, Peer(TRUNK, 5070, "outbound registration trunk")])
    assert len(judge.peers) == 1
    assert len([*judge.peers]) == 2


def test_its_accounts_count_slowly_once_a_day() -> None:
    """A mistyped account behind it, every five minutes for a week."""
    assert made.bans(knowing(), failures(7 * 288, every=5 * MINUTE, account=b"102")) == []
    others = [made.event(at=n * 5 * MINUTE, account=b"%d" % n, transport=b"TLS") for n in range(7 * 288)]
    assert made.bans(knowing(), others)


def test_what_it_did_is_remembered_when_others_become_known() -> None:
    judge = knowing()
    made.bans(judge, failures(1, account=b"102"))
    before = judge.peers.friend(TRUNK)
    judge.known([*judge.peers, Peer(Prefix.parse("192.0.2.1"), 0, "IAX2 peer x")])
    assert judge.peers.friend(TRUNK) is before
    peers = [*judge.peers]
    judge.known(peers[1:])
    assert judge.peers.friend(TRUNK) is None
    judge.known(peers)
    assert judge.peers.friend(TRUNK) is not before, "and forgotten with the peer"


def test_what_anybody_can_forge_bans_no_trunk_that_an_administrator_wrote_down() -> None:
    """It may call from any port, so there is no flow by which a closed door could spare it."""
    judge = knowing()
    (alarm,) = (o for event in failures(500) for o in judge.observe(event, event.time))
    assert ("suppressed", TRUNK) == (alarm.what, alarm.source)
    assert "known peer (pjsip.conf [trunk] match), which anybody can accuse over UDP" in alarm.text


def test_the_door_of_a_registered_one_is_closed_with_an_alarm_and_its_own_flow_spared() -> None:
    judge = knowing(registered=True)
    verdict, alarm = (o for event in failures(36) for o in judge.observe(event, event.time))
    assert (verdict.ban.scope, alarm.what) == ("door", "suppressed")
    assert "known peer" in alarm.text
    assert "pjsip.conf [trunk] match" in alarm.text
    assert {(TRUNK, 5070)} == judge.flows(TRUNK, START)


def test_flows_of_log_ins_and_of_known_peers_are_spared_together() -> None:
    judge = knowing("203.0.113.0/28")
    made.bans(judge, [made.login(port=5062)])
    assert {(TRUNK, 5062), (TRUNK, 5070)} == judge.flows(TRUNK, START + 1)
    judge.known([Peer(TRUNK, 0, "IAX2 peer x")])
    assert {(TRUNK, 5062)} == judge.flows(TRUNK, START + 1), "a port that nobody knows is none"


def test_a_network_has_no_flow_but_each_address_in_it_has() -> None:
    judge = knowing("203.0.113.0/28", toml="[ban]\nipv4_prefix = 24")
    assert set() == judge.flows(Prefix.parse("203.0.113.0/24"), START)
    assert {(TRUNK, 5070)} == judge.flows(TRUNK, START)


@pytest.mark.parametrize("text", ["203.0.113.7", "203.0.113.0/28", "203.0.0.0/16"])
def test_whatever_shares_an_address_with_a_known_network_is_found(text: str) -> None:
    judge = knowing("203.0.113.0/28")
    assert next(iter(judge.peers)) == judge.peers.overlapping(Prefix.parse(text))
    assert judge.peers.overlapping(Prefix.parse("203.0.113.16")) is None


def test_a_network_around_a_known_peer_is_not_banned_and_says_whose() -> None:
    judge = knowing("2001:db8:1:2::50")
    events = [made.event(at=1, source=f"2001:db8:1:{n:x}::1", transport=b"TLS") for n in range(100, 136)]
    (alarm,) = made.suppressed(judge, events)
    assert str(alarm.source) == "2001:db8:1::/48"
    assert "2001:db8:1:2::50 in it is a known peer (pjsip.conf [trunk] match)" in alarm.text


def test_whoever_guessed_a_password_does_not_become_known_by_registering() -> None:
    judge = made.guard()
    (alarm,) = made.alarms(judge, [*failures(3, begin=0), made.login(at=1)])
    assert alarm.what == "breach"
    judge.known([Peer(TRUNK, 5060, "registered contact of 101", registered=True)])
    assert judge.peers.friend(TRUNK) is None
    judge.known([Peer(TRUNK, 5060, "pjsip.conf [trunk] match")])
    assert judge.peers.friend(TRUNK), "what an administrator wrote holds"


def test_it_is_known_again_when_it_has_logged_in_as_friends_do() -> None:
    judge = knowing(registered=True)
    judge.peers.breached(TRUNK)
    made.bans(judge, [made.login()])
    assert judge.peers.friend(TRUNK)


def test_a_known_peers_log_in_amid_mistakes_is_no_breach() -> None:
    judge = knowing()
    assert made.alarms(judge, [*failures(17), made.login(at=2)]) == []
    assert list(judge.friends) == [TRUNK]


def test_when_the_clock_is_set_back_its_day_lasts_as_long_as_before() -> None:
    judge = knowing()
    made.bans(judge, failures(1))
    judge.shift(-10 * HOUR)
    friend = judge.peers.friend(TRUNK)
    assert friend
    assert not friend.counts_slowly(b"101", START + DAY - 10 * HOUR)
    assert friend.counts_slowly(b"101", START + DAY - 10 * HOUR + 2)


def test_what_is_remembered_of_sources_in_wide_networks_is_bounded() -> None:
    judge = knowing("10.0.0.0/8")
    for n in range(5000):
        source = Prefix.of((0x0A000000 + n).to_bytes(4))
        assert judge.peers.friend(source)
        judge.peers.breached(source)
    assert len(judge.peers._friends) == len(judge.peers._breached) == 4096
