"""Phones behind a proxy for web sockets: Asterisk names the proxy alone, so a ban would hit them all."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pbxconf
import pytest
from lab import until
from realsite import BOTH, CHANNELS, PBX4, Site
from recordings import Days, every, recorded
from sipphone import Line, Phone
from wssproxy import PORT, WssProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab import Service

pytestmark = pytest.mark.asterisk

DOOR = "203.0.113.90"
HERE = "127.0.0.1"
OFFICE = pbxconf.PHONES[:6]
DAYS = 2
GUESSES = 60


@contextlib.contextmanager
def proxied(site: Site, address: str = DOOR) -> Iterator[Callable[..., Line]]:
    """A proxy at this address; gives what makes a line to it, by default from among the phones."""
    host, pbx = (site.host, HERE) if address == PBX4 else (site.internet.host(f"{address}/32"), PBX4)
    with WssProxy(host, address, pbx, site.folder / "proxy"):
        yield lambda caller=site.phones: Line(caller, address, "WSS", PORT)


def log_in(line: Callable[..., Line], *users: str) -> None:
    """Let these log in."""
    for user in users:
        with line() as phone:
            assert 200 == Phone(phone, user).register()


def guess(line: Line, user: str, times: int) -> None:
    """Guess a password as often as that; each guess is heard."""
    with line as phone:
        assert [401] * times == [Phone(phone, user).register(f"wrong{n}") for n in range(times)]


def alarmed(service: Service) -> dict[str, object]:
    """The one alarm, when it has come."""
    [alarm] = until(lambda: service.status()["alarms"], "an alarm")
    return alarm


@pytest.mark.parametrize("channels", CHANNELS, ids="+".join)
def test_a_guesser_behind_a_proxy_bans_nobody_and_is_told(site: Site, channels: tuple[str, ...]) -> None:
    with proxied(site) as line, site.guarded(channels) as service:
        log_in(line, *OFFICE)
        until(lambda: service.status()["friendly"], "a friend")
        guess(line(site.attacker()), "110", GUESSES)
        alarm = alarmed(service)
        assert ("suppressed", DOOR) == (alarm["kind"], alarm["source"])
        assert {"110"} == {record["account"] for record in alarm["evidence"]}
        [friend] = service.status()["friendly"]
        assert (DOOR, "shared source", len(OFFICE)) == (friend["address"], friend["kind"], friend["accounts"])
        log_in(line, *OFFICE)
        assert {} == service.bans()
    assert {DOOR} == {words.split("/")[2] for words in remotes(site) if "/WS" in words}


def remotes(site: Site) -> set[str]:
    """Who, as Asterisk has it, was at the other end."""
    return {part.split('"')[1] for part in site.pbx.says().split("RemoteAddress=")[1:]}


def test_a_guesser_behind_a_proxy_on_the_pbx_itself_is_the_pbx_to_asterisk(site: Site) -> None:
    with proxied(site, PBX4) as line, site.guarded(BOTH) as service:
        log_in(line, "101")
        guess(line(site.attacker()), "110", GUESSES)
        log_in(line, "101")
        until(lambda: len(site.pbx.raised(HERE)) >= GUESSES, "its events")
        assert {} == service.bans()


@pytest.mark.parametrize("phones", [1, 6])
def test_one_phone_with_an_old_password_behind_a_proxy_for_days(site: Site, phones: int) -> None:
    with proxied(site) as line:
        good = []
        for user in OFFICE[:phones]:
            with recorded(site, DOOR, 2) as said:
                log_in(line, user)
            good.append(said)
        with recorded(site, DOOR, 2) as bad:
            guess(line(), "120", 1)
    days = Days()
    told = [each for n, one in enumerate(good) for each in every(300, DAYS, one, begin=7.0 * n)]
    days.live(sorted([*told, *every(30, DAYS, bad, begin=100.0)], key=lambda each: each[0]))
    assert [] == days.bans
    assert {"broken phone"} == {alarm.what for alarm in days.alarms}
