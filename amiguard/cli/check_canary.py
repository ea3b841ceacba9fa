"""Edge: the part of `check` that makes one failed log-in to the AMI, and waits for it on every channel."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import secrets
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from amiguard.cli.check_ami import running
from amiguard.cli.check_logs import paths
from amiguard.cli.findings import Finding
from amiguard.config import NOTICE, parse
from amiguard.config.keys import is_loopback
from amiguard.sources.ami_client import AmiClient
from amiguard.sources.ami_inbox import Batch, State, Status
from amiguard.sources.notice import NoticeLog
from amiguard.sources.securitylog import SecurityLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from amiguard.asterisk.discover import Installation
    from amiguard.config import Ami, Config
    from amiguard.logs import Logs
    from amiguard.sources.journal import Journal

PATIENCE: Final = 5.0
"""Seconds to wait for each of: that we listen, that we are refused, that all have told."""
_PAUSE: Final = 0.05
_MOST: Final = 1 << 20


class _Ear(Protocol):
    """A channel that should tell of it; `hears` ends when it has."""

    name: str
    mend: str

    async def hears(self, account: bytes) -> None: ...


class _LogEar:
    """What a log tells from now on; `news` gives the whole lines that nobody has had yet."""

    def __init__(self, name: str, news: Callable[[], bytes], line: str, *, notices: bool) -> None:
        self.name, self.mend = name, f"{line} in logger.conf, then `logger reload`"
        self._news = news
        self._reader = NoticeLog() if notices else SecurityLog()

    async def hears(self, account: bytes) -> None:
        while True:
            if any(_is_of(each, account) for each in self._reader.feed(self._news(), time.time())):
                return
            await asyncio.sleep(_PAUSE)


class _File:
    """What is written into a file from now on."""

    def __init__(self, path: str) -> None:
        self._file = Path(path)
        self._position = self._file.stat().st_size if self._file.exists() else 0

    def news(self) -> bytes:
        """Whole lines that have not been read yet."""
        with contextlib.suppress(FileNotFoundError), self._file.open("rb") as file:
            file.seek(self._position)
            lines = file.read(_MOST)
            lines = lines[: lines.rfind(b"\n") + 1]
            self._position += len(lines)
            return lines
        return b""


class _AmiEar:
    """What an AMI tells us who listen already."""

    mend = "read = security,system for its user in manager.conf, then `manager reload`"

    def __init__(self, client: AmiClient) -> None:
        self.name = f"ami {client.name}"
        self._client = client

    async def hears(self, account: bytes) -> None:
        async for item in self._client:
            if isinstance(item, Batch) and any(_is_of(each, account) for each in item.found):
                return


def look(config: Config, installation: Installation, logs: Logs) -> list[Finding]:
    """Who tells of a failed log-in to this host's AMI."""
    nearest = [ami for ami in config.ami if is_loopback(ami.host)]
    manager = installation.manager
    if not nearest and not (manager and manager.enabled):
        mend = "enabled = yes in manager.conf, then `manager reload`"
        return [Finding("error", "canary", "there is no AMI on this host to fail at", mend)]
    if not nearest and manager:
        return asyncio.run(_canary(parse(f"[[ami]]\nport = {manager.port}", "").ami[0], logs, listen=False))
    return asyncio.run(_canary(nearest[0], logs, listen=True))


async def _canary(ami: Ami, logs: Logs, *, listen: bool) -> list[Finding]:
    ears: list[_Ear] = list(_log_ears(logs))
    async with contextlib.AsyncExitStack() as stack:
        if listen:
            client = AmiClient(ami)
            await stack.enter_async_context(running(client))
            await _stands(client, State.LISTENING)
            ears.append(_AmiEar(client))
        return await _told(ami, ears)


def _log_ears(logs: Logs) -> Iterator[_LogEar]:
    """All logs and journals that Asterisk's own filters read."""
    for path in paths(logs):
        if not (logs.entry(path).foreign or logs.refusal(path)):
            notices = logs.filter(path) == NOTICE
            line = "notice => notice" if notices else "security.json => [json]security"
            yield _LogEar(path, _File(path).news, line, notices=notices)
    for name, log in logs.journals.items():
        if not log.foreign:
            notices = log.filter == NOTICE
            line = f"syslog.local0 => {'notice' if notices else 'security'}"
            yield _LogEar(name, _journal_news(logs.journal(name)), line, notices=notices)


def _journal_news(journal: Journal) -> Callable[[], bytes]:
    """What gives the lines that come into a journal from now on."""
    while journal.read():
        pass

    def news() -> bytes:
        chunk = journal.read()
        return chunk.data if chunk else b""

    return news


async def _told(ami: Ami, ears: Sequence[_Ear]) -> list[Finding]:
    """Fail, and see who tells of it in time."""
    account = f"canary-{secrets.token_hex(8)}"
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(ear.hears(account.encode())) for ear in ears]
        trouble = await _fail(ami, account)
        if waiting:
            await asyncio.wait(waiting, timeout=0 if trouble else PATIENCE)
        for task in waiting:
            task.cancel()
    if trouble:
        return [Finding("error", "canary", trouble, "`amiguard check` says how it stands with the AMI")]
    return [_finding(ear, told=not task.cancelled()) for ear, task in zip(ears, waiting, strict=True)]


def _finding(ear: _Ear, *, told: bool) -> Finding:
    place = f"canary: {ear.name}"
    if told:
        return Finding("ok", place, "told of a failed log-in to the AMI")
    return Finding("error", place, f"told nothing of a failed log-in to the AMI in {PATIENCE:g} s", ear.mend)


async def _fail(ami: Ami, account: str) -> str:
    """Log in as nobody; why that could not be, or nothing."""
    with tempfile.NamedTemporaryFile() as secret:
        secret.write(b"none")
        secret.flush()
        client = AmiClient(dataclasses.replace(ami, username=account, secret_file=secret.name))
        async with running(client):
            status = await _stands(client, State.REFUSED)
    return "" if status.state is State.REFUSED else f"could not even fail to log in: {status.reason}"


async def _stands(client: AmiClient, wanted: State) -> Status:
    """How it stands when it is as wanted, or cannot become so."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            async for item in client:
                if isinstance(item, Status) and item.state in {wanted, State.DOWN, State.AUTHLIMIT}:
                    break
    return client.status


def _is_of(told: Any, account: bytes) -> bool:
    """Whether an event or a notice is about this account."""
    return getattr(told, "account", None) == account
