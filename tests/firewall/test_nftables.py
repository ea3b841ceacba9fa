"""Bans in a real kernel, as nft reads them."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from typing import TYPE_CHECKING

import nft
import pyroute2.netlink.nfnetlink.nftsocket  # noqa: F401 - once for all the forked tests, not in each
import pytest
from banning import held, house
from hypothesis import given, settings
from hypothesis import strategies as st

from amiguard.firewall.nftables import Firewall
from amiguard.firewall.orders import Element, Flow
from amiguard.model import FOREVER, Prefix

if TYPE_CHECKING:
    from amiguard.model import Scope

pytestmark = [pytest.mark.kernel, pytest.mark.nft]


def wait_until_over(firewall: Firewall, prefix: str) -> None:
    """Wait for the kernel's own clock to end a ban of a fraction of a second."""
    end = time.monotonic() + 5
    while any(str(ban.source) == prefix for ban in firewall.bans()):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("seconds", [600.0, None, FOREVER])
@pytest.mark.parametrize(
    "text", ["203.0.113.7", "10.0.0.0/8", "2001:db8:1:2::/64", "2001:db8::1", "2001:db8::/48"]
)
@pytest.mark.parametrize("scope", ["house", "door"])
def test_a_ban_is_in_the_kernel_for_just_its_time(scope: Scope, text: str, seconds: float | None) -> None:
    prefix = Prefix.parse(text)
    with Firewall() as firewall:
        firewall.declare()
        firewall.ban([Element(prefix, scope, 60.0)])
        firewall.ban([Element(prefix, scope, seconds), Element(prefix, scope, seconds)])
        ((key, left),) = held(firewall).items()
        assert (text, scope) == key
        assert left is None if seconds in (None, FOREVER) else left == pytest.approx(seconds, abs=2)
        firewall.lift([(prefix, scope), (prefix, scope)])
        firewall.lift([(prefix, scope)])
        assert {} == held(firewall)


@pytest.mark.parametrize("text", ["203.0.113.7", "10.0.0.0/8"])
def test_a_ban_ends_by_itself_and_can_then_be_lifted_and_made_again(text: str) -> None:
    with Firewall() as firewall:
        firewall.declare()
        firewall.ban([house(text, 0.05)])
        wait_until_over(firewall, text)
        firewall.lift([(Prefix.parse(text), "house")])
        firewall.ban([house(text, 0.05)])
        wait_until_over(firewall, text)
        firewall.ban([house(text, 600)])
        assert [(text, "house")] == list(held(firewall))


@pytest.mark.parametrize("version", [4, 6])
def test_a_shower_of_bans(version: int) -> None:
    first = int(ipaddress.ip_address("10.0.0.0" if version == 4 else "2001:db8::")) >> (
        0 if version == 4 else 64
    )
    packed = (
        (first + number).to_bytes(4) if version == 4 else (first + number).to_bytes(8) + bytes(8)
        for number in range(10_000)
    )
    elements = [Element(Prefix.of(one, 32 if version == 4 else 64), "house", 600.0) for one in packed]
    with Firewall() as firewall:
        firewall.declare()
        firewall.ban(elements)
        assert {one.source for one in elements} == {ban.source for ban in firewall.bans()}
        firewall.drop()
        firewall.declare([*elements, *elements])
        assert 10_000 == len(nft.elements(f"ban{version}"))
        firewall.lift((one.source, "house") for one in elements)
        assert {} == nft.elements(f"ban{version}")


def test_thousands_of_networks() -> None:
    first = int.from_bytes(Prefix.parse("2001:db8::/48").network[:6])
    networks = [Prefix.of((first + number).to_bytes(6) + bytes(10), 48) for number in range(4000)]
    with Firewall() as firewall:
        firewall.declare(Element(one, "house", 600.0) for one in networks)
        assert set(networks) == {ban.source for ban in firewall.bans()}
        firewall.ban(Element(one, "house", 900.0) for one in networks[::2])
        assert {600: 2000, 900: 2000} == Counter(one.timeout for one in nft.elements("net6").values())
        firewall.lift((one, "house") for one in networks[1:])
        assert {"2001:db8::/48"} == set(nft.elements("net6"))


@pytest.mark.parametrize(("first", "bits"), [("10.0.0.0", range(8, 32)), ("2001:db8::", range(20, 129))])
def test_prefixes_of_every_length(first: str, bits: range) -> None:
    nested = [Prefix.of(ipaddress.ip_address(first).packed, length) for length in bits]
    with Firewall() as firewall:
        firewall.declare()
        for seconds, prefix in enumerate(nested, 1000):
            firewall.ban([Element(prefix, "house", float(seconds))])
        assert {str(prefix) for prefix in nested} == {source for source, _ in held(firewall)}
        for prefix in nested:
            firewall.lift([(prefix, "house")])
        assert {} == held(firewall)


@pytest.mark.parametrize(
    "text", ["0.0.0.0/0", "0.0.0.0/8", "255.0.0.0/8", "224.0.0.0/3", "::/0", "::/20", "ff00::/8", "ffff::/16"]
)
def test_prefixes_at_the_edge_of_the_address_space(text: str) -> None:
    version = Prefix.parse(text).version
    with Firewall() as firewall:
        firewall.declare([house(text)], allows=[Prefix.parse(text)])
        assert {text: 600} == {key: one.timeout for key, one in nft.elements(f"net{version}").items()}
        assert {text} == set(nft.elements(f"allow{version}"))
        assert [(text, "house")] == list(held(firewall))
        firewall.lift([(Prefix.parse(text), "house")])
        assert {} == nft.elements(f"net{version}")


def test_a_wide_ban_over_a_narrow_one_and_back() -> None:
    with Firewall() as firewall:
        firewall.declare()
        firewall.ban([house("10.1.0.0/16", 900)])
        firewall.ban([house("10.0.0.0/8", 300)])
        firewall.ban([house("10.2.0.0/16", 100)])
        kernel = {key: one.timeout for key, one in nft.elements("net4").items()}
        assert {"10.0.0.0/16": 300, "10.1.0.0/16": 900, "10.2.0.0-10.255.255.255": 300} == kernel
        firewall.lift([(Prefix.parse("10.0.0.0/8"), "house")])
        assert {"10.1.0.0/16", "10.2.0.0/16"} == set(nft.elements("net4"))


@pytest.mark.parametrize(
    "meddling",
    [
        "delete element inet amiguard net4 { 10.0.0.0/8 }",
        "flush set inet amiguard net4",
        "add element inet amiguard net4 { 11.0.0.0/8 }",
    ],
)
def test_ranges_that_others_have_changed_are_put_right(meddling: str) -> None:
    with Firewall() as firewall:
        firewall.declare([house("10.0.0.0/8"), house("12.0.0.0/8")])
        nft.run(meddling)
        firewall.ban([house("10.1.0.0/16", 900), house("11.0.0.0/16", 900)])
        expected = {"10.0.0.0/16", "10.1.0.0/16", "10.2.0.0-10.255.255.255", "11.0.0.0/16", "12.0.0.0/8"}
        assert expected == set(nft.elements("net4"))
        firewall.lift((Prefix.parse(one), "house") for one in ("10.0.0.0/8", "12.0.0.0/8"))
        assert {"10.1.0.0/16", "11.0.0.0/16"} == set(nft.elements("net4"))


NETWORKS = st.builds(
    lambda low, length: Prefix.of(bytes([10, low]) + bytes(2), length), st.integers(0, 15), st.integers(8, 16)
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ban"), NETWORKS, st.sampled_from([300.0, 600.0, 900.0, None])),
        st.tuples(st.just("lift"), NETWORKS, st.none()),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=40)
@given(STEPS)
def test_any_sequence_of_overlapping_bans_loses_none(steps: list[tuple[str, Prefix, float | None]]) -> None:
    wanted: dict[Prefix, float] = {}
    with Firewall() as firewall:
        firewall.drop()
        firewall.declare()
        for step, prefix, seconds in steps:
            if step == "ban":
                firewall.ban([Element(prefix, "house", seconds)])
                wanted[prefix] = FOREVER if seconds is None else seconds
            else:
                firewall.lift([(prefix, "house")])
                wanted.pop(prefix, None)
        shown = nft.elements("net4")
    spans = {key: _span(key) for key in shown}
    for low in range(16):
        address = Prefix.of(bytes([10, low, 0, 0]))
        longest = max((left for one, left in wanted.items() if one.covers(address)), default=None)
        around = [
            shown[key].timeout for key, (first, last) in spans.items() if first <= address.network <= last
        ]
        assert (0 if longest is None else 1) == len(around)
        assert [longest] * len(around) == [pytest.approx(left or FOREVER, abs=3) for left in around]


def _span(key: str) -> tuple[bytes, bytes]:
    if "-" in key:
        first, last = map(ipaddress.ip_address, key.split("-"))
        return first.packed, last.packed
    network = ipaddress.ip_network(key)
    return network.network_address.packed, network.broadcast_address.packed


ANY4 = st.builds(Prefix.of, st.binary(min_size=4, max_size=4), st.integers(8, 32))
ANY6 = st.builds(
    Prefix.of, st.binary(min_size=15, max_size=15).map(lambda low: b"\x20" + low), st.integers(20, 128)
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(ANY4 | ANY6, st.sampled_from(["house", "door"])), unique=True, max_size=30))
def test_what_is_banned_is_listed(bans: list[tuple[Prefix, Scope]]) -> None:
    with Firewall() as firewall:
        firewall.drop()
        firewall.declare(Element(prefix, scope, 600.0) for prefix, scope in bans)
        shown = {(ban.source, ban.scope) for ban in firewall.bans()}
    hashed = {4: 32, 6: 64}
    expected = {
        (prefix, scope)
        for prefix, scope in bans
        if prefix.length == hashed[prefix.version]
        or not any(
            elsewhere == scope
            and other != prefix
            and other.length != hashed[other.version]
            and other.covers(prefix)
            for other, elsewhere in bans
        )
    }
    assert expected == shown


def test_spared_phones_are_an_address_and_a_port() -> None:
    with Firewall() as firewall:
        firewall.declare()
        phone, phone6 = Prefix.parse("203.0.113.7"), Prefix.parse("2001:db8::7")
        firewall.spare([Flow(phone, 5060, 60.0), Flow(phone, 5060, 600.0), Flow(phone6, 65535, 300.0)])
        assert {"203.0.113.7 . 5060": 600} == {
            key: one.timeout for key, one in nft.elements("spare4").items()
        }
        firewall.spare([Flow(phone, 5060, 900.0)])
        assert {"203.0.113.7 . 5060": 900} == {
            key: one.timeout for key, one in nft.elements("spare4").items()
        }
        assert {"2001:db8::7 . 65535": 300} == {
            key: one.timeout for key, one in nft.elements("spare6").items()
        }


def test_elements_that_an_operator_adds_by_hand_are_listed() -> None:
    with Firewall() as firewall:
        firewall.declare()
        nft.run("add element inet amiguard net4 { 10.0.0.0-10.191.255.255 timeout 60s }")
        nft.run("add element inet amiguard ban4 { 203.0.113.7 }")
        assert {("10.0.0.0/9", "house"), ("10.128.0.0/10", "house"), ("203.0.113.7", "house")} == set(
            held(firewall)
        )
