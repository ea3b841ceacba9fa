"""The one who acts: clocks that are set, a kernel that refuses, crowds that end."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple

import nft
import pytest

from amiguard import config
from amiguard.firewall.nftables import Firewall
from amiguard.judge.guard import Guard
from amiguard.ledger import Ledger, restore
from amiguard.mender import Quarrel
from amiguard.model import Ban, Prefix, Verdict
from amiguard.sources.securitylog import BROKEN, Ambiguous
from amiguard.store import Store
from amiguard.warden import Refused, Warden

if TYPE_CHECKING:
    from pathlib import Path

    from amiguard.model import Scope

SOURCE = Prefix.parse("203.0.113.7")
HOUR = 3600.0


class House(NamedTuple):
    guard: Guard
    ledger: Ledger
    warden: Warden


def house(firewall: Firewall | None = None) -> House:
    guard = Guard(config.parse("", "defaults"))
    ledger = Ledger(guard)
    return House(guard, ledger, Warden(guard, ledger, firewall))


def judged(house: House, since: float) -> Ban:
    ban = Ban(SOURCE, "house", "proven", since, since + 600, "guessing", "judged", 1, 9.0)
    house.guard.bans.impose(ban)
    house.guard.bans.count_strike(SOURCE, since)
    house.ledger.begun(Verdict(ban))
    return ban


@pytest.mark.parametrize("delta", [-HOUR, HOUR])
def test_a_clock_that_is_set_shortens_no_ban_and_counts_none_twice(tmp_path: Path, delta: float) -> None:
    now = time.time()
    one = house()
    with Store.open(tmp_path / "state") as store:
        ban = judged(one, now)
        store.commit(one.ledger.snapshot())
        one.warden.clock_moved(delta)
        store.commit(one.ledger.snapshot())
        (running,) = store.running(now + delta)
        assert (ban.since + delta, ban.until + delta) == pytest.approx((running.since, running.until))
        assert 1 == len(list(store.strikes(now - HOUR * 2)))
        one.warden.unban([SOURCE])
        store.commit(one.ledger.snapshot())
        assert [] == list(store.running(now + delta))
        assert [] == list(store.strikes(now - HOUR * 2))


def test_an_unban_forgets_the_strike_of_an_earlier_ban_too() -> None:
    one = house()
    judged(one, time.time() - HOUR)
    one.warden.tick(time.time())
    one.warden.ban(SOURCE, 60, "by hand", "operator")
    one.warden.unban([SOURCE])
    assert () == one.guard.bans.strikes(SOURCE)
    snapshot = one.ledger.snapshot()
    assert snapshot is not None
    assert [SOURCE] == list(snapshot.pardoned)


def test_a_crowd_whose_bans_end_at_once_is_told_of_in_a_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    one = house()
    now = time.time()
    for n in range(500):
        source = Prefix.of((n + (10 << 24)).to_bytes(4))
        one.guard.bans.impose(Ban(source, "house", "proven", now - 60, now - 1, "x"))
    with caplog.at_level(logging.INFO, "amiguard"):
        one.warden.tick(now)
    lines = "\n".join(caplog.messages).splitlines()
    assert 21 == len(lines)
    assert "the ban of 10.0.0.0 is over" == lines[0]
    assert "the ban of 480 more is over" == lines[-1]


def test_a_crowd_that_is_banned_at_once_is_told_of_in_a_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    now = time.time()
    crowd = [
        Verdict(Ban(Prefix.of((n + (10 << 24)).to_bytes(4)), "door", "unproven", now, now + 600, "x\ny"))
        for n in range(23)
    ]
    with caplog.at_level(logging.INFO, "amiguard"):
        house().warden.effect("security", crowd, now)
    lines = "\n".join(caplog.messages).splitlines()
    assert [r"banned 10.0.0.0 (door, unproven) for 10m 0s: x\ny"] == lines[:1]
    assert ["banned 3 more at once; `amiguard list` names them"] == lines[20:]


def test_an_address_of_our_own_is_refused_with_the_reason() -> None:
    with pytest.raises(Refused, match="never banned: loopback"):
        house().warden.ban(Prefix.parse("127.0.0.1"), 60, "x", "operator", force=True)


@pytest.mark.kernel
@pytest.mark.nft
def test_what_the_kernel_refuses_is_said_once_and_made_up_for() -> None:
    with Firewall() as firewall:
        one = house(firewall)
        one.warden.declare()
        nft.run("delete table inet amiguard")
        one.warden.ban(SOURCE, 600, "x", "operator")
        one.warden.ban(Prefix.parse("203.0.113.8"), 600, "x", "operator")
        assert "No such file" in one.warden.trouble
        one.warden.heal()
        assert ("", 1) == (one.warden.trouble, one.warden.repairs)
        assert {"203.0.113.7", "203.0.113.8"} == set(nft.elements("ban4"))


@pytest.mark.kernel
@pytest.mark.nft
def test_a_part_that_the_kernel_refuses_is_trouble_though_it_takes_the_rest() -> None:
    now = time.time()
    home, entrance = Ban(SOURCE, "house", "proven", now, now + 600, "x"), Prefix.parse("203.0.113.8")
    with Firewall() as firewall:
        one = house(firewall)
        one.warden.declare()
        nft.run("flush chain inet amiguard guard; delete set inet amiguard ban4")
        closed = home._replace(source=entrance, scope="door")
        one.warden.effect("security", [Verdict(home), Verdict(closed)], now)
        assert "cannot add 1 elements to set ban4" in one.warden.trouble
        assert {"203.0.113.8"} == set(nft.elements("door4"))


@pytest.mark.kernel
@pytest.mark.nft
@pytest.mark.parametrize(("scope", "held"), [("house", ("ban4",)), ("door", ("door4",))])
def test_what_takes_the_place_of_a_door_ban_is_what_stands(scope: Scope, held: tuple[str, ...]) -> None:
    now = time.time()
    old = Ban(SOURCE, "door", "unproven", now - 60, now + 1, "x")
    new = Ban(SOURCE, scope, "proven", now, now + 600, "x")
    with Firewall() as firewall:
        one = house(firewall)
        one.warden.declare()
        one.warden.effect("security", [Verdict(old)], now)
        one.warden.effect("security", [Verdict(new, replaced=old)], now)
        assert held == tuple(name for name in ("ban4", "door4") if nft.elements(name))


def test_what_the_store_could_not_take_waits_for_the_next_snapshot() -> None:
    one = house()
    judged(one, time.time())
    one.warden.allow([Prefix.parse("192.0.2.0/24")])
    first = one.ledger.snapshot()
    assert first is not None
    assert one.ledger.snapshot() is None
    one.ledger.put_back(first)
    assert first == one.ledger.snapshot()


def test_memory_that_is_not_of_our_making_is_refused(tmp_path: Path) -> None:
    one = house()
    with Store.open(tmp_path / "state") as store:
        memory = store.load()
        restore(one.guard, memory)
        with pytest.raises(ValueError, match="invalid literal"):
            restore(one.guard, memory._replace(notes={"sip_ports": b"none"}))


@pytest.mark.parametrize(("broken", "alarms"), [(10, 0), (11, 1), (500, 1)])
def test_many_broken_records_are_an_alarm_once_a_minute(
    caplog: pytest.LogCaptureFixture, broken: int, alarms: int
) -> None:
    one = house()
    with caplog.at_level(logging.ERROR, "amiguard"):
        one.warden.effect("security", [Ambiguous(BROKEN, b"x")] * broken, 6000.0)
    assert alarms == len(caplog.records)


def test_a_quarrel_about_the_firewall_is_bitter_only_when_it_goes_on() -> None:
    quarrel = Quarrel()
    assert not any(quarrel.bitter(float(second)) for second in range(100))
    assert [False] * 49 + [True] == [quarrel.bitter(1000 + n / 100) for n in range(50)]
    assert not quarrel.bitter(2000)


def test_an_ami_that_says_nothing_has_nothing_written() -> None:
    one = house()
    one.guard.counting.open("ami", live=True)
    one.guard.counting.covers("ami", 1000.0)
    one.ledger.snapshot()
    for second in range(1001, 1004):
        one.guard.counting.caught_up("ami", float(second))
        assert one.ledger.snapshot() is None
    one.ledger.allows([])
    snapshot = one.ledger.snapshot()
    assert snapshot is not None
    assert b'[["ami", 1000.0, 1003.0, 0]]' == snapshot.notes["coverage"]
