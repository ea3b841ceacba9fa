"""Edge: what the kernel and resolv.conf say of this host, and that a change is heard."""

from __future__ import annotations

import asyncio
import subprocess
from typing import TYPE_CHECKING

import pytest

from amiguard.host import Host, look, resolvers, watch
from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

PATIENCE = 10.0
LOOPBACK = {"127.0.0.0/8", "127.0.0.1", "::1"}


def prefixes(*texts: str) -> frozenset[Prefix]:
    return frozenset(map(Prefix.parse, texts))


def ip(*commands: str, options: tuple[str, ...] = ()) -> None:
    subprocess.run(["ip", *options, "-batch", "-"], input="\n".join(commands), text=True, check=True)


def wire() -> None:
    """Two ends of a cable, both ours, without the link-local addresses that would come when they like."""
    ip(
        "link add w0 type veth peer name w1",
        "link set w0 addrgenmode none",
        "link set w1 addrgenmode none",
        "link set w0 up",
        "link set w1 up",
    )


def seen(*files: Path) -> Host:
    return asyncio.run(look(files))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nameserver 192.0.2.53\nnameserver\t2001:db8::53 \n", prefixes("192.0.2.53", "2001:db8::53")),
        ("nameserver fe80::1%eth0\r\n", prefixes("fe80::1")),
        ("nameserver ::ffff:192.0.2.53", prefixes("192.0.2.53")),
        ("# nameserver 192.0.2.1\n;nameserver 192.0.2.2\n nameserver 192.0.2.3\n", prefixes()),
        ("search example.org\nnameservers 192.0.2.1\nnameserver\nnameserver here\n", prefixes()),
        ("", prefixes()),
    ],
)
def test_resolvers_are_what_follows_nameserver_at_the_beginning_of_a_line(
    text: str, expected: frozenset
) -> None:
    assert frozenset(resolvers(text)) == expected


@pytest.mark.kernel
def test_a_host_without_a_network_has_its_loopback_alone() -> None:
    assert seen() == Host(prefixes(*LOOPBACK), prefixes(), prefixes(), prefixes())


@pytest.mark.kernel
def test_own_addresses_are_ours_on_every_kind_of_link() -> None:
    wire()
    ip(
        "addr add 192.0.2.10/24 dev w0",
        "addr add 10.9.9.1 peer 10.9.9.2/32 dev w0",
        "addr add 2001:db8:1::10/64 dev w0 nodad",
        "route add local 198.51.100.0/24 dev lo",
    )
    expected = prefixes(*LOOPBACK, "192.0.2.10", "10.9.9.1", "2001:db8:1::10", "198.51.100.0/24")
    assert seen().addresses == expected


@pytest.mark.kernel
def test_an_address_is_ours_while_its_link_is_down() -> None:
    ip("link add w0 type veth peer name w1", "addr add 192.0.2.10/24 dev w0")
    assert prefixes("192.0.2.10") <= seen().addresses


@pytest.mark.kernel
def test_networks_without_gateway_are_on_link() -> None:
    wire()
    ip(
        "addr add 192.0.2.10/24 dev w0",
        "addr add 10.9.9.1 peer 10.9.9.2/32 dev w0",
        "addr add 2001:db8:1::10/64 dev w0 nodad",
        "route add 203.0.113.0/25 dev w0",
        "route add 198.18.0.0/15 dev w0 table 77",
        "route add 198.51.100.0/24 via 192.0.2.1",
        "route add 172.16.0.0/12 via inet6 2001:db8:1::1 dev w0",
        "route add 10.1.0.0/16 nexthop via 192.0.2.3 nexthop via 192.0.2.4",
        "route add 10.2.0.0/16 nexthop via 192.0.2.3 nexthop dev w1",
        "route add blackhole 10.3.0.0/16",
        "route add default dev w1",
    )
    assert seen().on_link == prefixes(
        "192.0.2.0/24", "10.9.9.2", "2001:db8:1::/64", "203.0.113.0/25", "198.18.0.0/15", "10.2.0.0/16"
    )


@pytest.mark.kernel
def test_gateways_are_the_next_hops_of_default_routes() -> None:
    wire()
    ip(
        "addr add 192.0.2.10/24 dev w0",
        "addr add 2001:db8:1::10/64 dev w0 nodad",
        "route add default via 192.0.2.1",
        "route add default metric 500 nexthop via 192.0.2.2 nexthop via inet6 fe80::7 dev w0",
        "route add default via 192.0.2.3 table 77",
        "route add 198.51.100.0/24 via 192.0.2.9",
    )
    ip(
        "route add default via 2001:db8:1::1 dev w0",
        "route add default metric 2000 nexthop via fe80::1 dev w0 nexthop via fe80::2 dev w0",
        options=("-6",),
    )
    assert seen().gateways == prefixes(
        "192.0.2.1", "192.0.2.2", "fe80::7", "192.0.2.3", "2001:db8:1::1", "fe80::1", "fe80::2"
    )


@pytest.mark.kernel
def test_resolvers_come_from_every_file_that_exists(tmp_path: Path) -> None:
    (tmp_path / "stub").write_text("nameserver 127.0.0.53\n")
    (tmp_path / "true").write_bytes(b"# Stra\xdfe\nnameserver 192.0.2.53\n")
    host = seen(tmp_path / "stub", tmp_path / "none", tmp_path / "true")
    assert host.resolvers == prefixes("127.0.0.53", "192.0.2.53")


class Watching:
    """A watch that runs beside the test, and what it told."""

    def __init__(self, *files: Path, pause: float = 0.0, patience: float = 60.0) -> None:
        self.told: asyncio.Queue[Host] = asyncio.Queue()
        self._watch = watch(self.told.put_nowait, files, pause=pause, patience=patience)

    async def __aenter__(self) -> asyncio.Queue[Host]:
        self._task = asyncio.create_task(self._watch)
        return self.told

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


def within_patience(test: Coroutine[None, None, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(PATIENCE):
            await test

    asyncio.run(limited())


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("what", "field", "news"),
    [
        ("addr {} 192.0.2.10/24 dev w0", "addresses", "192.0.2.10"),
        ("addr {} 2001:db8::1/64 dev w0", "addresses", "2001:db8::1"),
        ("route {} 10.0.0.0/8 dev w0", "on_link", "10.0.0.0/8"),
        ("route {} fd00::/8 dev w0", "on_link", "fd00::/8"),
        ("route {} default via 198.51.100.1", "gateways", "198.51.100.1"),
    ],
)
def test_what_comes_and_goes_is_told_at_once(what: str, field: str, news: str) -> None:
    wire()
    ip("addr add 198.51.100.10/24 dev w0")

    async def come_and_go() -> None:
        async with Watching() as told:
            await told.get()
            for action in ("add", "del"):
                ip(what.format(action))
                while (Prefix.parse(news) in getattr(await told.get(), field)) != (action == "add"):
                    pass

    within_patience(come_and_go())


@pytest.mark.kernel
def test_a_burst_of_changes_costs_few_looks_and_its_end_is_told() -> None:
    wire()
    addresses = [f"192.0.{n // 250}.{n % 250 + 1}" for n in range(1000)]

    async def burst() -> None:
        async with Watching(pause=0.2) as told:
            await told.get()
            ip(*(f"addr add {address}/32 dev w0" for address in addresses))
            tellings = 1
            while not prefixes(*addresses) <= (await told.get()).addresses:
                tellings += 1
            assert tellings < 10

    within_patience(burst())


@pytest.mark.kernel
def test_nothing_is_told_when_nothing_has_changed(tmp_path: Path) -> None:
    """A route comes and goes between two looks; then a resolver comes, which only patience notices."""
    wire()
    file = tmp_path / "resolv.conf"

    async def idle() -> None:
        async with Watching(file, pause=0.05, patience=0.05) as told:
            assert (await told.get()).resolvers == prefixes()
            ip("route add 10.0.0.0/8 dev w0", "route del 10.0.0.0/8 dev w0")
            file.write_text("nameserver 192.0.2.53\n")
            assert (await told.get()).resolvers == prefixes("192.0.2.53")
            assert told.empty()

    within_patience(idle())


@pytest.mark.kernel
def test_a_file_that_cannot_be_read_for_a_while_ends_no_watch(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 192.0.2.1\n")

    async def test() -> None:
        said = asyncio.Event()
        caplog.handler.addFilter(lambda _: said.set() or True)
        async with Watching(file, patience=0.01) as told:
            assert (await told.get()).resolvers == prefixes("192.0.2.1")
            file.unlink()
            file.mkdir()
            await said.wait()
            file.rmdir()
            file.write_text("nameserver 192.0.2.2\n")
            while (await told.get()).resolvers != prefixes("192.0.2.2"):
                pass

    within_patience(test())
