"""News of the ruleset: others' changes are told, ours are not."""

from __future__ import annotations

import asyncio
import select
import time

import nft
import pyroute2.netlink.nfnetlink.nftsocket  # noqa: F401 - once for all the forked tests, not in each
import pytest
from banning import house

from amiguard.firewall.nftables import Firewall
from amiguard.firewall.orders import Element
from amiguard.model import Prefix

pytestmark = [pytest.mark.kernel, pytest.mark.nft]


def readable(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


def test_a_flush_is_told_at_once_and_nothing_stands() -> None:
    with Firewall() as firewall, firewall.watch() as watch:
        firewall.declare([house("203.0.113.7")])
        assert not readable(watch.fileno())
        nft.run("flush ruleset")
        assert readable(watch.fileno())
        assert watch.drain()
        assert not watch.drain()
        assert not firewall.intact()


def test_an_event_loop_wakes_within_50_ms() -> None:
    """The best of ten: who else is busy on this machine is not what is tested."""

    async def wake() -> float:
        loop = asyncio.get_running_loop()
        told: asyncio.Future[float] = loop.create_future()
        with Firewall() as firewall, firewall.watch() as watch:
            firewall.declare()
            loop.add_reader(watch.fileno(), lambda: told.done() or told.set_result(time.monotonic()))
            nft.run("flush ruleset")
            flushed = time.monotonic()
            woken = await asyncio.wait_for(told, 5)
            loop.remove_reader(watch.fileno())
        return woken - flushed

    assert min(asyncio.run(wake()) for _ in range(10)) < 0.05


def test_ten_thousand_bans_of_ours_tell_nothing() -> None:
    with Firewall() as firewall, firewall.watch() as watch:
        firewall.declare()
        sources = [Prefix.of((number + (10 << 24)).to_bytes(4)) for number in range(10_000)]
        for source in sources[:2000]:
            firewall.ban([Element(source, "house", 60.0)])
        firewall.ban(Element(source, "house", 60.0) for source in sources)
        firewall.lift((source, "house") for source in sources)
        firewall.allow(sources[:100])
        firewall.drop()
        assert not readable(watch.fileno())
        assert not watch.drain()


def test_bans_by_another_process_are_told_but_leave_the_table_intact() -> None:
    with Firewall() as firewall, firewall.watch() as watch, Firewall() as other:
        firewall.declare()
        other.ban([house("203.0.113.7")])
        assert watch.drain()
        assert firewall.intact()


def test_a_transaction_is_one_piece_of_news_whatever_it_holds() -> None:
    with Firewall() as firewall, firewall.watch() as watch, Firewall() as other:
        firewall.declare()
        other.ban(
            Element(Prefix.of((number + (10 << 24)).to_bytes(4)), "house", 60.0) for number in range(1000)
        )
        assert 1 == len(list(watch._queued()))


def test_a_flood_of_news_is_news() -> None:
    with Firewall() as firewall, firewall.watch() as watch, Firewall() as other:
        firewall.declare()
        for number in range(3000):
            other.listen([number + 1])
        assert watch.drain()
        other.listen([5060])
        assert watch.drain()
        while watch.drain():
            pass
