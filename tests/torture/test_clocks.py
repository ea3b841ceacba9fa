"""Clocks that are set, hosts that sleep, times that nobody believes: no ban is lost, no friend forgotten."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import nft
import ordeal
import pytest
from clocked import clocked
from lab import Service, attack, attempt, until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

BANNED, LATER, PATIENT, FRIEND = "203.0.113.1", "203.0.113.2", "203.0.113.3", "198.51.100.1"
HOUR, DAY = 3600.0, 86_400.0
SLEEP = ordeal.rounds(2, 60)


@pytest.mark.parametrize("seconds", ordeal.taste([-HOUR, HOUR, -DAY, DAY]))
def test_a_clock_that_is_set(tmp_path: Path, seconds: float) -> None:
    settings = '[allow]\nauthenticated_for = "1w"\n'
    with clocked(Service(tmp_path, settings)) as (service, clocks):
        service.write(attempt(FRIEND, kind="SuccessfulAuth") + attack(BANNED) + attack(PATIENT, times=4))
        service.until_banned(f"{BANNED}/32")
        clocks.set(seconds)
        until(lambda: "the clock was set by" in service.said, "the change told")
        assert 590 < service.bans()[f"{BANNED}/32"]["remaining"] <= 600
        now = time.time() + clocks.ahead
        service.write(attack(LATER, now) + attempt(FRIEND, now) * 10)
        service.until_banned(f"{LATER}/32")
        if seconds < 0:  # what happened before it still was just now; forward, time may truly have passed
            service.write(attempt(PATIENT, now))
            service.until_banned(f"{PATIENT}/32")
        expected = service.bans().keys()
        assert f"{FRIEND}/32" not in expected
        assert 1 == service.status()["friends"]
        service.await_news("WATCHDOG=1")
        service.kill()
        nft.run("flush ruleset")
        service.start(*clocks.behind)
        after = service.bans()
        assert expected == after.keys()
        assert {1} == {ban["strike"] for ban in after.values()}
        assert all(570 < ban["remaining"] <= 600 for ban in after.values())


@pytest.mark.parametrize("at", ordeal.taste([0.0, 2e9]), ids=ordeal.taste(["1970", "the year 2033"]))
def test_events_of_another_age_are_judged_when_they_come(tmp_path: Path, at: float) -> None:
    with Service(tmp_path) as service:
        service.log.touch()
        service.await_news("WATCHDOG=1")
        service.write(attack(BANNED, at))
        service.until_banned(f"{BANNED}/32")
        assert 590 < service.bans()[f"{BANNED}/32"]["remaining"] <= 600
        assert 5 == service.status()["clock_skew"]


def test_daylight_saving_changes_nothing(tmp_path: Path) -> None:
    """Asterisk writes its offset beside the time: the hour that comes twice is two hours."""
    with Service(tmp_path) as service:
        service.log.touch()
        service.await_news("WATCHDOG=1")
        now = time.time()
        summer = attack(BANNED, now + 2 * HOUR, times=4).replace(b"+0000", b"+0200")
        winter = attack(BANNED, now + HOUR, times=1).replace(b"+0000", b"+0100")
        service.write(summer + winter)
        service.until_banned(f"{BANNED}/32")
        assert 0 == service.status()["clock_skew"]
        assert 590 < service.bans()[f"{BANNED}/32"]["remaining"] <= 600


def test_what_happened_while_it_was_suspended_is_read_when_it_wakes(tmp_path: Path) -> None:
    sources = [f"203.0.{n // 200}.{n % 200 + 1}" for n in range(400)]
    with Service(tmp_path) as service:
        service.log.touch()
        service.await_news("WATCHDOG=1")
        service.signal(signal.SIGSTOP)
        for n, source in enumerate(sources):
            service.write(attack(source))
            if n % 100 == 99:
                service.log.rename(service.root / f"security.{n}")
                service.log.touch()
        time.sleep(SLEEP)  # that it lasts is the point
        service.signal(signal.SIGCONT)
        until(lambda: set(sources) == set(nft.elements("ban4")), "all banned")
        until(lambda: 400 == len(service.ask("history", limit=1000)[1]), "all remembered, once")
        assert {1} == {ban["strike"] for ban in service.bans().values()}
