"""Edge: one life of the service between two configurations: who is built of what, and which tasks run.

A reload ends a session and begins the next from the store, which is the same
as a restart, but that clients and systemd hardly notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard import host, ledger, systemd
from amiguard.asking import ControlError
from amiguard.control import serving
from amiguard.desk import Desk
from amiguard.ears import Ears
from amiguard.firewall.netlink import FirewallError
from amiguard.firewall.nftables import firewall_of
from amiguard.hearing import Hearing
from amiguard.judge.guard import Guard
from amiguard.ledger import Ledger
from amiguard.mender import Mender
from amiguard.metrics.exporter import Exporter, MetricsError
from amiguard.metrics.office import Office
from amiguard.metrics.tally import TallyingGuard
from amiguard.notify.messenger import Messenger, NotifyError
from amiguard.notify.reporter import Reporter
from amiguard.scribe import Scribe
from amiguard.sources.pace import until_beat
from amiguard.sources.position import BLOCK, Position
from amiguard.store import Store, StoreError
from amiguard.views import printable
from amiguard.wants import stranger
from amiguard.warden import ALLOWED, Warden

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Iterator, Mapping

    from amiguard.config import Config
    from amiguard.control import Door, Reply
    from amiguard.firewall.nftables import Firewall
    from amiguard.model import Ban
    from amiguard.store import Claim, Memory

_log = logging.getLogger("amiguard")

TICK: Final = 1.0
"""Seconds between two looks at the firewall's generation, the clock and the store."""
_YOUNG: Final = 20_000
_KEPT: Final = 2 * BLOCK
"""Bytes: what was read of a log, and the lines of it, stand beside each other."""
_JUMP: Final = 1.5
"""Seconds by which wall clock and monotonic clock may part within a tick before the clock counts as set."""


class StartError(Exception):
    """The service cannot run; the text says why, in one line."""


class StartAgain(Exception):  # noqa: N818 - nothing is wrong any more
    """What the store held could not be used and is set aside: a new session begins without it."""


class Tellers(NamedTuple):
    """Who tells others of what we do, as far as anybody wants to know."""

    messenger: Messenger
    exporter: Exporter

    def tasks(self, office: Office | None) -> Iterator[Coroutine[Any, Any, None]]:
        """What must run; the office makes the figures."""
        yield from self.messenger.tasks()
        if office:
            yield from self.exporter.tasks(office.page)


class Session:
    """One configuration at work."""

    def __init__(
        self, config: Config, store: Store, firewall: Firewall | None, door: Door, tellers: Tellers
    ) -> None:
        self._config = config
        self._door = door
        self._store = store
        self._firewall = firewall
        guard = TallyingGuard(config) if tellers.exporter.wanted else None
        self._guard = guard or Guard(config)
        self._ledger = Ledger(self._guard)
        wanted = config.notify.events if tellers.messenger.busy else ()
        reporter = Reporter(self._guard, wanted, tellers.messenger.tell)
        self._warden = Warden(self._guard, self._ledger, firewall, reporter)
        self._hearing = Hearing(time.time())
        self._desk = Desk(config, self._warden, self._hearing)
        self._wake = asyncio.Event()
        self._adopted = False
        self._scribe = Scribe(store, self._ledger, config.ban.forget_after)
        self._mender = Mender(self._warden, firewall) if firewall else None
        self._ears = Ears(config, self._guard, self._warden, self._hearing, self._wake)
        self._tellers = tellers
        self._office = Office(guard, self._warden, self._hearing) if guard else None

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Live until `stop`; then everything is in the store, and the bans stay in the kernel.

        Raises:
            StartError: the socket cannot be had, or no store can be begun.
            StartAgain: the store held what cannot be read, and is empty now.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._scribe.close)
            listener = self._claim()
            stack.callback(listener.close)
            with _nothing_to_collect():
                positions = self._remember()
            self._warn()
            self._warden.at_home(await _look())
            self._warden.declare()
            _settle_memory()
            stack.push_async_callback(self._commit, whole=True)
            await stack.enter_async_context(serving(listener, self._answer))
            await self._work(positions, stop, ready)

    def _claim(self) -> socket.socket:
        path = self._config.service.socket
        try:
            return self._door.at(path)
        except (ControlError, OSError) as error:
            raise StartError(f"cannot serve {path}: {error}") from error

    def _warn(self) -> None:
        for warning in (*self._store.warnings, *self._ears.warnings):
            _log.warning("%s", printable(warning))

    def _answer(self, request: Mapping[str, Any]) -> Reply:
        """Answer; what an operator has changed is written at once."""
        reply = self._desk.answer(request)
        if self._ledger.crowded:
            self._wake.set()
        return reply

    async def _work(
        self, positions: dict[str, Position], stop: asyncio.Event, ready: Callable[[], None]
    ) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [
                *(group.create_task(task) for task in self._ears.tasks(positions)),
                *(group.create_task(task) for task in self._tellers.tasks(self._office)),
                group.create_task(self._keep(), name="keep"),
                group.create_task(host.watch(self._warden.at_home), name="host"),
                group.create_task(self._scribe.prune(), name="prune"),
            ]
            if self._mender:
                tasks.append(group.create_task(self._mender.run(), name="mend"))
            await self._ears.begun()
            ready()
            await stop.wait()
            for task in tasks:
                task.cancel()

    def _remember(self) -> dict[str, Position]:
        """Give the guard its memory back; the places in the logs are returned."""
        now = time.time()
        memory = self._load(now)
        self._ledger.stored(memory)
        self._warden.allows = set(memory.allows)
        self._guard.shield.protect(ALLOWED, memory.allows)
        return {row.path: Position(row.device, row.inode, row.offset, row.head) for row in memory.positions}

    def _load(self, now: float) -> Memory:
        horizon = now - self._config.ban.forget_after
        try:
            memory = self._store.load()
            ledger.restore(self._guard, memory)
            self._guard.bans.restore(self._store.running(now), self._store.strikes(horizon))
        except (StoreError, ValueError, TypeError, struct.error) as error:
            _log.error("what the store holds cannot be used: %s", printable(str(error)))
            self._begin_anew()
            raise StartAgain from error
        return memory

    def _begin_anew(self) -> None:
        try:
            self._store.begin_anew()
        except StoreError as error:
            raise StartError(str(error)) from error

    async def _adopt(self) -> None:
        """Take over the bans that stand in the kernel and nobody remembers: the store was lost.

        Not before the logs are read to their end, for most that came just before
        a crash are judged again then, as what they are.
        """
        if self._adopted or not self._hearing.caught_up:
            return
        self._adopted = True
        for ban in await asyncio.to_thread(self._strangers, time.time()):
            if self._guard.bans.get(ban.source) is None:
                self._warden.adopt(ban)

    def _strangers(self, now: float) -> list[Ban]:
        """Bans in the kernel that the guard does not know; runs in a thread, for the kernel may hold many."""
        if self._firewall is None:
            return []
        known = self._guard.bans
        try:
            seen = [one for one in self._firewall.bans() if known.get(one.source) is None]
        except FirewallError:
            return []  # that it does not obey is said by the warden
        return [stranger(one.source, one.scope, one.remaining, now) for one in seen]

    async def _keep(self) -> None:
        """Each second, and when much has changed: the clock, the firewall, the store."""
        offset = time.time() - time.monotonic()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(until_beat(time.monotonic(), TICK)):
                    await self._wake.wait()
            self._wake.clear()
            drift = time.time() - time.monotonic() - offset
            offset += drift
            if abs(drift) > _JUMP:
                self._warden.clock_moved(drift)
            self._warden.tick(time.time())
            self._ears.roll_call()
            await self._adopt()
            if self._mender:
                self._mender.look()
            await self._commit()
            systemd.notify(WATCHDOG=1)

    async def _commit(self, *, whole: bool = False) -> None:
        """Write what has changed, unless a record is half read: from there nobody could go on."""
        if self._hearing.settled(time.time()):
            await self._scribe.commit(whole=whole)


async def _look() -> host.Host:
    try:
        return await host.look()
    except OSError as error:
        raise StartError(f"cannot learn who we are on this network: {error}") from error


@contextlib.contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """What is loaded now is there to stay: the garbage collector need never look at it, and later seldom.

    Nearly all that is made then is a tuple that dies young, or one that stays; there are hardly cycles.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_YOUNG, 20, 50)
        gc.enable()


def _settle_memory() -> None:
    """Let the garbage collector begin behind what the start has made.

    Not before: pyroute2 makes a class for each attribute that it encodes, a megabyte in all.
    """
    gc.collect()
    gc.freeze()
    bytes(_KEPT)  # freed at once, which tells glibc to keep so much: else each chunk's pages are taken anew


@contextlib.contextmanager
def opened(config: Config, door: Door, claim: Claim) -> Iterator[Session]:
    """Open store and firewall for a session, which is asked at the door; the claim to the store is taken.

    Raises:
        StartError: one of them cannot be had.
    """
    with contextlib.ExitStack() as stack:
        try:
            firewall = None if config.service.dry_run else stack.enter_context(firewall_of(config))
            store = stack.enter_context(_store(Path(config.service.state_dir), claim))
            messenger = Messenger(config.notify)
            exporter = stack.enter_context(contextlib.closing(Exporter(config.metrics)))
        except (FirewallError, StoreError, NotifyError, MetricsError) as error:
            raise StartError(str(error)) from error
        yield Session(config, store, firewall, door, Tellers(messenger, exporter))


def _store(directory: Path, claim: Claim) -> Store:
    """The store; while the disk is full or read-only, one in memory: that is no reason to stand no guard.

    Raises:
        StoreError: it cannot be had, and never will be.
    """
    try:
        return Store.open(directory, claim)
    except StoreError as error:
        if not error.passing:
            raise
        _log.error("nothing is remembered until this passes: %s", error)
        return Store.borrowed(directory, claim)
