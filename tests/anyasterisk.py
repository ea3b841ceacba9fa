"""Edge: what the AMI client must do with any Asterisk, and how tests listen with it."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

from amiguard.config import Ami
from amiguard.model import Prefix, SecurityEvent
from amiguard.sources.ami_client import AmiClient, AskError, Timings
from amiguard.sources.ami_inbox import Batch, Item, State, Status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from fakeasterisk import Pbx

LONG = 20.0
"""Seconds after which a test has failed."""
QUICK = Timings(log_in=LONG, self_test=LONG, ping=LONG, answer=LONG, first_pause=0.01, longest_pause=0.02)
NEVER_AGAIN = QUICK._replace(first_pause=LONG, longest_pause=LONG)


class Heard:
    """A client at work, and what it has brought so far."""

    def __init__(self, client: AmiClient) -> None:
        self.client = client
        self.items: list[Item] = []
        self._stream = aiter(client)

    async def until(self, wanted: Callable[[Item], object]) -> Any:
        """The next item that is wanted."""
        async with asyncio.timeout(LONG):
            async for item in self._stream:
                self.items.append(item)
                if wanted(item):
                    return item
        raise AssertionError("the stream has ended")

    async def state(self, *states: State) -> Status:
        found: Status = await self.until(lambda item: isinstance(item, Status) and item.state in states)
        return found

    async def event(self, kind: str) -> SecurityEvent:
        """The next event of that kind; others of its batch count as taken."""
        batch = await self.until(
            lambda item: isinstance(item, Batch) and any(each.kind == kind for each in events([item]))
        )
        return next(each for each in events([batch]) if each.kind == kind)


def events(items: list[Item]) -> list[SecurityEvent]:
    batches = [item for item in items if isinstance(item, Batch)]
    return [each for batch in batches for each in batch.found if isinstance(each, SecurityEvent)]


def listen(client: AmiClient, scenario: Callable[[Heard], Awaitable[None]]) -> list[Item]:
    """Run the client beside a scenario; gives all that the scenario took."""

    async def both() -> list[Item]:
        heard = Heard(client)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(client.run())
            await scenario(heard)
            task.cancel()
        return heard.items

    return asyncio.run(both())


def config(port: int, secret_file: Path, **changes: Any) -> Ami:
    values = {"host": "127.0.0.1", "username": "amiguard", "tls": False, "tls_ca": "", "insecure": False}
    return Ami(port=port, secret_file=str(secret_file), **(values | changes))


class AnyAsterisk:
    """What holds for every Asterisk that the fixture `pbx` can reach."""

    @pytest.fixture
    def ami(self, pbx: Pbx, secret_file: Path) -> Ami:
        secret_file.write_text(pbx.secret)
        return config(pbx.port, secret_file, host=pbx.host, username=pbx.user)

    def test_it_hears_its_own_log_in(self, ami: Ami) -> None:
        async def scenario(heard: Heard) -> None:
            # Asterisk may raise the event before or after it answers.
            await heard.until(lambda _: events(heard.items) and Status(State.LISTENING, "", 1) in heard.items)
            found = events(heard.items)[0]
            assert "SuccessfulAuth" == found.kind
            assert (b"AMI", ami.username.encode()) == (found.service, found.account)
            assert heard.client.is_own(found)

        items = listen(AmiClient(ami, timings=QUICK), scenario)
        assert Status(State.CONNECTING, "", 1) == items[0]

    def test_it_hears_what_others_try(self, ami: Ami) -> None:
        async def scenario(heard: Heard) -> None:
            await heard.state(State.LISTENING)
            port = await asyncio.to_thread(log_in_wrongly, ami, ami.username)
            failed = await heard.event("InvalidPassword")
            assert (Prefix.parse(ami.host), port) == (failed.remote.address, failed.remote.port)
            assert not heard.client.is_own(failed)
            await asyncio.to_thread(log_in_wrongly, ami, "nobody\x1b")
            assert (b"nobody\x1b", True) == (await heard.event("InvalidAccountID"))[3:9:5]

        listen(AmiClient(ami, timings=QUICK), scenario)

    def test_a_wrong_secret_is_refused_and_not_tried_again_soon(self, ami: Ami, secret_file: Path) -> None:
        secret_file.write_text("wrong")

        async def scenario(heard: Heard) -> None:
            refused = await heard.state(State.REFUSED)
            assert "Authentication failed" in refused.reason
            assert 1 == refused.attempt

        listen(AmiClient(ami, timings=QUICK._replace(refused=LONG)), scenario)

    def test_our_own_failed_log_in_is_known_as_ours(self, pbx: Pbx, ami: Ami, tmp_path: Path) -> None:
        wrong = tmp_path / "wrong"
        wrong.write_text("wrong")
        wrong.chmod(0o400)
        failing = AmiClient(config(pbx.port, wrong, host=pbx.host, username=pbx.user), timings=NEVER_AGAIN)

        async def scenario(heard: Heard) -> None:
            await heard.state(State.LISTENING)
            async with asyncio.TaskGroup() as group:
                task = group.create_task(failing.run())
                failed = await heard.event("ChallengeResponseFailed")
                assert failing.is_own(failed)
                assert not heard.client.is_own(failed)
                task.cancel()

        listen(AmiClient(ami, timings=QUICK), scenario)

    def test_a_user_without_the_security_class_is_told_so(self, pbx: Pbx, secret_file: Path) -> None:
        secret_file.write_text(pbx.deaf_secret)
        deaf = config(pbx.port, secret_file, host=pbx.host, username=pbx.deaf_user)

        async def scenario(heard: Heard) -> None:
            assert "lacks read = security" in (await heard.state(State.DEAF)).reason

        listen(AmiClient(deaf, timings=QUICK._replace(self_test=0.2)), scenario)

    def test_it_stays_while_pings_are_answered(self, ami: Ami) -> None:
        async def scenario(heard: Heard) -> None:
            await heard.state(State.LISTENING)
            for _ in range(20):
                assert await heard.client.ask("Ping", {})
            assert State.LISTENING is heard.client.status.state

        items = listen(AmiClient(ami, timings=QUICK._replace(ping=0.001)), scenario)
        assert not [item for item in items if isinstance(item, Status) and item.state is State.DOWN]

    def test_a_list_comes_whole(self, ami: Ami) -> None:
        async def scenario(heard: Heard) -> None:
            await heard.state(State.LISTENING)
            answers = await heard.client.ask("DBGetTree", {"Family": "registrar/contact"})
            assert b"start" == answers[0].get(b"EventList")
            assert answers[-1].last
            with pytest.raises(AskError, match="cannot be sent"):
                await heard.client.ask("DBGetTree", {"Family": "a\r\nKey: b"})

        listen(AmiClient(ami, timings=QUICK), scenario)


def log_in_wrongly(ami: Ami, user: str) -> int:
    """Log in with a wrong secret; gives our port."""
    action = f"Action: Login\r\nActionID: 1\r\nUsername: {user}\r\nSecret: wrong\r\n\r\n"
    with socket.create_connection((ami.host, ami.port), LONG) as connection:
        connection.sendall(action.encode())
        while connection.recv(4096):
            pass
        port: int = connection.getsockname()[1]
        return port
