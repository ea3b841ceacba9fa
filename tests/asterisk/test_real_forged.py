"""Who forges senders gains nothing against friends, peers and ourselves, and of a stranger UDP SIP alone."""

from __future__ import annotations

import contextlib
import itertools
import socket
from typing import TYPE_CHECKING

import pytest
import sipwords
from barrage import until_settled
from forger import Forger
from lab import until
from networks import GATEWAY4, GATEWAY6, Host, Network, set_sysctl
from realpbx import CHAN_SIP_PORT, SIP_PORT
from realsite import PBX4, PBX6, PHONES4, PHONES6, Site
from sipphone import Line, Phone
from sipwords import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.asterisk

TRUNK, TRUNK6 = "192.0.2.200", "2001:db8:3::200"
PROVIDER, PROVIDER6 = "192.0.2.210", "2001:db8:3::210"
TRUNKS = f"""
[trunk6]
type = identify
endpoint = trunk
match = {TRUNK6}
[provider]
type = registration
outbound_auth = provider
server_uri = sip:{PROVIDER}
client_uri = sip:5550100@{PROVIDER}
[provider6]
type = registration
outbound_auth = provider
server_uri = sip:[{PROVIDER6}]
client_uri = sip:5550100@[{PROVIDER6}]
"""
HARMFUL = 'x",LocalAddress="IPV4/UDP/198.51.100.1/5060",RemoteAddress="IPV4/UDP/1.1.1.1/5060'
"""A Call-ID that no honest phone sends: of all evidence over UDP it weighs most."""
FORGED = 150
SSH = 22
_calls = itertools.count(1)


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Iterator[Site]:
    """A PBX with trunks that it registers with, whose kernel takes packets in its own name."""
    with open_site({"pjsip.conf": TRUNKS}) as opened:
        for network in (opened.internet.router, opened.host):
            with network.inside():
                for name in ("all", "default", "eth0"):
                    with contextlib.suppress(FileNotFoundError):
                        set_sysctl(f"ipv4/conf/{name}/accept_local", "1")
        yield opened


def forge(
    site: Site, sender: str, port: int, *, to_port: int = SIP_PORT, forger: Network | None = None
) -> None:
    """Have packets in that name reach Asterisk: unknown users, and Call-IDs that are offences themselves."""
    server = pbx(sender)
    with Forger(forger or site.attacker(), server) as wire:
        for n in range(FORGED):
            user, mark = ("101", HARMFUL) if n % 2 else ("nobody", "")
            call_id = f"forged{next(_calls)}{mark}"
            request = Request("REGISTER", user, server, "UDP", sender, port, call_id)
            wire.send(sender, port, bytes(request), to_port)


def pbx(peer: str) -> str:
    """The PBX's address of the same family."""
    return PBX6 if ":" in peer else PBX4


@contextlib.contextmanager
def ssh(site: Site, host: Host, source: str) -> Iterator[Callable[[], bool]]:
    """A connection to the PBX's host that has nothing to do with SIP; gives whether it lives."""
    door = (pbx(source), SSH)
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with site.host.inside():
        server = socket.create_server(door, family=family)
    with server:
        with host.inside():
            ours = socket.create_connection(door, 5.0, (source, 0))
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


@pytest.mark.parametrize(
    ("phone", "neighbour", "most"),
    [("192.0.2.9/24", PHONES4, {"192.0.2.9/32"}), ("2001:db8:2::9/64", PHONES6, {"2001:db8:2::/64"})],
)
def test_a_registered_phone_goes_on_and_so_do_its_neighbours(
    site: Site, phone: str, neighbour: str, most: set[str]
) -> None:
    """With IPv6 they share a source, and one door, which spares them both."""
    site.phones.add(phone)
    source = phone.partition("/")[0]
    with (
        site.guarded() as service,
        Line(site.phones, pbx(source), source=source) as line,
        Line(site.phones, pbx(source), source=neighbour) as other,
        ssh(site, site.phones, source) as lives,
    ):
        assert 200 == Phone(line, "101").register() == Phone(other, "102").register()
        until(lambda: 2 == sum(each["accounts"] for each in service.status()["friendly"]), "both log-ins")
        forge(site, source, line.port)
        forge(site, source, 5060)
        until_settled(site, service)
        assert lives()
        assert 200 == Phone(line, "101").register() == Phone(other, "102").register()
        assert "house" not in {ban["scope"] for ban in service.bans().values()}
        assert service.bans().keys() <= most


@pytest.mark.parametrize("port", [5060, 5080])
@pytest.mark.parametrize("sender", [TRUNK, PROVIDER, TRUNK6, PROVIDER6])
def test_a_trunk_goes_on(site: Site, sender: str, port: int) -> None:
    """It may call from any port: `match` in pjsip.conf asks for none."""
    trunk = site.internet.host(f"{sender}/{128 if ':' in sender else 32}")
    with site.guarded() as service, ssh(site, trunk, sender) as lives:
        until(lambda: sender in {peer["address"] for peer in service.status()["peers"]}, "its peer")
        forge(site, sender, port)
        if site.release == "16":
            forge(site, sender, port, to_port=CHAN_SIP_PORT)
        until_settled(site, service)
        assert lives()
        with Line(trunk, pbx(sender)) as line:
            phone = Phone(line, "provider" if sender in {PROVIDER, PROVIDER6} else "anybody")
            assert 0 < sipwords.status(phone.ask(phone.request("INVITE", target="600")))
        assert {} == service.bans()


@pytest.mark.parametrize("sender", [PBX4, GATEWAY4, PBX6, GATEWAY6])
def test_the_pbx_itself_and_the_gateway_are_never_banned(site: Site, sender: str) -> None:
    """In the gateway's link-local name only a neighbour of the PBX can send."""
    with site.guarded() as service:
        forge(site, sender, 5060, forger=site.internet.router if sender == GATEWAY6 else None)
        until_settled(site, service)
        assert f"/{sender}" in site.pbx.says()
        assert {} == service.bans()


@pytest.mark.parametrize("server", [PBX4, PBX6])
def test_a_stranger_loses_udp_to_sip_and_no_more(site: Site, server: str) -> None:
    stranger = site.attacker()
    source = stranger.address6 if server == PBX6 else stranger.address4
    prefix = "2001:db8:b01::/64" if server == PBX6 else f"{source}/32"
    with site.guarded() as service, ssh(site, stranger, source) as lives:
        forge(site, source, 5060)
        until(service.bans, "a ban")
        assert [(prefix, "door")] == [(name, ban["scope"]) for name, ban in service.bans().items()]
        with Line(stranger, server) as line, pytest.raises(TimeoutError):
            Phone(line, "101").register(limit=1.0)
        assert lives()
        with Line(stranger, server, "TCP") as line:
            assert 200 == Phone(line, "101").register()
