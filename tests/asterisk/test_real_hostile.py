"""Whatever hostile peers write: on every channel nobody but the sender is blamed, and the sender is."""

from __future__ import annotations

import contextlib
import itertools
import socket
from typing import TYPE_CHECKING
from urllib.parse import quote

import iaxphone
import poisons
import pytest
from eavesdropping import EARS, guards
from lab import until
from poisons import ALL, AMI, CLASSIC, INNOCENT, JSON, NOTICE, NOTICE_JSON, Login, Peer, Poison
from realpbx import AMI_PORT, CHAN_SIP_PORT, HTTP_PORT, SIP_PORT
from realsite import PBX4, Site
from sipphone import Line, Phone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lab import Service
    from networks import Host

pytestmark = pytest.mark.asterisk

LAST = "198.18.0.1"
PHONE = "192.0.2.1"
TIMES = 20
LOGINS = 4
GUESSES = 8


class Gang:
    """Senders of poison, each with an address of his own."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._host = site.internet.host(f"{LAST}/16")
        self._addresses = (f"198.18.1.{n}" for n in itertools.count(1))
        self.senders: dict[str, Poison | Login | Peer] = {}

    def send(self, poisons: Iterable[Poison], port: int = SIP_PORT, unseen: Iterable[str] = ()) -> None:
        """Send each again and again, and let an honest phone log in behind it."""
        for poison in poisons:
            hidden = poison.unseen.union(unseen)
            self._send(self._newcomer(poison._replace(unseen=hidden)), poison.write, port, TIMES)

    def guess(self, poisons: Iterable[Poison]) -> None:
        """Answer chan_sip's challenges with each."""
        for poison in poisons:
            with Line(self._host, PBX4, "UDP", CHAN_SIP_PORT, self._newcomer(poison)) as line:
                phone = Phone(line, "201")
                for _ in range(GUESSES):
                    first = phone.request("REGISTER")
                    line.send(poison.write(first.answering(phone.ask(first), "wrong")))

    def log_in(self, logins: Iterable[Login]) -> None:
        """Log in to the AMI as each, at once, for Asterisk is slow to refuse."""
        with contextlib.ExitStack() as stack:
            managers = [
                stack.enter_context(_log_in(self._host, source, login.user))
                for login in logins
                for source in [self._newcomer(login)] * LOGINS
            ]
            for manager in managers:
                _until_refused(manager)

    def register(self, peers: Iterable[Peer]) -> None:
        """Register or dial with each again and again over IAX2."""
        for peer in peers:
            source = self._newcomer(peer)
            say = iaxphone.dial if peer.dials else iaxphone.claim
            with self._host.inside():
                for _ in range(TIMES):
                    say(PBX4, source, peer.words)

    def finish(self, services: Iterable[Service]) -> None:
        """Attack so plainly that every guard that has heard all before bans for it."""
        self._send(LAST, bytes, SIP_PORT, 2 * TIMES)
        for service in services:
            service.until_banned(f"{LAST}/32")

    def _newcomer(self, sender: Poison | Login | Peer) -> str:
        source = next(self._addresses)
        self._host.add(f"{source}/16")
        self.senders[source] = sender
        return source

    def _send(self, source: str, write: Callable[..., bytes], port: int, times: int) -> None:
        with Line(self._host, PBX4, "UDP", port, source) as line:
            phone = Phone(line, "nobody")
            for _ in range(times):
                line.send(write(phone.request("REGISTER")))
        with Line(self._site.phones, PBX4) as line:
            assert 200 == Phone(line, "101").register()


def _log_in(host: Host, source: str, user: str) -> socket.socket:
    with host.inside():
        manager = socket.create_connection((PBX4, AMI_PORT), 5.0, (source, 0))
    manager.sendall(f"Action: Login\r\nUsername: {user}\r\nSecret: x\r\n\r\n".encode())
    return manager


def _until_refused(manager: socket.socket) -> None:
    manager.settimeout(15.0)
    heard = b""
    while b"failed" not in heard:
        received = manager.recv(4096)
        assert received, heard
        heard += received


def blamed(service: Service) -> set[str]:
    """Who would have been banned."""
    return {ban["address"] for ban in service.bans().values()} - {LAST}


def test_nobody_but_the_sender_is_blamed_and_the_sender_is(site: Site) -> None:
    gang = Gang(site)
    with guards(site, *EARS) as services:
        gang.send((*poisons.USERS, *poisons.CALLS))
        if site.release == "16":
            gang.send(poisons.USERS, CHAN_SIP_PORT, {CLASSIC, NOTICE, NOTICE_JSON})
            gang.send(poisons.NUMBERS, CHAN_SIP_PORT)
            gang.guess(poisons.ANSWERS)
        gang.log_in(poisons.LOGINS)
        gang.register(poisons.PEERS)
        gang.finish(services.values())
        with contextlib.suppress(AssertionError):  # said better below
            until(lambda: not missed(gang, services))
        assert {} == missed(gang, services)
        for name, service in services.items():
            assert blamed(service) <= gang.senders.keys()
            if name not in {NOTICE, NOTICE_JSON}:
                assert PHONE in {friend["address"] for friend in service.status()["friendly"]}


def missed(gang: Gang, services: dict[str, Service]) -> dict[str, list[str]]:
    """By guard, the poisons whose senders it should have blamed and has not."""
    found = {}
    for name, service in services.items():
        told = blamed(service)
        heard = {source: each.name for source, each in gang.senders.items() if name not in each.unseen}
        found[name] = [heard[source] for source in heard.keys() - told]
    return {name: names for name, names in found.items() if names}


def test_records_forged_whole_over_http_blame_the_sender_where_json_tells_and_no_house_elsewhere(
    open_site: Callable[..., Site],
) -> None:
    names = (CLASSIC, JSON, AMI, ALL)
    web = {"manager.conf": "[general](+)\nwebenabled = yes\n"}
    with open_site(web) as site, guards(site, *names) as services:
        gang = Gang(site)
        forger = site.attacker()
        for _ in range(TIMES):
            with forger.inside(), socket.create_connection((PBX4, HTTP_PORT), 5.0) as page:
                path = f"/rawman?action=login&username={quote(poisons.FORGED)}&secret=x"
                page.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        gang.finish(services.values())
        for name in (JSON, ALL):
            until(lambda: blamed(services[name]), f"a ban by {name}")  # noqa: B023
            assert {forger.address4} == blamed(services[name])
        for name in (CLASSIC, AMI):
            assert "forgeable" in services[name].status()["sight"]
            bans = services[name].bans()
            assert {INNOCENT, LAST, forger.address4} >= {ban["address"] for ban in bans.values()}
            assert {"door"} == {ban["scope"] for ban in bans.values()}


def test_whole_notices_forged_over_iax2_close_a_door_at_most_and_the_json_form_tells(site: Site) -> None:
    with guards(site, NOTICE, NOTICE_JSON) as services:
        gang = Gang(site)
        gang.register([Peer("lines", poisons.LINES)])
        gang.finish(services.values())
        [sender] = gang.senders
        until(lambda: {INNOCENT, sender} == blamed(services[NOTICE]), "a ban")
        assert {"door"} == {ban["scope"] for ban in services[NOTICE].bans().values()}
        assert set() == blamed(services[NOTICE_JSON])
