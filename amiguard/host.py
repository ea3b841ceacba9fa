"""Edge: who we are on the network - own addresses, neighbours, gateways, resolvers - kept current."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_log = logging.getLogger("amiguard")

RESOLV_CONF = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))

_UNICAST, _LOCAL = 1, 2  # RTN_*: include/uapi/linux/rtnetlink.h
_GROUPS = 0x10 | 0x40 | 0x100 | 0x400  # RTMGRP_*: addresses and routes of IPv4, then of IPv6
_SOL_NETLINK, _NO_ENOBUFS = 270, 5  # include/linux/socket.h, include/uapi/linux/netlink.h
_NEWS = 65536


class Host(NamedTuple):
    """The host as the kernel knows it in this network namespace.

    Attributes:
        addresses: every address that is our own, loopback networks among them.
        on_link: networks reached without a gateway, whose addresses are neighbours of ours.
        gateways: next hops of default routes.
        resolvers: name servers.
    """

    addresses: frozenset[Prefix]
    on_link: frozenset[Prefix]
    gateways: frozenset[Prefix]
    resolvers: frozenset[Prefix]


async def look(files: Sequence[Path] = RESOLV_CONF) -> Host:
    """Look once.

    Raises:
        OSError: the kernel refuses a netlink socket, or a file exists and cannot be read.
        pyroute2.netlink.exceptions.NetlinkError: the kernel refuses to tell.
    """
    from pyroute2 import AsyncIPRoute  # noqa: PLC0415 - costs 140 ms and 24 MB, so only where it is used

    async with AsyncIPRoute() as kernel:
        addresses = [message async for message in await kernel.get_addr()]
        routes = [
            message
            for family in (socket.AF_INET, socket.AF_INET6)
            async for message in await kernel.get_routes(family=family)
        ]
    return Host(
        frozenset(map(_own, addresses))
        | {_destination(route) for route in routes if route["type"] == _LOCAL},
        frozenset(_destination(route) for route in routes if _is_on_link(route)),
        frozenset(gateway for route in routes if not route["dst_len"] for gateway in _gateways(route)),
        frozenset().union(*map(_resolvers_in, files)),
    )


async def watch(
    tell: Callable[[Host], None],
    files: Sequence[Path] = RESOLV_CONF,
    *,
    pause: float = 1.0,
    patience: float = 30.0,
) -> NoReturn:
    """Tell what the host is, at once and after every change, until cancelled.

    While that cannot be learnt, what was told last holds; it is logged once.

    Args:
        tell: called in this task.
        files: where resolvers are named.
        pause: seconds between two looks at least, however much changes.
        patience: seconds after which to look although the kernel said nothing, for files say nothing.

    Raises:
        OSError: the kernel refuses a netlink socket.
        NetlinkError: as `look`.
    """
    loop = asyncio.get_running_loop()
    told, trouble = None, ""
    with _news() as news:
        while True:
            _drain(news)
            host, trouble = await _look_again(files, trouble)
            if host is not None and host != told:
                tell(host)
                told = host
            await asyncio.sleep(pause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await loop.sock_recv(news, _NEWS)


async def _look_again(files: Sequence[Path], trouble: str) -> tuple[Host | None, str]:
    """What the host is now, or why that cannot be learnt: logged, unless that was the `trouble` before."""
    try:
        return await look(files), ""
    except OSError as error:
        if str(error) != trouble:
            _log.warning("what is new on this network cannot be learnt: %s", error)
        return None, str(error)


def resolvers(text: str) -> Iterator[Prefix]:
    """Name servers of a resolv.conf; what is no address is passed over, as resolv.conf(5)'s readers do."""
    for line in text.split("\n"):
        keyword, *values = line.split() or [""]
        # The keyword must begin its line: resolv.conf(5).
        if keyword == "nameserver" and values and line.startswith(keyword):
            with contextlib.suppress(ValueError):
                yield _address(values[0].partition("%")[0])


def _resolvers_in(file: Path) -> Iterator[Prefix]:
    with contextlib.suppress(FileNotFoundError):
        yield from resolvers(file.read_text(encoding="utf-8", errors="replace"))


@contextlib.contextmanager
def _news() -> Iterator[socket.socket]:
    """A socket that becomes readable when addresses or routes change."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as news:
        news.setblocking(False)
        # That something was lost is no news: whatever comes, everything is looked at again.
        news.setsockopt(_SOL_NETLINK, _NO_ENOBUFS, 1)
        news.bind((0, _GROUPS))
        yield news


def _drain(news: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while True:
            news.recv(_NEWS)


def _own(message: Any) -> Prefix:
    # On a point-to-point link IFA_ADDRESS is the peer's: include/uapi/linux/if_addr.h.
    return _address(message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS"))


def _is_on_link(route: Any) -> bool:
    """Whether neighbours are reached directly; a default route without gateway makes none of the world."""
    return (
        route["type"] == _UNICAST
        and route["dst_len"] > 0
        and any(_gateway(hop) is None for hop in _hops(route))
    )


def _gateways(route: Any) -> Iterator[Prefix]:
    for hop in _hops(route):
        if gateway := _gateway(hop):
            yield _address(gateway)


def _hops(route: Any) -> Iterable[Any]:
    return route.get_attr("RTA_MULTIPATH") or [route]


def _gateway(hop: Any) -> str | None:
    """The next hop's address; RTA_VIA is one of the other family."""
    via = hop.get_attr("RTA_VIA")
    gateway: str | None = via["addr"] if via else hop.get_attr("RTA_GATEWAY")
    return gateway


def _destination(route: Any) -> Prefix:
    return Prefix.of(ipaddress.ip_address(route.get_attr("RTA_DST")).packed, route["dst_len"])


def _address(text: str) -> Prefix:
    return Prefix.of(ipaddress.ip_address(text).packed)
