"""Phones and programs that mean no harm, on a real Asterisk and for days: nobody of them is banned."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import pbxconf
import pytest
from lab import until
from realpbx import AMI_PORT
from realsite import PBX4
from recordings import Attempt, Days, every, recorded
from sipphone import Line, Phone

if TYPE_CHECKING:
    from realsite import Site

pytestmark = pytest.mark.asterisk

DAYS = 2
OFFICE = "192.0.2.9"
DENIED = "130"
BROKEN = (
    ("120", 2, "an old password"),
    ("999", 4, "an account that does not exist"),
    (DENIED, 4, "an address that its access list refuses"),
)
"""A phone that tries for days, how many events an attempt of it makes, and what is said of it."""
TRANSPORTS = pytest.mark.parametrize("transport", ["UDP", "TCP"])


def attempt(site: Site, user: str, password: str = "", *, transport: str = "UDP", events: int = 2) -> Attempt:
    """What a phone's registering leaves in the log."""
    with (
        recorded(site, OFFICE, events) as said,
        Line(site.phones, PBX4, transport, source=OFFICE) as line,
    ):
        Phone(line, user).register(password)
    return said


def office(site: Site, phones: int) -> list[tuple[float, Attempt]]:
    """Days of some good phones behind one address, each registering every five minutes."""
    good = [attempt(site, user) for user in pbxconf.PHONES[:phones]]
    return [each for n, one in enumerate(good) for each in every(300, DAYS, one, begin=7.0 * n)]


@pytest.fixture
def site(site: Site) -> Site:
    """A PBX with an office."""
    site.phones.add(f"{OFFICE}/24")
    return site


def test_a_phone_that_registers_every_30_seconds(site: Site) -> None:
    days = Days()
    days.live(every(30, 7, attempt(site, "101")))
    assert [] == days.outcomes


@TRANSPORTS
@pytest.mark.parametrize("phones", [2, 20])
@pytest.mark.parametrize(("user", "events", "cause"), BROKEN)
def test_one_broken_phone_behind_the_address_of_good_ones(
    site: Site, user: str, events: int, cause: str, phones: int, transport: str
) -> None:
    bad = attempt(site, user, "" if user == DENIED else "wrong", transport=transport, events=events)
    days = Days()
    days.live(sorted([*office(site, phones), *every(30, DAYS, bad, begin=100.0)], key=lambda each: each[0]))
    assert [] == days.bans
    told = [alarm.text for alarm in days.alarms if alarm.what == "broken phone"]
    assert DAYS == len(told)
    assert f"account {user} at {OFFICE} has failed every 30 s" in told[0]
    assert cause in told[0]


@TRANSPORTS
def test_a_phone_too_many(site: Site, transport: str) -> None:
    attempt(site, "131")
    second = attempt(site, "131", transport=transport, events=3)
    assert b"maximum_configured_contacts" in b"".join(second)
    days = Days()
    days.live(every(30, DAYS, second))
    assert [] == days.bans


def test_a_manager_that_asks_for_more_than_it_may(site: Site) -> None:
    with recorded(site, OFFICE, 3) as said:
        with site.phones.inside():
            manager = socket.create_connection((PBX4, AMI_PORT), 5.0, (OFFICE, 0))
        with manager:
            manager.sendall(b"Action: Login\r\nUsername: limited\r\nSecret: limited-secret\r\n\r\n")
            manager.sendall(b"Action: Command\r\nCommand: core show channels\r\n\r\n")
            manager.sendall(b"Action: NoSuchThing\r\n\r\n")
            until(lambda: b"Invalid/unknown command" in manager.recv(65536), "the last answer")
    assert b"RequestNotAllowed" in b"".join(said)
    assert b"RequestBadFormat" in b"".join(said)
    days = Days()
    days.live([(0.0, said), *every(10, 1, said[1:], begin=10.0)])
    assert [] == days.bans


def test_twenty_phones_behind_one_address_reboot_at_once(site: Site) -> None:
    with site.guarded() as service, contextlib.ExitStack() as stack:
        for _ in range(5):
            lines = [stack.enter_context(Line(site.phones, PBX4, source=OFFICE)) for _ in pbxconf.PHONES]
            phones = [Phone(line, user) for line, user in zip(lines, pbxconf.PHONES, strict=True)]
            for phone in phones:  # all ask before any has an answer
                phone.line.send(bytes(phone.request("REGISTER")))
            assert {200} == {phone.register() for phone in phones}
        until(lambda: 1 == service.status()["friends"], "a friend")
        assert {} == service.bans()
        assert [] == service.status()["alarms"]
