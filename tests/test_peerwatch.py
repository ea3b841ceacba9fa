"""Who belongs to the PBX is asked again and again, and nobody who does not answer holds it up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from fakeasterisk import DENIED, Manager, Server, listed

from amiguard import names
from amiguard.config import Ami
from amiguard.model import Peer, Prefix
from amiguard.names import Names
from amiguard.peerwatch import MOST, PeerWatch
from amiguard.sources import ami_client
from amiguard.sources.ami_client import AmiClient
from amiguard.sources.ami_inbox import State, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from pathlib import Path

LONG = 20.0
OFTEN = 0.01
SOON = ami_client.TIMINGS._replace(first_pause=0.01, longest_pause=0.02)
PHONE = (
    b'Key: /registrar/contact/101;@2\r\nVal: {"via_addr":"198.51.100.67","via_port":"5062",'
    b'"endpoint":"101","uri":"sip:101@198.51.100.67:5062"}'
)
TRUNK = b"ObjectName: trunk\r\nServerUri: sip:203.0.113.51"
EMPTY = listed()


class Told:
    """What a watch tells, to be waited for."""

    def __init__(self) -> None:
        self.all: list[Sequence[Peer]] = []
        self._news = asyncio.Event()

    def __call__(self, peers: Sequence[Peer]) -> None:
        self.all.append(peers)
        self._news.set()

    async def when(self, wanted: Callable[[set[str]], bool]) -> Sequence[Peer]:
        """Wait until the addresses that are known are such."""
        async with asyncio.timeout(LONG):
            while not self.all or not wanted({str(peer.network) for peer in self.all[-1]}):
                self._news.clear()
                await self._news.wait()
        return self.all[-1]

    async def until(self, *addresses: str) -> Sequence[Peer]:
        """Wait until exactly these are known."""
        return await self.when(lambda known: known == set(addresses))


def unknown(_name: str) -> Iterable[Prefix]:
    raise OSError("Name or service not known")


@contextlib.asynccontextmanager
async def watching(
    directory: Path,
    client: AmiClient | None = None,
    pause: float = LONG,
    resolve: Callable[[str], Iterable[Prefix]] = unknown,
    patience: float = LONG,
) -> AsyncIterator[Told]:
    """A watch at work beside its AMI, as the ears have it."""
    told = Told()
    watch = PeerWatch(str(directory), told, names=Names(resolve, patience), pause=pause)

    async def listen(client: AmiClient) -> None:
        watch.listen(client)
        async for item in client:
            if isinstance(item, Status) and item.state in {State.LISTENING, State.DEAF}:
                watch.ring()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watch.run())]
        if client:
            tasks += [group.create_task(client.run()), group.create_task(listen(client))]
        yield told
        for task in tasks:
            task.cancel()


@pytest.fixture
def manager() -> Manager:
    """An Asterisk with a phone and a trunk."""
    manager = Manager()
    manager.answers |= {
        b"DBGetTree": listed(PHONE),
        b"PJSIPShowRegistrationsOutbound": listed(TRUNK),
        b"IAXpeerlist": EMPTY,
    }
    return manager


def client_of(server: Server, root: Path) -> AmiClient:
    secret = root / "secret"
    secret.write_bytes(Manager.USERS[b"amiguard"][0])
    secret.chmod(0o600)
    ami = Ami("127.0.0.1", server.port, "amiguard", str(secret), tls=False, tls_ca="", insecure=False)
    return AmiClient(ami, timings=SOON)


class Counted(dict[bytes, bytes]):
    """Answers that know how often each was asked for."""

    def __init__(self, answers: dict[bytes, bytes], asked: Counter[bytes]) -> None:
        super().__init__(answers)
        self._asked = asked

    def get(self, action: bytes, default: bytes) -> bytes:  # type: ignore[override]  # asked in this way alone
        self._asked[action] += 1
        return super().get(action, default)


def trunks(root: Path, *hosts: str) -> None:
    lines = "".join(f"match = {host}\n" for host in hosts)
    (root / "pjsip.conf").write_text(f"[trunk]\ntype = identify\n{lines}")


def test_files_and_ami_are_asked_when_the_ami_connects(tmp_path: Path, manager: Manager) -> None:
    trunks(tmp_path, "203.0.113.50")
    manager.silent = True

    async def scenario() -> None:
        with Server(manager.serve) as server:
            async with watching(tmp_path, client_of(server, tmp_path)) as told:
                await told.until("203.0.113.50")
                manager.silent = False
                for session in manager.sessions:
                    session.hang_up()
                known = await told.until("203.0.113.50", "198.51.100.67", "203.0.113.51")
        assert [peer.origin for peer in known] == [
            "pjsip.conf [trunk] match",
            "registered contact of 101",
            "outbound registration trunk",
        ]

    asyncio.run(scenario())


def test_what_an_ami_told_holds_while_it_is_gone_and_is_asked_anew_when_it_is_back(
    tmp_path: Path, manager: Manager
) -> None:
    async def scenario() -> None:
        with Server(manager.serve) as server:
            client = client_of(server, tmp_path)
            async with watching(tmp_path, client, OFTEN) as told:
                await told.until("198.51.100.67", "203.0.113.51")
                manager.answers[b"DBGetTree"] = EMPTY
                manager.silent = True
                trunks(tmp_path, "203.0.113.50")
                for session in manager.sessions:
                    session.hang_up()
                await told.until("203.0.113.50", "198.51.100.67", "203.0.113.51")
                manager.silent = False
                await told.until("203.0.113.50", "203.0.113.51")

    asyncio.run(scenario())


def test_what_an_asterisk_refuses_is_said_once_and_passed_over(
    tmp_path: Path, manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "amiguard")
    asked: Counter[bytes] = Counter()
    manager.answers = Counted(manager.answers | {b"DBGetTree": DENIED, b"IAXpeerlist": DENIED}, asked)
    rounds = 0

    def resolve(_: str) -> Iterable[Prefix]:
        nonlocal rounds
        rounds += 1
        return {Prefix.of(rounds.to_bytes(4))}

    async def scenario() -> None:
        trunks(tmp_path, "provider.example")
        with Server(manager.serve) as server:
            async with watching(tmp_path, client_of(server, tmp_path), OFTEN, resolve) as told:
                await told.until("203.0.113.51", "0.0.0.9")

    asyncio.run(scenario())
    said = [record.getMessage() for record in caplog.records if record.name == "amiguard"]
    assert 1 == len([each for each in said if "write = reporting" in each])
    assert 1 == len([each for each in said if "SIPpeers: Invalid/unknown command" in each])
    assert 2 == len(said), "a refusal and what this Asterisk does not have"
    assert [1] * 3 == [asked[action] for action in (b"DBGetTree", b"SIPpeers", b"IAXpeerlist")]
    assert 1 < asked[b"PJSIPShowRegistrationsOutbound"]


def test_a_name_keeps_its_last_addresses_when_nobody_answers(tmp_path: Path) -> None:
    trunks(tmp_path, "provider.example")
    answers = [{Prefix.parse("203.0.113.1")}, None, {Prefix.parse("203.0.113.2")}]
    asked = []

    def resolve(name: str) -> Iterable[Prefix]:
        asked.append(name)
        answer = answers[min(len(asked) - 1, 2)]
        if answer is None:
            raise OSError("Temporary failure in name resolution")
        return answer

    async def scenario() -> None:
        async with watching(tmp_path, pause=OFTEN, resolve=resolve) as told:
            [peer] = await told.until("203.0.113.2")
        assert peer.origin == "pjsip.conf [trunk] match, provider.example"
        told_of = [[str(each.network) for each in peers] for peers in told.all]
        assert [[], ["203.0.113.1"], ["203.0.113.2"]] == told_of

    asyncio.run(scenario())


def test_a_name_server_that_is_silent_holds_up_neither_the_others_nor_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trunks(tmp_path, "silent.example", "provider.example")
    ever = threading.Event()

    def resolve(name: str) -> Iterable[Prefix]:
        if name == "silent.example":
            ever.wait(LONG)
        return {Prefix.parse("203.0.113.1")}

    async def scenario() -> None:
        async with watching(tmp_path, resolve=resolve, patience=0.05) as told:
            await told.until("203.0.113.1")

    began = time.monotonic()
    asyncio.run(scenario())
    assert LONG / 2 > time.monotonic() - began
    ever.set()
    assert "known peer silent.example cannot be resolved: no answer" in caplog.text


def test_look_ups_that_hang_are_only_so_many() -> None:
    """Each is a thread, of which a service may have 32."""
    ever = threading.Event()
    begun = []

    def resolve(name: str) -> Iterable[Prefix]:
        begun.append(name)
        ever.wait(LONG)
        return {Prefix.parse("192.0.2.1")}

    async def scenario() -> None:
        said: list[str] = []
        asked = Names(resolve, 0.01)
        await asked.look_up((f"p{n}.example" for n in range(10)), said.append)
        assert names.THREADS == len(begun)
        assert 10 == len(said)
        ever.set()
        async with asyncio.timeout(LONG):
            while not asked.get("p9.example"):
                await asked.look_up(["p9.example"], said.append)

    asyncio.run(scenario())


def test_a_look_up_that_hangs_does_not_keep_the_process_alive() -> None:
    script = """
import asyncio, time
from amiguard.names import Names
asyncio.run(Names(lambda name: time.sleep(60), 0.01).look_up(["a.example"], print))
"""
    ran = subprocess.run([sys.executable, "-c", script], timeout=LONG, check=True, capture_output=True)
    assert b"a.example cannot be resolved: no answer\n" == ran.stdout


def test_a_file_that_asterisk_would_discard_is_said_once_and_has_told_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "iax.conf").write_text("[a]\nhost = 203.0.113.77\n")
    trunks(tmp_path, "203.0.113.50")

    async def scenario() -> None:
        async with watching(tmp_path, pause=OFTEN) as told:
            await told.until("203.0.113.50", "203.0.113.77")
            (tmp_path / "iax.conf").write_text("no section\n")
            for address in ("203.0.113.51", "203.0.113.52"):
                trunks(tmp_path, address)
                await told.until(address, "203.0.113.77")
            (tmp_path / "iax.conf").unlink()
            await told.until("203.0.113.52")

    asyncio.run(scenario())
    assert 1 == caplog.text.count("iax.conf:1: a variable before the first section")


def test_there_are_only_so_many_peers(tmp_path: Path) -> None:
    trunks(tmp_path, *(str(Prefix.of(n.to_bytes(4))) for n in range(1, MOST - 1)))
    (tmp_path / "iax.conf").write_text("[a]\nhost = 203.0.113.1\n[b]\nhost = 203.0.113.2\n" * 5)
    (tmp_path / "sip.conf").write_text("".join(f"[{n}]\nhost = 192.0.2.{n}\n" for n in range(250)))

    async def scenario() -> None:
        async with watching(tmp_path) as told:
            known = await told.when(lambda known: len(known) >= MOST)
        assert len(known) == MOST

    asyncio.run(scenario())


def test_only_so_many_names_are_resolved(tmp_path: Path) -> None:
    trunks(tmp_path, *(f"p{n}.example" for n in range(names.MOST + 5)))
    asked = []

    def resolve(name: str) -> Iterable[Prefix]:
        asked.append(name)
        return {Prefix.parse("192.0.2.1")}

    async def scenario() -> None:
        async with watching(tmp_path, resolve=resolve) as told:
            await told.until("192.0.2.1")

    asyncio.run(scenario())
    assert [f"p{n}.example" for n in range(names.MOST)] == asked


def test_the_hosts_own_names_resolve() -> None:
    assert Prefix.parse("127.0.0.1") in names.addresses("localhost")
    with pytest.raises(UnicodeError):
        names.addresses("." * 300)
