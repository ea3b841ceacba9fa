"""The table in a real kernel, as nft reads it: declared, damaged and mended."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import nft
import pyroute2.netlink.nfnetlink.nftsocket  # noqa: F401 - once for all the forked tests, not in each
import pytest
from banning import door, held, house

from amiguard.firewall.nftables import Firewall
from amiguard.firewall.orders import Element
from amiguard.model import Prefix

pytestmark = [pytest.mark.kernel, pytest.mark.nft]


class Port(NamedTuple):
    protocol: str
    first: int
    last: int


def test_the_table_reads_as_the_contract_says() -> None:
    with Firewall() as firewall:
        firewall.declare(sip_ports=[5060, 5160])
    assert "type filter hook prerouting priority raw; policy accept;" in nft.run("list", "ruleset")
    drop = "counter packets 0 bytes 0 drop"
    doors = "udp dport @sip_ports"
    mask = "ip6 saddr & ffff:ffff:ffff:ffff::"
    assert [
        'iif "lo" accept',
        "icmpv6 type 133-137 ip6 hoplimit 255 accept",
        "ip saddr @allow4 accept",
        "ip6 saddr @allow6 accept",
        f"ip saddr @ban4 {drop}",
        f"ip saddr @net4 {drop}",
        f"{mask} @ban6 {drop}",
        f"ip6 saddr @net6 {drop}",
        "ip saddr . udp sport @spare4 accept",
        "ip6 saddr . udp sport @spare6 accept",
        f"{doors} ip saddr @door4 {drop}",
        f"{doors} ip saddr @doornet4 {drop}",
        f"{doors} {mask} @door6 {drop}",
        f"{doors} ip6 saddr @doornet6 {drop}",
        f"{doors} counter packets 0 bytes 0",
    ] == [rule.replace("== @", "@") for rule in nft.chain()]
    assert {"5060", "5160"} == set(nft.elements("sip_ports"))


def test_house_bans_close_only_the_ports_that_are_configured() -> None:
    with Firewall(ports=[Port("udp", 5060, 5060), Port("tcp", 5060, 5061)], ipv6_prefix=128) as firewall:
        firewall.declare()
    sources = ["ip saddr @ban4", "ip saddr @net4", "ip6 saddr @ban6", "ip6 saddr @net6"]
    ports = ["udp dport 5060", "tcp dport 5060-5061"]
    expected = [f"{port} {source} counter packets 0 bytes 0 drop" for port in ports for source in sources]
    assert expected == nft.chain()[4:12]


def test_an_ipv4_source_may_be_a_network() -> None:
    with Firewall(ipv4_prefix=24) as firewall:
        firewall.declare([house("203.0.113.0/24"), house("203.0.113.7")])
        assert {"203.0.113.0"} == set(nft.elements("ban4"))
        assert {"203.0.113.7"} == set(nft.elements("net4"))
        assert {("203.0.113.0/24", "house"), ("203.0.113.7", "house")} == set(held(firewall))
    assert "ip saddr & 255.255.255.0" in nft.chain()[4]


def test_declaring_twice_changes_nothing_and_keeps_what_is_there() -> None:
    with Firewall() as firewall:
        assert "table amiguard" in firewall.declare([house("203.0.113.7"), house("10.0.0.0/8")])
        before = nft.run("list", "ruleset")
        assert () == firewall.declare()
        handles = re.compile(r" expires [0-9dhms]+")
        assert handles.sub("", before) == handles.sub("", nft.run("list", "ruleset"))
        assert firewall.intact()


def test_another_process_takes_over_what_is_there() -> None:
    with Firewall() as former:
        former.declare([house("203.0.113.7", 600), door("2001:db8:1:2::/64"), house("10.0.0.0/8", 300)])
    with Firewall() as firewall:
        assert () == firewall.declare([house("203.0.113.7", 900), house("10.9.0.0/16", 900)])
        assert {"203.0.113.7": 900} == {key: one.timeout for key, one in nft.elements("ban4").items()}
        assert {"2001:db8:1:2::": 600} == {key: one.timeout for key, one in nft.elements("door6").items()}
        firewall.lift([(Prefix.parse("10.0.0.0/8"), "house")])
        assert {"10.9.0.0/16"} == set(nft.elements("net4"))


def test_what_others_put_into_the_table_stays() -> None:
    with Firewall() as firewall:
        firewall.declare([house("203.0.113.7")])
        nft.run("add set inet amiguard mine { type mark; }; add chain inet amiguard side; add table ip other")
        nft.run("add rule inet amiguard guard drop")
        assert not firewall.intact()
        assert () == firewall.declare()
        assert firewall.intact()
    ruleset = nft.run("list", "ruleset")
    assert all(part in ruleset for part in ("set mine", "chain side", "table ip other", "203.0.113.7"))
    assert 15 == len(nft.chain())


GUARD = "inet amiguard guard"
OTHER_SET = (
    f"flush chain {GUARD}; delete set inet amiguard ban4; add set inet amiguard ban4 {{ type ipv6_addr; }}"
)
OTHER_CHAIN = (
    f"delete table inet amiguard; add table inet amiguard; "
    f"add chain {GUARD} {{ type filter hook output priority 0; }}; add rule {GUARD} accept"
)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("flush ruleset", "table amiguard"),
        (f"flush chain {GUARD}", None),
        (f"insert rule {GUARD} accept", None),
        (f"delete rule {GUARD} handle HANDLE", None),
        (f"replace rule {GUARD} handle HANDLE accept", None),
        (f"flush chain {GUARD}; delete set inet amiguard ban4", "set ban4"),
        (f"flush chain {GUARD}; delete chain {GUARD}", "chain guard"),
        ("add table inet amiguard { flags dormant; }", "table amiguard"),
        (f"add chain {GUARD} {{ policy drop; }}", "chain guard"),
        (OTHER_SET, "set ban4"),
        (OTHER_CHAIN, "chain guard"),
    ],
)
def test_damage_is_noticed_named_and_mended(damage: str, told: str | None) -> None:
    with Firewall() as firewall:
        firewall.declare([house("203.0.113.7"), house("10.0.0.0/8"), door("2001:db8::1")], sip_ports=[5060])
        sound = [nft.chain(), nft.elements("sip_ports")]
        handle = re.search(r'iif "lo" accept # handle (\d+)', nft.run("-a", "list", "chain", *GUARD.split()))
        assert handle
        nft.run(damage.replace("HANDLE", handle[1]))
        assert not firewall.intact()
        altered = firewall.declare([house("203.0.113.7")], sip_ports=[5060])
        assert firewall.intact()
        assert told is None or told in altered
        assert (told is None) == (altered == ())
        assert sound == [nft.chain(), nft.elements("sip_ports")]
        assert {"203.0.113.7"} == set(nft.elements("ban4"))


class Raced(Firewall):
    """Whose table somebody harms just when it has been declared, before anybody has looked at it."""

    harm = ""

    def _build(self, *args: Any, **options: Any) -> None:
        super()._build(*args, **options)
        if self.harm:
            nft.run(self.harm)


@pytest.mark.parametrize(
    "harm",
    [
        "flush ruleset",
        f"flush chain {GUARD}",
        f"insert rule {GUARD} accept",
        f"flush chain {GUARD}; delete chain {GUARD}",
        "add table inet amiguard { flags dormant; }",
        "delete element inet amiguard allow4 { 192.0.2.0/24 }",
        "flush set inet amiguard sip_ports",
    ],
)
def test_harm_done_while_it_declares_is_not_taken_for_its_own_doing(harm: str) -> None:
    wanted = [house("203.0.113.7")], [Prefix.parse("192.0.2.0/24")], [5060]
    with Raced() as firewall:
        firewall.declare(*wanted)
        assert firewall.intact()
        firewall.harm = harm
        firewall.declare(*wanted)
        assert not firewall.intact()
        firewall.harm = ""
        firewall.declare(*wanted)
        assert firewall.intact()
        assert 15 == len(nft.chain())


def test_a_rebuilt_table_keeps_the_bans_of_its_sound_sets() -> None:
    with Firewall() as firewall:
        firewall.declare([house("203.0.113.7", None), house("10.0.0.0/8", 300), door("2001:db8::1", 200)])
        nft.run("add chain inet amiguard guard { policy drop; }")
        assert ("chain guard",) == firewall.declare([house("10.0.0.0/8", 900)])
        timeouts = {key: round(left, -1) if left else left for key, left in held(firewall).items()}
    expected = {("203.0.113.7", "house"): None, ("10.0.0.0/8", "house"): 900, ("2001:db8::1", "door"): 200}
    assert expected == timeouts


def test_sources_of_another_length_than_before_are_declared_anew() -> None:
    with Firewall() as former:
        former.declare([house("2001:db8:1::/64")])
    with Firewall(ipv6_prefix=56) as firewall:
        assert ("set ban6", "set door6") == firewall.declare([house("2001:db8:1::/64")])
        assert {} == nft.elements("ban6")
        assert {"2001:db8:1::/64"} == set(nft.elements("net6"))


def test_a_declaration_too_big_for_one_transaction_is_made_in_several() -> None:
    elements = [
        Element(Prefix.of((number + (10 << 24)).to_bytes(4)), "door", 600.0) for number in range(30_000)
    ]
    with Firewall() as firewall:
        assert "set door4" in firewall.declare([*elements, house("10.0.0.0/8")])
        assert 30_001 == sum(1 for _ in firewall.bans())
        assert () == firewall.declare(elements)
        assert 30_001 == sum(1 for _ in firewall.bans())


def test_allowed_networks_may_overlap_and_are_replaced_as_a_whole() -> None:
    with Firewall() as firewall:
        firewall.declare(
            allows=map(Prefix.parse, ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", "2001:db8::/32"])
        )
        assert {"10.0.0.0/8", "192.0.2.1"} == set(nft.elements("allow4"))
        firewall.allow(map(Prefix.parse, ["10.1.0.0/16", "10.0.0.0/16", "::/0", "2001:db8::1"]))
        assert {"10.0.0.0/16", "10.1.0.0/16"} == set(nft.elements("allow4"))
        assert {"::/0"} == set(nft.elements("allow6"))
        firewall.allow([])
        assert {} == nft.elements("allow4") | nft.elements("allow6")


def test_sip_ports_are_replaced_as_a_whole() -> None:
    with Firewall() as firewall:
        firewall.declare(sip_ports=[5060])
        firewall.listen([5061, 5062, 5061])
        assert {"5061", "5062"} == set(nft.elements("sip_ports"))


def test_the_generation_counts_changes() -> None:
    with Firewall() as firewall:
        firewall.declare()
        before = firewall.generation()
        firewall.ban([house("203.0.113.7")])
        assert before + 1 == firewall.generation()
