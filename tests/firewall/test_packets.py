"""Packets from another host: heard before a ban, dropped after it, heard again when it is over.

The cable keeps their order, so a packet is lost when one sent after it has come.
"""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import nft
import pyroute2.netlink.nfnetlink.nftsocket  # noqa: F401 - once for all the forked tests, not in each
import pytest
from banning import door, house
from netns import Peer

from amiguard import config
from amiguard.firewall.nftables import Firewall
from amiguard.firewall.orders import Flow
from amiguard.hearing import Hearing
from amiguard.judge.guard import Guard
from amiguard.ledger import Ledger
from amiguard.model import Prefix
from amiguard.vigil import Vigil
from amiguard.warden import Warden

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

US, BAD, GOOD = "192.0.2.1", "192.0.2.7", "192.0.2.8"
US6, BAD6, NEAR6, GOOD6 = "2001:db8:1::1", "2001:db8:1::7", "2001:db8:1::8", "2001:db8:2::8"
SIP = 5060


class Place(NamedTuple):
    """A firewall, the host behind it and one in front of it."""

    firewall: Firewall
    peer: Peer
    ears: dict[int, socket.socket]

    def heard(self, source: str, *, port: int = SIP, source_port: int = SIP) -> bool:
        """Whether a UDP packet comes through; one that surely does is sent after it."""
        us, good = (US6, GOOD6) if ":" in source else (US, GOOD)
        self.peer.say(source, source_port, us, port, f"from {source}")
        self.peer.say(good, 9, us, port, "the end")
        words = []
        while "the end" not in words:
            words.append(self.ears[port].recv(100).decode())
        return [f"from {source}", "the end"] == words


@contextmanager
def place() -> Iterator[Place]:
    """Join another host to this namespace; nobody is banned yet."""
    ours = [f"{US}/24", f"{US6}/64", "2001:db8:2::1/64"]
    theirs = [f"{BAD}/24", f"{GOOD}/24", f"{BAD6}/64", f"{NEAR6}/64", f"{GOOD6}/64"]
    with Peer(ours, theirs) as peer, Firewall() as firewall:
        firewall.declare(sip_ports=[SIP])
        yield Place(firewall, peer, {port: _ear(port) for port in (SIP, 53)})


def _ear(port: int) -> socket.socket:
    """A UDP port of ours, for either IP version."""
    ear = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    ear.bind(("::", port))
    ear.settimeout(5)
    return ear


def wait_until_over(firewall: Firewall) -> None:
    """Wait for the kernel's own clock to end a ban of a fraction of a second."""
    end = time.monotonic() + 5
    while list(firewall.bans()):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("source", "banned"),
    [(BAD, BAD), (BAD, "192.0.2.0/29"), (BAD6, "2001:db8:1::/64"), (BAD6, "2001:db8:1::/60")],
)
def test_heard_before_the_ban_dropped_after_it_heard_when_it_is_over(source: str, banned: str) -> None:
    with place() as there:
        assert there.heard(source)
        there.firewall.ban([house(banned)])
        assert not there.heard(source)
        assert not there.heard(source, port=53)
        (ban,) = there.firewall.bans()
        assert 2 == ban.packets
        assert ban.bytes > 2 * 28
        there.firewall.ban([house(banned, 0.05)])
        wait_until_over(there.firewall)
        assert there.heard(source)


def test_a_lifted_ban_is_over_at_once() -> None:
    with place() as there:
        there.firewall.ban([house(BAD), house("192.0.2.0/29")])
        there.firewall.lift([(Prefix.parse(BAD), "house")])
        assert not there.heard(BAD)
        there.firewall.lift([(Prefix.parse("192.0.2.0/29"), "house")])
        assert there.heard(BAD)


def test_an_established_connection_is_cut() -> None:
    with place() as there, socket.create_server((US, 5038)) as server:
        assert there.peer.connect(BAD, US, 5038)
        connection, _ = server.accept()
        there.peer.tell("before")
        assert b"before" == connection.recv(100)
        there.firewall.ban([house(BAD)])
        there.peer.tell("after")
        assert not there.heard(BAD)
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(100)
        assert not there.peer.connect(BAD, US, 5038, 0.1)


@pytest.mark.parametrize(
    ("source", "banned"),
    [(BAD, BAD), (BAD, "192.0.2.0/29"), (BAD6, "2001:db8:1::/64"), (BAD6, BAD6)],
)
def test_a_door_ban_closes_udp_to_the_sip_ports_alone(source: str, banned: str) -> None:
    us = US6 if ":" in source else US
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with place() as there, socket.create_server((us, SIP), family=family):
        there.firewall.ban([door(banned)])
        assert not there.heard(source)
        assert there.heard(source, port=53)
        assert there.peer.connect(source, us, SIP)
        there.firewall.listen([53])
        assert there.heard(source)
        assert not there.heard(source, port=53)


def test_a_door_ban_of_one_ipv6_address_spares_its_neighbour() -> None:
    with place() as there:
        there.firewall.ban([door(BAD6)])
        assert not there.heard(BAD6)
        assert there.heard(NEAR6)


@pytest.mark.parametrize(("source", "banned"), [(BAD, BAD), (BAD6, "2001:db8:1::/64")])
def test_a_spared_phone_passes_the_door_by_its_own_port_but_not_a_house_ban(source: str, banned: str) -> None:
    with place() as there:
        there.firewall.ban([door(banned)])
        there.firewall.spare([Flow(Prefix.parse(source), 5070, 60.0)])
        assert there.heard(source, source_port=5070)
        assert not there.heard(source, source_port=5071)
        there.firewall.ban([house(banned)])
        assert not there.heard(source, source_port=5070)


@pytest.mark.parametrize(("source", "banned"), [(BAD, "192.0.2.0/24"), (BAD6, "2001:db8:1::/64")])
def test_what_is_allowed_passes_whatever_is_banned(source: str, banned: str) -> None:
    with place() as there:
        there.firewall.allow(map(Prefix.parse, [source, GOOD]))
        there.firewall.ban([house(banned), door(banned)])
        assert there.heard(source)
        there.firewall.allow([Prefix.parse(GOOD)])
        assert not there.heard(source)


def test_a_neighbour_within_a_banned_network_can_still_be_found() -> None:
    with place() as there:
        there.firewall.ban([house("2001:db8:1::/64")])
        there.peer.listen(BAD6, SIP)
        there.ears[SIP].sendto(b"hello", (BAD6, SIP))
        assert "hello" == there.peer.hear()
        assert not there.heard(BAD6)


def test_loopback_always_passes() -> None:
    with place() as there:
        there.firewall.ban([house("127.0.0.0/8"), house(f"{US}"), house("::1"), house("192.0.2.0/24")])
        for target in ("127.0.0.1", US):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
                mouth.bind((target, 0))
                mouth.sendto(b"self", (target, SIP))
            assert b"self" == there.ears[SIP].recv(100)


def test_only_the_configured_ports_are_closed_by_a_house_ban() -> None:
    class Port(NamedTuple):
        protocol: str
        first: int
        last: int

    with place() as there:
        with Firewall(ports=[Port("udp", 5000, 5060)]) as firewall:
            firewall.declare([house(BAD), house("2001:db8:1::/64")])
        for source in (BAD, BAD6):
            assert not there.heard(source)
            assert there.heard(source, port=53)


def test_each_element_counts_what_it_has_dropped() -> None:
    with place() as there:
        there.firewall.ban([house(BAD), house(NEAR6)])
        for source in (BAD, BAD, BAD, NEAR6):
            assert not there.heard(source)
        assert {BAD: 3} == {key: one.packets for key, one in nft.elements("ban4").items()}
        assert {NEAR6: 1} == {
            str(ban.source): ban.packets for ban in there.firewall.bans() if ban.source.version == 6
        }
        assert "ip saddr @ban4 counter packets 3" in nft.run("list", "chain", "inet", "amiguard", "guard")


def test_what_the_rules_have_dropped_is_counted_by_the_hour_and_twice_by_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guard = Guard(config.parse("", "defaults"))
    with place() as lab:
        ledger = Ledger(guard)
        warden = Warden(guard, ledger, lab.firewall)
        vigil, begin = Vigil(Hearing(time.time()), warden), time.monotonic()
        lab.firewall.ban([house(BAD)])
        for minute, packets in enumerate((3, 0, 2)):
            assert not any(lab.heard(BAD) for _ in range(packets))
            monkeypatch.setattr(time, "monotonic", lambda minute=minute: begin + 61 * minute)
            vigil.look()
        snapshot = ledger.snapshot()
        assert snapshot
        assert 5 == sum(drop.packets for drop in snapshot.drops)
        ledger.put_back(snapshot)
        again = ledger.snapshot()
        assert again
        assert snapshot.drops == again.drops
