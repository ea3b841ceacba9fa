"""What a source is, and who is never banned."""

from __future__ import annotations

import made
import pytest

from amiguard.model import Prefix


def attack(source: str, count: int = 5, **what: bytes) -> list[made.SecurityEvent]:
    return [made.event(at=n, source=source, **what) for n in range(count)]


def sources(judge: made.Guard, events: list[made.SecurityEvent]) -> list[str]:
    return [str(ban.source) for ban in made.bans(judge, events)]


def test_a_source_is_an_address_or_a_64() -> None:
    assert sources(made.guard(), attack("203.0.113.7")) == ["203.0.113.7"]
    assert sources(made.guard(), attack("2001:db8:1:2:3::4")) == ["2001:db8:1:2::/64"]


def test_how_much_a_source_is_can_be_chosen() -> None:
    judge = made.guard("[ban]\nipv4_prefix = 24\nipv6_prefix = 56")
    assert sources(judge, attack("203.0.113.7")) == ["203.0.113.0/24"]
    assert sources(judge, attack("2001:db8:1:2ff:3::4")) == ["2001:db8:1:200::/56"]


def test_addresses_of_one_64_are_one_source() -> None:
    guesses = [made.event(at=n, source=f"2001:db8:1:2::{n:x}") for n in range(5)]
    assert sources(made.guard(), guesses) == ["2001:db8:1:2::/64"]


def test_neighbours_are_single_addresses() -> None:
    judge = made.guard()
    judge.shield.on_link([Prefix.parse("2001:db8:1:2::/64"), Prefix.parse("192.0.2.0/24")])
    assert sources(judge, attack("2001:db8:1:2::66")) == ["2001:db8:1:2::66"]
    assert sources(judge, attack("fe80::66")) == ["fe80::66"]
    assert sources(judge, attack("2001:db8:1:3::66")) == ["2001:db8:1:3::/64"]


def hop(count: int, **what: bytes) -> list[made.SecurityEvent]:
    """So many guesses, each from another /64 of one /48."""
    return [made.event(at=n / 10, source=f"2001:db8:9:{n:x}::1", **what) for n in range(count)]


def test_proven_guesses_from_many_64s_ban_their_48() -> None:
    """At eight times the threshold: 36 wrong passwords are 72 points, less what has decayed."""
    assert sources(made.guard(), hop(36, transport=b"TLS")) == []
    assert sources(made.guard(), hop(40, transport=b"TLS")) == ["2001:db8:9::/48"]


def test_what_could_be_forged_bans_no_48() -> None:
    assert sources(made.guard(), hop(400)) == []


def test_the_48_can_be_another_width_or_off() -> None:
    assert sources(made.guard("[score]\nwide6 = 40"), hop(40, transport=b"TLS")) == ["2001:db8::/40"]
    assert sources(made.guard("[score]\nwide6 = 0"), hop(400, transport=b"TLS")) == []


def test_no_48_is_banned_with_a_friend_or_a_neighbour_in_it() -> None:
    judge = made.guard()
    made.bans(judge, [made.login(source="2001:db8:9:ffff::1", transport=b"TLS")])
    (alarm,) = made.suppressed(judge, hop(80, transport=b"TLS"))
    assert str(alarm.source) == "2001:db8:9::/48"
    assert "2001:db8:9:ffff::/64" in alarm.text
    judge = made.guard()
    judge.shield.on_link([Prefix.parse("2001:db8:9:ffff::/64")])
    assert len(made.suppressed(judge, hop(80, transport=b"TLS"))) == 1
    judge = made.guard('[allow]\nnetworks = ["2001:db8:9:ffff::/64"]')
    assert len(made.suppressed(judge, hop(80, transport=b"TLS"))) == 1
    assert len(judge.bans) == 0


def test_neighbours_do_not_count_towards_a_48() -> None:
    judge = made.guard()
    judge.shield.on_link([Prefix.parse("2001:db8:9::/48")])
    assert made.suppressed(judge, hop(200, transport=b"TLS")) == []
    assert len(judge.bans) == 0


@pytest.mark.parametrize("source", ["127.0.0.1", "127.8.9.1", "::1"])
def test_loopback_is_never_heard(source: str) -> None:
    judge = made.guard()
    assert sources(judge, attack(source, 100, transport=b"TLS")) == []
    assert len(judge.scorer) == 0


def test_allowed_networks_are_never_heard() -> None:
    judge = made.guard('[allow]\nnetworks = ["192.0.2.0/24", "2001:db8::/32"]')
    assert sources(judge, attack("192.0.2.200", 100) + attack("2001:db8:7::1", 100)) == []
    assert sources(judge, attack("192.0.3.1")) == ["192.0.3.1"]


def test_protection_holds_from_when_it_is_given_until_it_is_taken() -> None:
    judge = made.guard()
    made.bans(judge, attack("192.0.2.1", 4))
    judge.shield.protect("own address", [Prefix.parse("192.0.2.1")])
    assert sources(judge, attack("192.0.2.1", 9)) == []
    judge.shield.protect("own address", [])
    assert sources(judge, attack("192.0.2.1", 5)) == ["192.0.2.1"]


def test_who_shares_a_64_with_the_protected_is_a_source_of_his_own() -> None:
    judge = made.guard()
    judge.shield.protect("own address", [Prefix.parse("2001:db8:1:2::1")])
    assert sources(judge, attack("2001:db8:1:2::66")) == ["2001:db8:1:2::66"]


def test_the_gateway_is_spared_and_told_once_a_day() -> None:
    judge = made.guard()
    judge.shield.protect("the default gateway", [Prefix.parse("192.0.2.1")], shelter="spared")
    (alarm,) = made.alarms(judge, attack("192.0.2.1", 50))
    assert (alarm.what, len(judge.bans)) == ("suppressed", 0)
    assert "the default gateway" in alarm.text
    tomorrow = [event._replace(time=event.time + 90_000) for event in attack("192.0.2.1")]
    assert len(made.alarms(judge, tomorrow)) == 1


def test_a_mapped_address_is_the_ipv4_one() -> None:
    judge = made.guard('[allow]\nnetworks = ["192.0.2.0/24"]')
    assert sources(judge, attack("::ffff:192.0.2.1")) == []


def test_a_thousand_sources_are_remembered_and_no_more() -> None:
    judge = made.guard("[score]\nmax_sources = 1000")
    made.bans(judge, [made.event(at=n / 100, source=f"10.0.{n >> 8}.{n & 255}") for n in range(3000)])
    assert len(judge.scorer) == 500  # those that nobody can prove hold half of the table
    proven = [
        made.event(at=30 + n / 100, source=f"10.1.{n >> 8}.{n & 255}", transport=b"TLS") for n in range(3000)
    ]
    made.bans(judge, proven)
    assert len(judge.scorer) == 1000
