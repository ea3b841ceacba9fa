"""Edge: asks, again and again, which trunks and phones belong to the PBX, by files, AMIs and names."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, NoReturn

from amiguard.asterisk.files import Files
from amiguard.asterisk.peers import FILES, QUESTIONS, Named, configured, told
from amiguard.model import Peer
from amiguard.names import Names
from amiguard.views import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from amiguard.asterisk.peers import Lead
    from amiguard.sources.ami_client import AmiClient
    from amiguard.sources.amimessages import Answer

_log = logging.getLogger("amiguard")

MOST: Final = 10_000
"""Peers that are known at once; what an administrator wrote comes first."""
PAUSE: Final = 300.0
"""Seconds from one round to the next, unless an AMI has connected."""
_SAID: Final = 64
_DENIED: Final = b"Permission denied"
_MUTE: Final = "its user may not ask for trunks and phones; add write = reporting to it in manager.conf"


class PeerWatch:
    """Knows what each AMI, each file and each name said last; `run` is a task that never ends."""

    def __init__(
        self,
        directory: str,
        tell: Callable[[Sequence[Peer]], None],
        *,
        names: Names | None = None,
        pause: float = PAUSE,
    ) -> None:
        """Begin; nothing is asked yet.

        Args:
            directory: of Asterisk's configuration.
            tell: is given all peers when they have changed, in the loop's own thread.
            names: who resolves names.
            pause: seconds from one round to the next.
        """
        self._directory = directory
        self._tell = tell
        self._names = names or Names()
        self._pause = pause
        self._clients: list[AmiClient] = []
        self._bell = asyncio.Event()
        self._leads: dict[str, tuple[Lead, ...]] = dict.fromkeys(FILES, ())
        self._told: tuple[Peer, ...] | None = None
        self._said: set[str] = set()
        self._denied: set[tuple[str, str]] = set()

    def listen(self, client: AmiClient) -> None:
        """Ask this AMI as well."""
        self._clients.append(client)

    def ring(self) -> None:
        """An AMI has connected: ask now, and anew what was refused before."""
        self._denied.clear()
        self._bell.set()

    async def run(self) -> NoReturn:
        """Ask at once, when it rings, and every five minutes; what comes soon is told before what is slow."""
        while True:
            self._bell.clear()
            await self._read()
            await self._share()
            for client in self._clients:
                await self._ask(client)
            await self._share()
            await self._look_up()
            await self._share()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause):
                    await self._bell.wait()

    async def _read(self) -> None:
        """The files, in a thread, for there may be megabytes; one that is in trouble has told before."""
        files = Files(self._directory)
        for name in FILES:
            troubles = len(files.reasons)
            leads = await asyncio.to_thread(_written, files, name)
            if leads or len(files.reasons) == troubles:
                self._leads[name] = leads
        for reason in files.reasons:
            self._say(f"known peers: {reason}")

    async def _ask(self, client: AmiClient) -> None:
        """What an AMI does not tell now it has told before; what it may not tell is said once.

        And asked once a connection, for Asterisk writes an event of severity Error for each.
        """
        from amiguard.sources.ami_client import AskError  # noqa: PLC0415 - who has no AMI need not load it

        for action, question in QUESTIONS.items():
            if (client.name, action) in self._denied:
                continue
            try:
                answers = await client.ask(action, question.headers)
            except AskError:
                continue
            if answers[0].success:
                leads = await asyncio.to_thread(_heard, action, answers, time.time())
                self._leads[f"{client.name} {action}"] = leads
            else:
                self._refused(client.name, action, answers[0].get(b"Message") or b"refused")

    async def _look_up(self) -> None:
        leads = chain.from_iterable(self._leads.values())
        names = [lead.name for lead in leads if isinstance(lead, Named)]
        await self._names.look_up(names, lambda text: self._say(f"known peer {text}"))

    async def _share(self) -> None:
        """Tell who is known, if that has changed."""
        peers = await asyncio.to_thread(self._collect)
        if peers != self._told:
            self._told = peers
            self._tell(peers)

    def _collect(self) -> tuple[Peer, ...]:
        leads = chain.from_iterable(self._leads.values())
        found = dict.fromkeys(peer for lead in leads for peer in self._peers(lead))
        return tuple(islice(found, MOST))

    def _peers(self, lead: Lead) -> Iterator[Peer]:
        if isinstance(lead, Peer):
            yield lead
            return
        for address in self._names.get(lead.name):
            yield Peer(address, lead.port, f"{lead.origin}, {lead.name}")

    def _refused(self, name: str, action: str, message: bytes) -> None:
        """An action that an Asterisk does not have is no matter: it lacks the channel driver as well."""
        self._denied.add((name, action))
        if message == _DENIED:
            self._say(f"ami {name}: {_MUTE}")
        else:
            self._say(f"ami {name}: {action}: {printable(message)}", logging.INFO)

    def _say(self, text: str, level: int = logging.WARNING) -> None:
        """Say it once."""
        if text not in self._said and len(self._said) < _SAID:
            self._said.add(text)
            _log.log(level, "%s", printable(text))


def _written(files: Files, name: str) -> tuple[Lead, ...]:
    conf = files.conf(name)
    return tuple(islice(configured(name, conf), MOST)) if conf else ()


def _heard(action: str, answers: Sequence[Answer], now: float) -> tuple[Lead, ...]:
    return tuple(islice(told(action, answers, now), MOST))
