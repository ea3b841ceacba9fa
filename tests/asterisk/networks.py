"""Edge: hosts that are network namespaces, and the router between them.

A namespace lives as long as its `Network` or a process in it, so nothing can
be left behind.  A host has one cable to the router, its default gateway, and
any addresses; the router passes every packet on, forged senders too.

    with Internet() as internet:
        pbx = internet.host("198.51.100.1/24", "2001:db8:100::1/64")
        with pbx.inside():
            server = socket.create_server(...)   # is in that namespace from now on
            subprocess.Popen(...)                # so is this
"""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Self

import netns
from lab import until
from pyroute2 import IPRoute

if TYPE_CHECKING:
    from collections.abc import Iterator

    Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

GATEWAY4 = "198.51.100.254"
GATEWAY6 = "fe80::fe"
_OURS = "/proc/thread-self/ns/net"
_LOOPBACK = 1
_libc = ctypes.CDLL(None, use_errno=True)

_ROUTER = ("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/default/proxy_arp")
_OFF = (
    *("ipv4/conf/all/rp_filter", "ipv4/conf/default/rp_filter"),
    # Until IPv6 has seen for seconds that nobody else has its addresses, it asks for no neighbour.
    *("ipv6/conf/all/accept_dad", "ipv6/conf/default/accept_dad"),
)


class Network:
    """A network namespace; a context manager.

    Its kernel forgets it when it is closed and no process is left in it.
    """

    def __init__(self) -> None:
        home = os.open(_OURS, os.O_RDONLY)
        try:
            netns.unshare(netns.CLONE_NEWNET)
            self._file = os.open(_OURS, os.O_RDONLY)
            self._prepare()
        finally:
            _enter(home)
            os.close(home)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        os.close(self._file)

    def fileno(self) -> int:
        """What netlink knows it by."""
        return self._file

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Have this thread make its sockets and processes in here; they stay when it leaves."""
        home = os.open(_OURS, os.O_RDONLY)
        _enter(self._file)
        try:
            yield
        finally:
            _enter(home)
            os.close(home)

    def _prepare(self) -> None:
        """Switch loopback on, and what keeps packets back off."""
        with IPRoute() as route:
            route.link("set", index=_LOOPBACK, state="up")
        for name in _OFF:
            set_sysctl(name, "0")


class Host(Network):
    """A host with one cable, `eth0`; `address4` and `address6` are its first ones, or empty."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self.interfaces = [ipaddress.ip_interface(each) for each in addresses]
        self.address4 = self._first(4)
        self.address6 = self._first(6)
        super().__init__()

    def add(self, address: str) -> None:
        """Take one more address, with prefix length, out of a prefix that is routed here."""
        with self.inside(), IPRoute() as route:
            _address(route, route.link_lookup(ifname="eth0")[0], ipaddress.ip_interface(address))

    def _first(self, version: int) -> str:
        return next((str(each.ip) for each in self.interfaces if each.version == version), "")


class Internet:
    """The router, and all hosts at it; a context manager."""

    def __init__(self) -> None:
        self.router = Network()
        self._hosts: list[Host] = []
        with self.router.inside():
            for name in _ROUTER:
                set_sysctl(name, "1")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in (*self._hosts, self.router):
            each.close()

    def host(self, *addresses: str) -> Host:
        """Lay a cable to a new host with these addresses; the whole prefix of each is routed there."""
        host = Host(addresses)
        self._hosts.append(host)
        cable = f"cable{len(self._hosts)}"
        with self.router.inside(), IPRoute() as near:
            near.link("add", ifname=cable, kind="veth", peer={"ifname": "eth0", "net_ns_fd": host.fileno()})
            self._route_to(near, cable, host)
        with host.inside(), IPRoute() as far:
            _plug(far, host)
        with self.router.inside(), IPRoute() as near:
            _await_carrier(near, cable)
        return host

    def _route_to(self, near: IPRoute, cable: str, host: Host) -> None:
        index = near.link_lookup(ifname=cable)[0]
        near.link("set", index=index, state="up")
        near.addr("add", index=index, address=GATEWAY4, prefixlen=32)
        near.addr("add", index=index, address=GATEWAY6, prefixlen=64)
        for each in host.interfaces:
            near.route("add", dst=str(each.network), oif=index)


def _plug(far: IPRoute, host: Host) -> None:
    """Give the host's end its addresses and the way out."""
    index = far.link_lookup(ifname="eth0")[0]
    far.link("set", index=index, state="up")
    for each in host.interfaces:
        _address(far, index, each)
    if host.address4:
        far.route("add", dst=f"{GATEWAY4}/32", oif=index, scope="link")
        far.route("add", dst="default", gateway=GATEWAY4, oif=index)
    if host.address6:
        far.route("add", family=socket.AF_INET6, dst="default", gateway=GATEWAY6, oif=index)


def _address(route: IPRoute, index: int, interface: Interface) -> None:
    """Give an interface an address that is usable at once."""
    route.addr("add", index=index, address=str(interface.ip), prefixlen=interface.network.prefixlen)


def _await_carrier(route: IPRoute, name: str) -> None:
    """Wait for the end that was up before its peer: until the kernel has noticed that, it can send nothing.

    An answer to ARP that is lost so is asked for again a second later.
    """
    index = route.link_lookup(ifname=name)[0]
    until(lambda: route.link("get", index=index)[0].get_attr("IFLA_OPERSTATE") == "UP", f"{name} at work")


def set_sysctl(name: str, value: str) -> None:
    """Set `net/NAME` in this thread's network namespace."""
    Path("/proc/sys/net", name).write_text(value, encoding="ascii")


def _enter(file: int) -> None:
    """Move this thread into a network namespace (`os.setns` is Python 3.12's)."""
    if _libc.setns(file, netns.CLONE_NEWNET):
        code = ctypes.get_errno()
        raise OSError(code, f"setns: {os.strerror(code)}")
