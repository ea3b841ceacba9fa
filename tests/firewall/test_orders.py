"""What belongs together is one transaction; where the kernel refuses a part, the rest is done even so."""

from __future__ import annotations

import errno

import nft
import pyroute2.netlink.nfnetlink.nftsocket  # noqa: F401 - once for all the forked tests, not in each
import pytest
from banning import door, held, house

from amiguard.firewall.netlink import FirewallError
from amiguard.firewall.nftables import Firewall
from amiguard.firewall.orders import Flow, Order
from amiguard.model import Prefix, Scope

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

A, B, C = "203.0.113.1", "203.0.113.2", "2001:db8:1:2::/64"
PHONE = Flow(Prefix.parse("203.0.113.2"), 5070, 60.0)


def at(text: str, scope: Scope) -> tuple[Prefix, Scope]:
    return Prefix.parse(text), scope


def changes(firewall: Firewall, order: Order) -> int:
    """How many transactions the order takes."""
    before = firewall.generation()
    firewall.enforce(order)
    return firewall.generation() - before


def test_a_chunk_of_bans_with_the_doors_they_replace_and_the_phones_they_spare_is_one_transaction() -> None:
    with Firewall() as firewall:
        firewall.declare([door(A)])
        assert 1 == changes(firewall, Order([house(A), door(B), house(C)], [PHONE], [at(A, "door")]))
        assert {(A, "house"), (B, "door"), (C, "house")} == set(held(firewall))
        assert {"203.0.113.2 . 5070"} == set(nft.elements("spare4"))


def test_an_empty_order_is_none() -> None:
    with Firewall() as firewall:
        firewall.declare()
        assert 0 == changes(firewall, Order())


def test_what_stands_gets_its_new_time_and_what_is_gone_is_no_error() -> None:
    with Firewall() as firewall:
        firewall.declare([house(A, 60)])
        firewall.enforce(Order([house(A, 600), house(C, 900)], lifted=[at(B, "door")]))
        assert {(A, "house"): 600, (C, "house"): 900} == pytest.approx(held(firewall), abs=2)


def test_ranges_go_along() -> None:
    with Firewall() as firewall:
        firewall.declare([door("10.0.0.0/8")])
        firewall.enforce(Order([house(A), house("10.0.0.0/8")], lifted=[at("10.0.0.0/8", "door")]))
        assert {(A, "house"), ("10.0.0.0/8", "house")} == set(held(firewall))


def test_a_full_set_is_named_and_the_other_parts_are_in_force() -> None:
    with Firewall() as firewall:
        firewall.declare([door(A)])
        nft.run("flush chain inet amiguard guard; delete set inet amiguard ban4")
        nft.run("add set inet amiguard ban4 { type ipv4_addr; flags timeout; size 1; }")
        with pytest.raises(FirewallError) as caught:
            firewall.enforce(Order([house(A), house(B), house(C), door(B)], [PHONE], [at(A, "door")]))
        assert (errno.ENFILE, "add 2 elements to set ban4") == (caught.value.errno, caught.value.what)
        assert {(B, "door"), (C, "house")} == set(held(firewall))
        assert 1 == len(nft.elements("spare4"))


def test_more_than_a_transaction_holds_goes_set_by_set() -> None:
    sources = [Prefix.of((10 << 24 | number).to_bytes(4)) for number in range(1000)]
    with Firewall() as firewall:
        firewall.declare(door(str(one)) for one in sources)
        order = Order([house(str(one)) for one in sources], lifted=[(one, "door") for one in sources])
        assert 2 == changes(firewall, order)
        assert {(str(one), "house") for one in sources} == set(held(firewall))
