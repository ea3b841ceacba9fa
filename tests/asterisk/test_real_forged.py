"""Who forges senders gains nothing against friends, peers and ourselves, and of a stranger UDP SIP alone."""

from __future__ import annotations

import contextlib
import itertools
import socket
from typing import TYPE_CHECKING

import pytest
import sipwords
from forger import Forger
from lab import until
from networks import GATEWAY4, Host, set_sysctl
from realpbx import CHAN_SIP_PORT, SIP_PORT
from realsite import PBX4, Site, until_told
from sipphone import Line, Phone
from sipwords import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.asterisk

TRUNK = "192.0.2.200"
PROVIDER = "192.0.2.210"
REGISTRATION = f"""
[provider]
type = registration
outbound_auth = provider
server_uri = sip:{PROVIDER}
client_uri = sip:5550100@{PROVIDER}
"""
HARMFUL = 'x",LocalAddress="IPV4/UDP/198.51.100.1/5060",RemoteAddress="IPV4/UDP/1.1.1.1/5060'
"""A Call-ID that no honest phone sends: of all evidence over UDP it weighs most."""
FORGED = 150
SSH = 22
_calls = itertools.count(1)


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Iterator[Site]:
    """A PBX with a trunk that it registers with, whose kernel takes packets in its own name."""
    with open_site({"pjsip.conf": REGISTRATION}) as opened:
        for network in (opened.internet.router, opened.host):
            with network.inside():
                for name in ("all", "default", "eth0"):
                    with contextlib.suppress(FileNotFoundError):
                        set_sysctl(f"ipv4/conf/{name}/accept_local", "1")
        yield opened


def forge(site: Site, sender: str, port: int, *, times: int = FORGED, to_port: int = SIP_PORT) -> None:
    """Have packets in that name reach Asterisk: unknown users, and Call-IDs that are offences themselves."""
    with Forger(site.attacker(), PBX4) as forger:
        for n in range(times):
            user, mark = ("101", HARMFUL) if n % 2 else ("nobody", "")
            call_id = f"forged{next(_calls)}{mark}"
            request = Request("REGISTER", user, PBX4, "UDP", sender, port, call_id)
            forger.send(sender, port, bytes(request), to_port)


@contextlib.contextmanager
def ssh(site: Site, host: Host, source: str = "") -> Iterator[Callable[[], bool]]:
    """A connection to the PBX's host that has nothing to do with SIP; gives whether it lives."""
    with site.host.inside():
        server = socket.create_server((PBX4, SSH))
    with server:
        with host.inside():
            ours = socket.create_connection((PBX4, SSH), 5.0, (source or host.address4, 0))
        theirs, _ = server.accept()
        theirs.settimeout(2.0)
        with ours, theirs:

            def lives() -> bool:
                ours.sendall(b"?")
                with contextlib.suppress(TimeoutError):
                    return theirs.recv(1) == b"?"
                return False

            assert lives()
            yield lives


def test_a_registered_phone_goes_on_and_so_do_its_neighbours(site: Site) -> None:
    site.phones.add("192.0.2.9/24")
    with (
        site.guarded() as service,
        Line(site.phones, PBX4, source="192.0.2.9") as line,
        Line(site.phones, PBX4) as other,
        ssh(site, site.phones, "192.0.2.9") as lives,
    ):
        assert 200 == Phone(line, "101").register() == Phone(other, "102").register()
        until(lambda: 2 == service.status()["friends"], "both friends")
        forge(site, "192.0.2.9", line.port)
        forge(site, "192.0.2.9", 5060)
        until_told(site, service)
        assert lives()
        assert 200 == Phone(line, "101").register() == Phone(other, "102").register()
        assert "house" not in {ban["scope"] for ban in service.bans().values()}
        assert "192.0.2.1/32" not in service.bans()


@pytest.mark.parametrize("port", [5060, 5080])
@pytest.mark.parametrize("sender", [TRUNK, PROVIDER])
def test_a_trunk_goes_on(site: Site, sender: str, port: int) -> None:
    """It may call from any port: `match` in pjsip.conf asks for none."""
    trunk = site.internet.host(f"{sender}/32")
    with site.guarded() as service, ssh(site, trunk) as lives:
        until(lambda: sender in {peer["address"] for peer in service.status()["peers"]}, "its peer")
        forge(site, sender, port)
        if site.release == "16":
            forge(site, sender, port, to_port=CHAN_SIP_PORT)
        until_told(site, service)
        assert lives()
        with Line(trunk, PBX4) as line:
            phone = Phone(line, "provider" if sender == PROVIDER else "anybody")
            assert 0 < sipwords.status(phone.ask(phone.request("INVITE", target="600")))
        assert {} == service.bans()


@pytest.mark.parametrize("sender", [PBX4, GATEWAY4])
def test_the_pbx_itself_and_the_gateway_are_never_banned(site: Site, sender: str) -> None:
    with site.guarded() as service:
        forge(site, sender, 5060)
        until_told(site, service)
        assert site.pbx.raised(sender)
        assert {} == service.bans()


def test_a_stranger_loses_udp_to_sip_and_no_more(site: Site) -> None:
    stranger = site.attacker()
    with site.guarded() as service, ssh(site, stranger) as lives:
        forge(site, stranger.address4, 5060)
        service.until_banned(f"{stranger.address4}/32")
        assert "door" == service.bans()[f"{stranger.address4}/32"]["scope"]
        with Line(stranger, PBX4) as line, pytest.raises(TimeoutError):
            Phone(line, "101").register(limit=1.0)
        assert lives()
        with Line(stranger, PBX4, "TCP") as line:
            assert 200 == Phone(line, "101").register()
