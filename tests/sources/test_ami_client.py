"""Listening to an AMI for ever: what any Asterisk does, and what hostile and failing servers do."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import certificates
import pytest
import written
from anyasterisk import (
    LONG,
    NEVER_AGAIN,
    QUICK,
    AnyAsterisk,
    Heard,
    config,
    events,
    listen,
    log_in_wrongly,
)
from fakeasterisk import CHALLENGE, GREETING, Manager, Pbx, Server, event, listed
from written import Words

from amiguard.model import Prefix
from amiguard.sources import ami_client
from amiguard.sources.ami import Connection
from amiguard.sources.ami_client import AmiClient, AskError
from amiguard.sources.ami_inbox import Batch, Lost, State, Status
from amiguard.sources.ami_secret import SecretError, read_secret
from amiguard.sources.ami_wire import ANSWER_BYTES, ANSWERS, OverError, Wire
from amiguard.sources.amievents import AmiEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def manager() -> Manager:
    return Manager()


@pytest.fixture
def pbx(manager: Manager) -> Iterator[Pbx]:
    with Server(manager.serve) as server:
        yield manager.pbx(server.port)


class TestOurOwnAsterisk(AnyAsterisk):
    """The stand-in does what the real ones do."""


def test_who_was_deaf_and_hears_is_said_to_listen(manager: Manager, pbx: Pbx, secret_file: Path) -> None:
    secret_file.write_text(pbx.deaf_secret)

    async def scenario(heard: Heard) -> None:
        await heard.state(State.DEAF)
        manager.sessions[-1].hears = True
        manager.publish(event("InvalidAccountID") + b"\r\n\r\n")
        await heard.event("InvalidAccountID")
        await heard.state(State.LISTENING)

    quick = QUICK._replace(self_test=0.01)
    listen(AmiClient(config(pbx.port, secret_file, username=pbx.deaf_user), timings=quick), scenario)


def test_a_connection_that_is_gone_is_made_again(manager: Manager, pbx: Pbx, secret_file: Path) -> None:
    async def scenario(heard: Heard) -> None:
        for _ in range(3):
            await heard.event("SuccessfulAuth")
            manager.sessions[-1].hang_up()
            assert "it hung up" == (await heard.state(State.DOWN)).reason

    items = listen(AmiClient(config(pbx.port, secret_file), timings=QUICK), scenario)
    attempts = [item.attempt for item in items if isinstance(item, Status) and item.state is State.CONNECTING]
    assert [1, 2, 3] == attempts


def test_a_lasting_connection_makes_the_next_attempt_a_first_one(
    manager: Manager, pbx: Pbx, secret_file: Path
) -> None:
    async def scenario(heard: Heard) -> None:
        for _ in range(3):
            await heard.event("SuccessfulAuth")
            manager.sessions[-1].hang_up()
            assert 1 == (await heard.state(State.DOWN)).attempt

    listen(AmiClient(config(pbx.port, secret_file), timings=QUICK._replace(lasting=0.0)), scenario)


@pytest.mark.parametrize(("restart", "said"), [(b"False", "has stopped"), (b"True", "starts anew")])
def test_a_shutdown_is_said_when_the_connection_ends(
    manager: Manager, pbx: Pbx, secret_file: Path, restart: bytes, said: str
) -> None:
    shutdown = b"Event: Shutdown\r\nPrivilege: system,all\r\nShutdown: Cleanly\r\nRestart: %s\r\n\r\n"

    async def scenario(heard: Heard) -> None:
        await heard.event("SuccessfulAuth")
        manager.publish(shutdown % restart)
        manager.sessions[-1].hang_up()
        assert said in (await heard.state(State.DOWN)).reason

    listen(AmiClient(config(pbx.port, secret_file), timings=NEVER_AGAIN), scenario)


def test_a_shutdown_that_a_peer_has_written_changes_nothing(
    manager: Manager, pbx: Pbx, secret_file: Path
) -> None:
    account = b"x\r\n\r\nEvent: Shutdown\r\nPrivilege: system,all\r\n"

    async def scenario(heard: Heard) -> None:
        await heard.event("SuccessfulAuth")
        manager.publish(event("InvalidAccountID", Words(service=b"SIP", account=account)) + b"\r\n\r\n")
        assert (await heard.event("InvalidAccountID")).tampered
        manager.sessions[-1].hang_up()
        assert "it hung up" == (await heard.state(State.DOWN)).reason

    listen(AmiClient(config(pbx.port, secret_file), timings=NEVER_AGAIN), scenario)


def test_an_event_that_the_end_has_cut_is_ambiguous(manager: Manager, pbx: Pbx, secret_file: Path) -> None:
    broken = event("InvalidAccountID", Words(account=b"x\r\n")).partition(b"SessionID")[0]

    async def scenario(heard: Heard) -> None:
        await heard.event("SuccessfulAuth")
        manager.publish(broken + b"\r\nSess")
        manager.sessions[-1].hang_up()
        batch = await heard.until(lambda item: isinstance(item, Batch))
        assert "breaks off" in batch.found[0].why
        assert "in the middle of a message" in (await heard.state(State.DOWN)).reason

    listen(AmiClient(config(pbx.port, secret_file), timings=NEVER_AGAIN), scenario)


def test_of_an_answer_without_bounds_only_so_much_is_kept(
    manager: Manager, pbx: Pbx, secret_file: Path
) -> None:
    item = b"X: " + b"x" * 131_000
    manager.answers[b"DBGetTree"] = listed(*[item] * (ANSWER_BYTES // len(item) + 20))
    manager.answers[b"SIPpeers"] = listed(*[b"X: x"] * (ANSWERS + 20))

    async def scenario(heard: Heard) -> None:
        await heard.event("SuccessfulAuth")
        for action, most in (("DBGetTree", ANSWER_BYTES // len(item)), ("SIPpeers", ANSWERS)):
            answers = await heard.client.ask(action, {})
            assert most - 5 < len(answers) <= most + 2
            assert answers[-1].last

    listen(AmiClient(config(pbx.port, secret_file), timings=QUICK), scenario)


def test_silence_after_the_log_in_is_noticed_by_a_ping(manager: Manager, pbx: Pbx, secret_file: Path) -> None:
    async def scenario(heard: Heard) -> None:
        await heard.event("SuccessfulAuth")
        manager.silent = True
        assert "no answer to a ping within 0.1 s" == (await heard.state(State.DOWN)).reason

    quick = NEVER_AGAIN._replace(ping=0.05, answer=0.1)
    listen(AmiClient(config(pbx.port, secret_file), timings=quick), scenario)


def test_nobody_answers_who_is_not_connected(secret_file: Path) -> None:
    client = AmiClient(config(1, secret_file))
    with pytest.raises(AskError, match="is down"):
        asyncio.run(client.ask("Ping", {}))


def test_the_first_reason_for_an_end_is_the_true_one() -> None:
    async def scenario() -> None:
        wire = Wire(Connection("amiguard", b"s3cr3t"), AmiEvents(), lambda *_: None)
        wire.received(b"SSH-2.0")
        wire.connection_lost(None)
        with pytest.raises(OverError, match="not an Asterisk"):
            await wire.reach(lambda: wire.logged_in, LONG)

    asyncio.run(scenario())


def test_the_reader_runs_between_two_items(secret_file: Path) -> None:
    """A judge with much to do must not keep it from reading."""

    async def scenario() -> None:
        client = AmiClient(config(1, secret_file))
        for attempt in (1, 2):
            client._say(State.DOWN, "", attempt)
        stream = aiter(client)
        await anext(stream)
        ran: list[bool] = []
        asyncio.get_running_loop().call_soon(ran.append, True)
        await anext(stream)
        assert ran

    asyncio.run(scenario())


def wait_for_the_end(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def say(*pieces: bytes) -> Callable[[socket.socket], None]:
    """A server that says this, and then waits for us to go."""

    def serve(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
        wait_for_the_end(connection)

    return serve


def endless(piece: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        connection.sendall(GREETING)
        while True:
            connection.sendall(piece)

    return serve


def drop(_connection: socket.socket) -> None:
    """Accept and drop."""


@pytest.mark.parametrize(
    ("serve", "state", "reason"),
    [
        (drop, State.AUTHLIMIT, "authlimit"),
        (say(), State.DOWN, "no log-in within 0.3 s"),
        (say(GREETING), State.DOWN, "no log-in within 0.3 s"),
        (say(GREETING[:-1]), State.DOWN, "no log-in within 0.3 s"),
        (say(GREETING, b"Response: Succ"), State.DOWN, "no log-in within 0.3 s"),
        (say(b"SSH-2.0-OpenSSH_9.6\r\n"), State.DOWN, "not an Asterisk Manager Interface"),
        (say(b"\x1b[2J"), State.DOWN, r"it begins with \x1b[2J"),
        (endless(b"x" * 4096), State.DOWN, "a message over 131072 bytes"),
        (endless(b"x: y\r\n" * 700), State.DOWN, "a message over 131072 bytes"),
        (say(b"Asterisk Call Manager/" + b"9" * 2000), State.DOWN, "a greeting over"),
    ],
)
def test_a_server_that_is_no_asterisk_is_left_with_a_reason(
    serve: Callable[[socket.socket], None], state: State, reason: str, secret_file: Path
) -> None:
    async def scenario(heard: Heard) -> None:
        assert reason in (await heard.state(state)).reason

    with Server(serve) as server:
        client = AmiClient(config(server.port, secret_file), timings=NEVER_AGAIN._replace(log_in=0.3))
        listen(client, scenario)


@pytest.mark.parametrize("serve", [drop, say(b"SSH-2.0-OpenSSH_9.6\r\n")])
def test_connections_without_number_leave_nothing_behind(
    serve: Callable[[socket.socket], None], secret_file: Path
) -> None:
    def held() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks())

    async def scenario(heard: Heard) -> None:
        await heard.until(lambda item: isinstance(item, Status) and item.attempt == 10)
        files, tasks = held()
        await heard.until(lambda item: isinstance(item, Status) and item.attempt == 300)
        assert (True, tasks) == (held()[0] <= files + 5, held()[1])

    with Server(serve) as server:
        listen(
            AmiClient(
                config(server.port, secret_file), timings=QUICK._replace(first_pause=0, longest_pause=0)
            ),
            scenario,
        )


def test_a_greeting_that_drips_has_the_same_deadline(secret_file: Path) -> None:
    dripping = threading.Event()

    def serve(connection: socket.socket) -> None:
        for byte in GREETING:
            connection.sendall(bytes((byte,)))
            dripping.wait(0.03)

    async def scenario(heard: Heard) -> None:
        assert "no log-in within 0.2 s" == (await heard.state(State.DOWN)).reason

    with Server(serve) as server:
        listen(
            AmiClient(config(server.port, secret_file), timings=NEVER_AGAIN._replace(log_in=0.2)), scenario
        )
    dripping.set()


def test_events_that_drip_are_read(manager: Manager, pbx: Pbx, secret_file: Path) -> None:
    text = event("InvalidAccountID") + b"\r\n\r\n"

    async def scenario(heard: Heard) -> None:
        await heard.event("SuccessfulAuth")
        for at in range(len(text)):
            await asyncio.to_thread(manager.publish, text[at : at + 1])
        assert b"101" == (await heard.event("InvalidAccountID")).account

    listen(AmiClient(config(pbx.port, secret_file), timings=QUICK), scenario)


def test_where_nobody_listens_the_attempts_grow_rarer(secret_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    async def scenario(heard: Heard) -> None:
        for attempt in range(1, 4):
            down = await heard.state(State.DOWN)
            assert ("refused" in down.reason, attempt) == (True, down.attempt)

    listen(AmiClient(config(port, secret_file), timings=QUICK), scenario)


@pytest.mark.parametrize(("chance", "expected"), [(0.0, [1, 1, 2, 4, 30, 30]), (1.0, [1, 2, 4, 8, 60, 60])])
def test_pauses_grow_from_1_to_60_seconds_and_are_spread(
    chance: float, expected: list[float], secret_file: Path
) -> None:
    client = AmiClient(config(1, secret_file), chance=lambda: chance)
    assert expected == [client._pause(State.DOWN, attempt) for attempt in (1, 2, 3, 4, 10, 10_000)]
    assert 300 == client._pause(State.REFUSED, 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_tls_is_verified_and_listened_through(
    manager: Manager, tmp_path: Path, secret_file: Path, host: str
) -> None:
    async def scenario(heard: Heard) -> None:
        found = await heard.event("SuccessfulAuth")
        assert heard.client.is_own(found)

    with Server(manager.serve, certificates.server(certificates.HERE, tmp_path)) as server:
        ami = config(server.port, secret_file, host=host, tls=True, tls_ca=str(tmp_path / "ca"))
        listen(AmiClient(ami, timings=QUICK), scenario)


@pytest.mark.parametrize(
    ("certificate", "ca", "reason"),
    [
        (certificates.ELSEWHERE, certificates.ELSEWHERE, "127.0.0.1"),
        (certificates.ELSEWHERE, certificates.HERE, "self-signed certificate"),
        (certificates.HERE, "", "cannot use tls_ca"),
        (certificates.HERE, None, "self-signed certificate"),
    ],
)
def test_a_certificate_that_proves_nothing_gets_no_log_in(
    manager: Manager, tmp_path: Path, secret_file: Path, certificate: str, ca: str | None, reason: str
) -> None:
    trusted = tmp_path / "trusted"
    trusted.write_text(ca or "")

    async def scenario(heard: Heard) -> None:
        assert reason in (await heard.state(State.DOWN)).reason

    with Server(manager.serve, certificates.server(certificate, tmp_path)) as server:
        ami = config(server.port, secret_file, tls=True, tls_ca="" if ca is None else str(trusted))
        listen(AmiClient(ami, timings=NEVER_AGAIN), scenario)
    assert [] == manager.sessions


def test_tls_to_a_server_without_it_says_so(pbx: Pbx, secret_file: Path) -> None:
    async def scenario(heard: Heard) -> None:
        assert (await heard.state(State.DOWN)).reason.startswith("no TLS: ")

    listen(AmiClient(config(pbx.port, secret_file, tls=True), timings=NEVER_AGAIN), scenario)


def test_plain_tcp_to_what_is_not_loopback_needs_a_word(
    manager: Manager, pbx: Pbx, secret_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when the name was loopback once."""
    monkeypatch.setattr(ami_client, "is_loopback", lambda _address: False)

    async def refused(heard: Heard) -> None:
        assert "127.0.0.1 is not loopback" in (await heard.state(State.DOWN)).reason

    async def accepted(heard: Heard) -> None:
        await heard.state(State.LISTENING)

    listen(AmiClient(config(pbx.port, secret_file), timings=NEVER_AGAIN), refused)
    listen(AmiClient(config(pbx.port, secret_file, insecure=True), timings=NEVER_AGAIN), accepted)


def test_loopback_is_what_never_leaves_the_host() -> None:
    assert all(map(ami_client.is_loopback, map(Prefix.parse, ("127.0.0.1", "127.255.0.1", "::1"))))
    assert not any(map(ami_client.is_loopback, map(Prefix.parse, ("10.0.0.1", "7f00::1", "::2", "fe80::1"))))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o700, 0o602])
def test_a_secret_that_others_may_read_is_refused(secret_file: Path, mode: int) -> None:
    secret_file.chmod(mode)
    with pytest.raises(SecretError, match=rf"ami\.secret has mode {mode:04o}.*chmod 600") as caught:
        read_secret(str(secret_file))
    assert "s3cr3t" not in str(caught.value)


def test_a_secret_is_one_line_of_a_private_file(secret_file: Path) -> None:
    for mode, text in ((0o600, b"s3cr3t"), (0o400, b"s3cr3t\n"), (0o600, b"s3cr3t\r\n")):
        secret_file.chmod(0o600)
        secret_file.write_bytes(text)
        secret_file.chmod(mode)
        assert b"s3cr3t" == read_secret(str(secret_file))
    secret_file.chmod(0o600)
    for text in (b"", b"\n", b"a\nb", b"a\0", b"a" * 1025):
        secret_file.write_bytes(text)
        with pytest.raises(SecretError, match="one line of 1 to 1024 bytes"):
            read_secret(str(secret_file))


def test_without_a_file_the_credential_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = str(tmp_path / "none")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(SecretError, match="none does not exist, and no systemd credential 'ami-secret'"):
        read_secret(missing)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(SecretError, match=r"cannot read .*/ami-secret"):
        read_secret(missing)
    (tmp_path / "ami-secret").write_bytes(b"by systemd\n")
    assert b"by systemd" == read_secret(missing)
    os.mkfifo(tmp_path / "fifo", 0o600)
    for strange in (tmp_path, tmp_path / "fifo"):
        with pytest.raises(SecretError, match=f"{strange} is not a plain file"):
            read_secret(str(strange))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(SecretError, match=f"cannot read {loop}: "):
        read_secret(str(loop))


def test_a_missing_secret_is_said_and_the_next_attempt_reads_again(pbx: Pbx, secret_file: Path) -> None:
    secret_file.rename(secret_file.with_suffix(".away"))

    async def scenario(heard: Heard) -> None:
        assert "does not exist" in (await heard.state(State.DOWN)).reason
        secret_file.with_suffix(".away").rename(secret_file)
        await heard.state(State.LISTENING)

    listen(AmiClient(config(pbx.port, secret_file), timings=QUICK), scenario)


def test_no_secret_is_ever_in_what_is_said(manager: Manager, pbx: Pbx, secret_file: Path) -> None:
    client = AmiClient(config(pbx.port, secret_file), timings=QUICK)

    async def scenario(heard: Heard) -> None:
        await heard.event("SuccessfulAuth")
        await asyncio.to_thread(log_in_wrongly, config(pbx.port, secret_file), "amiguard")
        await heard.event("InvalidPassword")

    said = repr(listen(client, scenario)) + repr(client) + repr(vars(client))
    key = hashlib.md5(CHALLENGE + b"s3cr3t").hexdigest()
    assert not [secret for secret in ("s3cr3t", key, "7ae61b4a7b71b21ab71cfba6702e3560") if secret in said]


def burst(number: int) -> bytes:
    """So many failures, each its own; every hundredth is a quiet attacker's."""
    texts = []
    for each in range(number):
        address = b"198.51.100.66" if each % 100 == 0 else b"203.0.113.7"
        words = Words(session=b"%x@flood" % each, remote=b"IPV4/UDP/%s/5061" % address)
        texts.append(event("ChallengeResponseFailed", words, Challenge=b"", Response=b"0" * 32))
    return b"".join(text + b"\r\n\r\n" for text in texts)


def test_twenty_thousand_events_a_second_for_two_seconds_are_all_heard(
    manager: Manager, pbx: Pbx, secret_file: Path
) -> None:
    """Asterisk throws a reader off that lets it wait for 100 ms; so does the fake one."""
    steps, each = 40, 1000
    piece = burst(each)

    def flood() -> None:
        began = time.monotonic()
        for step in range(1, steps + 1):
            manager.publish(piece)
            time.sleep(max(0.0, began + step * 0.05 - time.monotonic()))  # the rate is what is tested

    async def scenario(heard: Heard) -> None:
        await heard.event("SuccessfulAuth")
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(flood))
            count = 0
            while count < steps * each:
                batch = await heard.until(lambda item: not isinstance(item, Status))
                assert isinstance(batch, Batch)
                count += len(batch.found)
        assert State.LISTENING is heard.client.status.state

    found = events(listen(AmiClient(config(pbx.port, secret_file), timings=QUICK), scenario))
    quiet = [one for one in found if one.remote.address == Prefix.parse("198.51.100.66")]
    assert steps * each / 100 == len(quiet)


def test_what_finds_no_room_is_counted_by_address_and_nothing_else_is(
    manager: Manager, pbx: Pbx, secret_file: Path
) -> None:
    """A judge who takes nothing for a while: the connection lives, and every event is accounted for."""
    total = 20_000

    async def scenario(heard: Heard) -> None:
        await heard.event("SuccessfulAuth")
        await asyncio.to_thread(manager.publish, burst(total))
        assert await heard.client.ask("Ping", {})
        manager.publish(event("InvalidAccountID") + b"\r\n\r\n")
        await heard.event("InvalidAccountID")
        assert State.LISTENING is heard.client.status.state

    client = AmiClient(config(pbx.port, secret_file), timings=QUICK, room=1_048_576)
    items = listen(client, scenario)
    lost = [item for item in items if isinstance(item, Lost)]
    kept = [one for one in events(items) if one.kind == "ChallengeResponseFailed"]
    assert 0 < len(kept) < total
    assert total == len(kept) + sum(sum(each.by_address.values()) + each.others for each in lost)
    assert {written.Words().remote.split(b"/")[2].decode(), "198.51.100.66"} == {
        str(source) for each in lost for source in each.by_address
    }
