"""Who is banned, when, through which doors and for how long."""

from __future__ import annotations

import made
import pytest
from made import ATTACKER, DAY, HOUR, MINUTE, START

from amiguard.model import Prefix, Verdict


def wrong_passwords(
    count: int, every: float, *, begin: float = 0.0, **what: bytes
) -> list[made.SecurityEvent]:
    return [made.event(at=begin + n * every, **what) for n in range(count)]


def test_five_wrong_passwords_within_a_minute_ban_and_four_do_not() -> None:
    assert made.bans(made.guard(), wrong_passwords(4, every=15)) == []
    (ban,) = made.bans(made.guard(), wrong_passwords(5, every=15))
    assert (ban.source, ban.since) == (Prefix.parse(ATTACKER), START + 60)
    assert ban.score == pytest.approx(9.7, abs=0.1)


def test_five_at_once_ban_and_so_do_ten_points_by_any_sum() -> None:
    assert len(made.bans(made.guard(), wrong_passwords(5, every=0))) == 1
    calls = [made.event("FailedACL", at=n, service=b"SIP", ACLName=b"no_extension_match") for n in range(3)]
    assert len(made.bans(made.guard(), calls)) == 1
    assert len(made.bans(made.guard(), [made.event(tampered=True)])) == 1


def test_a_guess_a_minute_is_caught_within_ten_minutes() -> None:
    (first, *_) = made.bans(made.guard(), wrong_passwords(30, every=MINUTE))
    assert first.since <= START + 10 * MINUTE


def test_ten_guesses_a_day_are_caught_within_three_days() -> None:
    (first, *_) = made.bans(made.guard(), wrong_passwords(100, every=DAY / 10))
    assert first.since <= START + 3 * DAY
    assert "slow scale" in first.reason


def test_a_wrong_password_each_two_days_is_nobodys_attack() -> None:
    assert made.bans(made.guard(), wrong_passwords(200, every=2 * DAY)) == []


def test_a_score_halves_with_each_half_life() -> None:
    judge = made.guard()
    made.bans(judge, wrong_passwords(4, every=0))
    source = Prefix.parse(ATTACKER)
    assert judge.scorer.scores(source, START + 600) == pytest.approx((4, 8 * 2 ** (-1 / 144)))
    assert judge.scorer.scores(source, START + DAY)[1] == pytest.approx(4)


def test_the_registrars_complaints_never_ban() -> None:
    acl = b"registrar_attempt_exceeds_maximum_configured_contacts"
    assert made.bans(made.guard(), [made.event("FailedACL", at=n, ACLName=acl) for n in range(100)]) == []


@pytest.mark.parametrize("transport", [b"TCP", b"TLS", b"WS", b"WSS"])
def test_evidence_over_a_connection_closes_the_house(transport: bytes) -> None:
    (ban,) = made.bans(made.guard(), wrong_passwords(5, every=1, transport=transport))
    assert (ban.scope, ban.proof) == ("house", "proven")


@pytest.mark.parametrize("transport", [b"UDP", b""])
def test_evidence_that_could_be_forged_closes_the_door(transport: bytes) -> None:
    (ban,) = made.bans(made.guard(), wrong_passwords(5, every=1, transport=transport))
    assert (ban.scope, ban.proof) == ("door", "unproven")


@pytest.mark.parametrize(
    ("service", "challenge", "received", "scope"),
    [
        (b"SIP", b"5bf17319", b"5bf17319", "house"),
        (b"SIP", b"5bf17319", b"5bf1731a", "door"),
        (b"SIP", b"", b"", "door"),
        (b"PJSIP", b"5bf17319", b"5bf17319", "door"),
    ],
)
def test_chan_sip_proves_an_address_by_the_challenge_that_came_back(
    service: bytes, challenge: bytes, received: bytes, scope: str
) -> None:
    details = {"Challenge": challenge, "ReceivedChallenge": received}
    wrong = [made.event("InvalidPassword", at=n, service=service, **details) for n in range(5)]
    assert [ban.scope for ban in made.bans(made.guard(), wrong)] == [scope]


def test_what_could_be_forged_as_a_whole_proves_nothing() -> None:
    judge = made.guard()
    events = [made.event(at=n, transport=b"TCP") for n in range(5)]
    outcomes = [each for event in events for each in judge.observe(event, event.time, forgeable=True)]
    assert [each.ban.scope for each in outcomes if isinstance(each, Verdict)] == ["door"]


def test_a_door_becomes_a_house_with_the_first_proven_offence() -> None:
    judge = made.guard()
    (door,) = made.bans(judge, wrong_passwords(5, every=1))
    proven = [made.event(at=10 + n, transport=b"TLS") for n in range(5)]
    outcomes = [each for event in proven for each in judge.observe(event, event.time)]
    (verdict,) = [each for each in outcomes if isinstance(each, Verdict)]
    assert (verdict.ban.scope, verdict.replaced) == ("house", door)
    assert [verdict.ban] == list(judge.bans)


def test_proven_points_are_not_spent_by_a_door() -> None:
    """Or four guesses over TLS and one over UDP, again and again, would be free."""
    judge = made.guard()
    events = [made.event(at=n, transport=b"TLS") for n in range(4)]
    events += [made.event(at=4), made.event(at=5, transport=b"TLS")]
    assert [ban.scope for ban in made.bans(judge, events)] == ["door", "house"]


def test_proof_decays_like_all_else() -> None:
    """A connection's mistakes of last month prove nothing about today's packets."""
    mistakes = wrong_passwords(15, every=2 * DAY, transport=b"TLS")
    (ban,) = made.bans(made.guard(), mistakes + wrong_passwords(5, every=0, begin=30 * DAY))
    assert (ban.scope, ban.proof) == ("door", "unproven")


def test_bans_grow_longer_each_time_and_are_forgotten_after_a_month() -> None:
    judge = made.guard()
    times = (0, HOUR, 3 * HOUR, 2 * DAY, 10 * DAY, 60 * DAY)
    again = [event for at in times for event in wrong_passwords(5, every=0, begin=at, transport=b"TLS")]
    bans = made.bans(judge, again)
    assert [1, 2, 3, 4, 5, 1] == [ban.strike for ban in bans]
    assert [600, HOUR, DAY, 7 * DAY, 7 * DAY, 600] == [ban.until - ban.since for ban in bans]


def test_a_door_is_closed_for_a_day_at_most() -> None:
    times = (0, HOUR, 3 * HOUR, 2 * DAY, 10 * DAY)
    again = [event for at in times for event in wrong_passwords(5, every=0, begin=at)]
    assert [600, HOUR, DAY, DAY, DAY] == [ban.until - ban.since for ban in made.bans(made.guard(), again)]


def test_a_ban_may_be_for_ever() -> None:
    judge = made.guard('[ban]\ndurations = ["forever"]')
    (ban,) = made.bans(judge, wrong_passwords(50, every=DAY / 24, transport=b"TLS"))
    assert ban.until == float("inf")


def test_an_offence_sets_the_score_to_nothing() -> None:
    judge = made.guard()
    made.bans(judge, wrong_passwords(5, every=0))
    assert judge.scorer.scores(Prefix.parse(ATTACKER), START) == (0, 0)
    assert made.bans(judge, wrong_passwords(4, every=1, begin=601)) == []


def test_a_banned_source_earns_neither_score_nor_strike() -> None:
    judge = made.guard()
    made.bans(judge, wrong_passwords(5, every=0, transport=b"TLS"))
    assert made.bans(judge, wrong_passwords(100, every=1, begin=1, transport=b"TLS")) == []
    assert judge.scorer.scores(Prefix.parse(ATTACKER), START + 100) == (0, 0)
    assert judge.bans.strikes(Prefix.parse(ATTACKER)) == (START,)


def test_what_is_lifted_counts_no_strike() -> None:
    judge = made.guard()
    made.bans(judge, wrong_passwords(5, every=0, transport=b"TLS"))
    made.bans(judge, wrong_passwords(5, every=0, begin=HOUR, transport=b"TLS"))
    (lifted,) = judge.bans.lift(Prefix.parse(ATTACKER))
    assert lifted.strike == 2
    assert judge.bans.strikes(Prefix.parse(ATTACKER)) == (START,)
    assert len(judge.bans) == 0


def test_sip_is_served_where_well_formed_records_say() -> None:
    judge = made.guard()
    locals_ = [b"IPV4/UDP/198.51.100.1/5070", b"IPV6/UDP/fe80::1%eth0/5080", b"IPV4/TCP/198.51.100.1/5090"]
    made.bans(judge, [made.event(at=n, local=local) for n, local in enumerate(locals_)])
    made.bans(judge, [made.event(at=9, local=b"IPV4/UDP/198.51.100.1/1", tampered=True, source="192.0.2.1")])
    wrong = [b"IPV4/UDP/198.51.100.1/0", b"IPV4/UDP/198.51.100.1/65536"]
    made.bans(judge, [made.event(at=9, local=local, source="192.0.2.2") for local in wrong])
    assert judge.sip_ports == {5060, 5070, 5080}


def test_the_ports_of_sip_are_few_whatever_is_said() -> None:
    judge = made.guard()
    made.bans(judge, [made.event(at=n, local=b"IPV4/UDP/198.51.100.1/%d" % n) for n in range(1000)])
    assert len(judge.sip_ports) <= 32


def crowd(count: int) -> list[made.SecurityEvent]:
    return [made.event(at=n / 1000, source=f"10.{n >> 8}.{n & 255}.9", tampered=True) for n in range(count)]


def test_a_forger_cannot_fill_memory_with_closed_doors() -> None:
    guard = made.guard("[score]\nmax_sources = 1000")
    assert len(made.bans(guard, crowd(1500))) == 1000
    assert len(guard.bans) == 1000
    [proven] = made.bans(guard, [made.event(at=2, source="192.0.2.9", transport=b"TCP", tampered=True)])
    assert proven.scope == "house"
    late = made.event(at=DAY, source="192.0.2.10", tampered=True)
    assert len(made.bans(guard, [late])) == 1, "over bans make room"


def test_a_full_house_is_said_once_and_not_for_each_that_is_turned_away() -> None:
    guard = made.guard("[score]\nmax_sources = 1000")
    assert len(made.alarms(guard, crowd(1500))) == 1


def test_forgiving_clears_the_score_and_that_of_the_surrounding_network() -> None:
    guard = made.guard()
    source = Prefix.parse("2001:db8:7:1::/64")
    made.bans(guard, [made.event(source="2001:db8:7:1::5", transport=b"TCP") for _ in range(4)])
    assert (guard.scorer.get(source), guard.wide.get(source.within(48))) != (None, None)
    guard.forgive(source)
    assert (guard.scorer.get(source), guard.wide.get(source.within(48))) == (None, None)
