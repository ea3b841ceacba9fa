"""Edge: the part of `check` that logs in to the AMIs, as the service does."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from amiguard.asterisk.peers import QUESTIONS
from amiguard.cli.findings import Finding
from amiguard.sources.ami_client import AmiClient, AskError
from amiguard.sources.ami_inbox import Batch, State, Status
from amiguard.sources.ami_secret import SecretError, read_secret
from amiguard.sources.securitylog import Ambiguous

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from amiguard.config import Ami
    from amiguard.sources.ami_inbox import Item
    from amiguard.sources.amimessages import Answer

PATIENCE: Final = 5.0
"""Seconds for all AMIs together."""

_MENDS: Final = {
    State.REFUSED: "user, secret and permit of its section in manager.conf, then `manager reload`",
    State.DEAF: "read = security,system for it in manager.conf, then `manager reload`",
    State.AUTHLIMIT: "somebody holds connections open; see `manager show connected`, and authlimit",
    State.DOWN: "enabled = yes in manager.conf, then `manager reload`; host, port and tls in amiguard.toml",
}
_HEARD: Final = "logs in, and hears security events"
_MUTE: Final = "write = reporting for it in manager.conf, then `manager reload`"


def look(amis: Iterable[Ami]) -> list[Finding]:
    """How it stands with each, within `PATIENCE`."""
    return asyncio.run(_all(amis))


async def _all(amis: Iterable[Ami]) -> list[Finding]:
    return await asyncio.gather(*(_one(ami) for ami in amis))


async def _one(ami: Ami) -> Finding:
    client = AmiClient(ami)
    place = f"ami {client.name}"
    try:
        read_secret(ami.secret_file)
    except SecretError as error:
        return Finding("error", place, str(error), "a file of mode 0600 with the secret of the AMI user")
    try:
        async with running(client), asyncio.timeout(PATIENCE):
            return await _heard(client, place)
    except TimeoutError:
        text = f"does not let us hear anything within {PATIENCE:g} s"
        return Finding("error", place, text, _MENDS[State.DOWN])


@contextlib.asynccontextmanager
async def running(client: AmiClient) -> AsyncIterator[None]:
    """Have it run for so long."""
    task = asyncio.create_task(client.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _heard(client: AmiClient, place: str) -> Finding:
    listening = heard = False
    async for item in client:
        if isinstance(item, Status) and item.state in _MENDS:
            return Finding("error", place, item.reason, _MENDS[item.state])
        listening = listening or (isinstance(item, Status) and item.state is State.LISTENING)
        heard = heard or _tells_of_us(client, item)
        if listening and heard:  # which of them is first, nobody can tell
            return await _asked(client, place)
    raise AssertionError  # its items have no end


def _tells_of_us(client: AmiClient, item: Item) -> bool:
    """Whether this is our own log-in, which only a user with `read = security` hears of."""
    return isinstance(item, Batch) and any(
        not isinstance(each, Ambiguous) and each.kind == "SuccessfulAuth" and client.is_own(each)
        for each in item.found
    )


async def _asked(client: AmiClient, place: str) -> Finding:
    """What else the user may do: ask which phones are registered."""
    answers: Sequence[Answer] = ()
    with contextlib.suppress(AskError):
        answers = await client.ask("DBGetTree", QUESTIONS["DBGetTree"].headers)
    if answers and answers[0].get(b"Message") == b"Permission denied":
        text = f"{_HEARD}, but may not ask which phones and trunks there are"
        return Finding("warning", place, text, _MUTE, form="ami")
    return Finding("ok", place, _HEARD, form="ami")
