"""The demo's verdict: each thing that may be amiss is found, and named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amiguard.demo.script import BURGLAR, PORTS, SHUT, TRUNK, Actor, Way
from amiguard.demo.tale import Tale, Traffic
from amiguard.demo.verdict import Held, failures, missing, untold

if TYPE_CHECKING:
    from collections.abc import Callable

    from amiguard.model import Scope

PHONE = Actor("198.51.100.10", "phone")
FORGER = Actor("192.0.2.2", "forger", "door")
GUESSER = Actor("192.0.2.3", "guesser", "house")
CAST = (PHONE, FORGER, GUESSER)
HELD = (Held(FORGER.address, "door", 600.0, 9), Held(GUESSER.address, "house", 600.0, 9))
BAN, CURTAIN, END = 10, 20, 30


def as_wanted(who: Actor, way: Way, beat: int) -> bool:
    return way not in SHUT[who.scope] or beat < BAN


def traffic(passes: Callable[[Actor, Way, int], bool] = as_wanted, end: int = END) -> Traffic:
    """What was answered of the packets of each beat."""
    heard = Traffic()
    for beat in range(end):
        heard.hear(
            beat, [(who.address, way, beat) for who in CAST for way in PORTS if passes(who, way, beat)]
        )
    return heard


def but(actor: Actor, way: Way, beats: range, *, passed: bool) -> Traffic:
    """As wanted, but for these packets."""

    def passes(who: Actor, by: Way, beat: int) -> bool:
        return passed if (who, by) == (actor, way) and beat in beats else as_wanted(who, by, beat)

    return traffic(passes)


def held(actor: Actor, scope: Scope) -> Held:
    return Held(actor.address, scope, 600.0, 0)


def test_nothing_is_amiss_when_all_was_seen() -> None:
    assert [] == failures(CAST, HELD, traffic(), CURTAIN)


def test_a_ban_that_is_not_in_the_kernel() -> None:
    expected = "192.0.2.3 (guesser): the kernel holds no ban, but should hold house"
    assert [expected] == failures(CAST, HELD[:1], traffic(), CURTAIN)


def test_a_ban_that_is_narrower_than_it_should_be() -> None:
    expected = "192.0.2.3 (guesser): the kernel holds door, but should hold house"
    assert [expected] == failures(CAST, [HELD[0], held(GUESSER, "door")], traffic(), CURTAIN)


def test_a_door_left_over_beside_its_house() -> None:
    expected = "192.0.2.3 (guesser): the kernel holds house and door, but should hold house"
    assert [expected] == failures(CAST, [*HELD, held(GUESSER, "door")], traffic(), CURTAIN)


def test_a_friend_in_the_kernel() -> None:
    expected = "198.51.100.10 (phone): the kernel holds house, but should hold no ban"
    assert [expected] == failures(CAST, [*HELD, held(PHONE, "house")], traffic(), CURTAIN)


def test_a_stranger_in_the_kernel() -> None:
    stranger = Held("203.0.113.9", "house", None, 0)
    assert ["203.0.113.9 is banned, and had no part in it"] == failures(
        CAST, [*HELD, stranger], traffic(), CURTAIN
    )


def test_a_packet_of_a_friend_that_was_lost() -> None:
    seen = but(PHONE, "sip", range(15, 16), passed=False)
    expected = "198.51.100.10 (phone), SIP port 5060: 1 of 20 packets were lost, but all should pass"
    assert [expected] == failures(CAST, HELD, seen, CURTAIN)


def test_a_door_that_closes_more_than_the_door() -> None:
    seen = but(FORGER, "ami", range(BAN, END), passed=False)
    expected = "192.0.2.2 (forger), AMI port 5038: 10 of 20 packets were lost, but all should pass"
    assert [expected] == failures(CAST, HELD, seen, CURTAIN)


def test_a_ban_that_lets_packets_through() -> None:
    seen = but(GUESSER, "ami", range(BAN, END), passed=True)
    expected = "192.0.2.3 (guesser), AMI port 5038: packets (10) still passed after the ban"
    assert [expected] == failures(CAST, HELD, seen, CURTAIN)


def test_a_line_that_was_dead_from_the_beginning_shows_nothing() -> None:
    seen = but(FORGER, "sip", range(END), passed=False)
    expected = "192.0.2.2 (forger), SIP port 5060: no packet passed before the ban"
    assert [expected] == failures(CAST, HELD, seen, CURTAIN)


def test_without_packets_after_the_end_of_the_service_nothing_is_shown() -> None:
    expected = ["no packet was sent after the service had ended"]
    assert expected == failures(CAST, HELD, traffic(end=CURTAIN), CURTAIN)


def test_answers_are_missing_until_they_come_late() -> None:
    seen = but(PHONE, "ami", range(19, 20), passed=False)
    assert 1 == missing(CAST, seen, CURTAIN)
    seen.hear(END, [(PHONE.address, "ami", 19)])
    assert 0 == missing(CAST, seen, CURTAIN)


def as_told(**changed: object) -> Tale:
    """What the two channels should show, but for this."""
    tale = Tale(CAST)
    tale.known, tale.breaches, tale.repeats = frozenset((TRUNK,)), {BURGLAR: "BREACH"}, 3
    for name, value in changed.items():
        setattr(tale, name, value)
    return tale


def test_what_both_channels_should_show_is_wanted() -> None:
    assert [] == untold(as_told())
    [unknown] = untold(as_told(known=frozenset()))
    [unbreached] = untold(as_told(breaches={}))
    [unequal] = untold(as_told(repeats=0))
    assert f"does not know {TRUNK}" in unknown
    assert f"no breach by {BURGLAR}" in unbreached
    assert "recognised" in unequal
