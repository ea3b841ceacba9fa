"""Edge: rows from the service; when it is down, for root, straight from kernel and store."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amiguard.asking import ControlError, asking
from amiguard.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from amiguard.config import Config
    from amiguard.firewall.nftables import Firewall
    from amiguard.judge.guard import Guard
    from amiguard.model import Ban, Prefix


@contextlib.contextmanager
def rows(config: Config, command: str, **arguments: Any) -> Iterator[Iterator[str]]:
    """The rows that answer a command.

    Raises:
        ControlError: the service refuses, or does not answer and we are not root.
    """
    with contextlib.ExitStack() as stack:
        try:
            _, found = stack.enter_context(asking(config.service.socket, command, **arguments))
        except ControlError as error:
            if error.code != Exit.SILENT or os.geteuid() != 0:
                raise
            found = stack.enter_context(_without_service(config, command, arguments))
        yield found


@contextlib.contextmanager
def _without_service(config: Config, command: str, arguments: dict[str, Any]) -> Iterator[Iterator[str]]:
    from amiguard.firewall.netlink import FirewallError  # noqa: PLC0415 - the service is seldom down
    from amiguard.store import StoreError  # noqa: PLC0415

    act: dict[str, Callable[[Config, dict[str, Any]], Iterator[str]]] = {
        "list": _list,
        "unban": _unban,
        "history": _history,
        "explain": _explain,
        "accounts": _accounts,
    }
    try:
        yield act[command](config, arguments)
    except (FirewallError, StoreError, OSError) as error:
        raise ControlError(
            f"no service answers on {config.service.socket}, and {error}", Exit.SILENT
        ) from error


def _list(config: Config, _: dict[str, Any]) -> Iterator[str]:
    from amiguard import views  # noqa: PLC0415
    from amiguard.wants import stranger  # noqa: PLC0415

    now = time.time()
    known = _remembered(config, now)
    with _firewall(config) as firewall:
        for seen in firewall.bans():
            ban = known.get(seen.source) or stranger(seen.source, seen.scope, seen.remaining, now)
            yield views.running_line(ban, seen.remaining, seen.packets, seen.bytes)


def _unban(config: Config, arguments: dict[str, Any]) -> Iterator[str]:
    """Lift in the kernel, and record it, so that the next start does not bring the bans back."""
    from amiguard import views  # noqa: PLC0415
    from amiguard.store import Claim, Ending, Snapshot, Store  # noqa: PLC0415
    from amiguard.wants import means, read_source, selective, stranger  # noqa: PLC0415

    now = time.time()
    wanted = [read_source(text, config) for text in arguments["addresses"]]
    known = _remembered(config, now)
    with (
        _firewall(config) as firewall,
        contextlib.closing(Claim()) as claim,
        Store.open(Path(config.service.state_dir), claim) as store,
    ):
        standing = [(seen.source, seen.scope, seen.remaining) for seen in firewall.bans()]
        bans = {source: stranger(source, scope, left, now) for source, scope, left in standing} | known
        meant = [ban for ban in bans.values() if means(arguments, ban)]
        lifted = [ban for ban in meant if arguments["all"] or _touched(ban.source, wanted)]
        firewall.lift([(ban.source, ban.scope) for ban in lifted])
        pardoned = [] if selective(arguments) else [ban.source for ban in lifted]
        store.commit(Snapshot(ended=[Ending.of(ban, now, "unbanned") for ban in lifted], pardoned=pardoned))
    if not lifted and not arguments["all"]:
        raise ControlError("no ban holds any of these addresses", Exit.NOTHING)
    yield from (json.dumps(views.ban(ban)) for ban in lifted)


def _history(config: Config, arguments: dict[str, Any]) -> Iterator[str]:
    from amiguard.store import Archive  # noqa: PLC0415
    from amiguard.wants import past, read_source  # noqa: PLC0415

    source = read_source(arguments["address"], config) if arguments["address"] else None
    return past(Archive.open(Path(config.service.state_dir)), source, arguments["limit"])


def _explain(config: Config, arguments: dict[str, Any]) -> Iterator[str]:
    """From what was remembered last: known peers and broken phones only a service learns."""
    from amiguard.explainer import explained  # noqa: PLC0415
    from amiguard.judge.dossier import look  # noqa: PLC0415
    from amiguard.wants import read_prefix  # noqa: PLC0415

    guard, state = _guard(config), Path(config.service.state_dir)
    known = look(guard, read_prefix(arguments["address"]), time.time())
    with _firewall(config) as firewall:
        yield from explained(guard, known, firewall, state, served=False)


def _accounts(config: Config, _: dict[str, Any]) -> Iterator[str]:
    from amiguard.explainer import attacked  # noqa: PLC0415

    return attacked(_guard(config), time.time())


def _guard(config: Config) -> Guard:
    """The guard as the service left it, its own addresses among what it protects.

    Raises:
        StoreError: the store cannot be read.
        OSError: the kernel does not tell who we are.
    """
    import asyncio  # noqa: PLC0415 - takes longer than all of the rest

    from amiguard import host, ledger, warden  # noqa: PLC0415
    from amiguard.judge.guard import Guard  # noqa: PLC0415
    from amiguard.store import Archive, StoreError  # noqa: PLC0415

    guard = Guard(config)
    with Archive.open(Path(config.service.state_dir)) as archive:
        memory = archive.load()
        try:
            ledger.restore(guard, memory)
        except (ValueError, struct.error) as error:
            raise StoreError(f"the store cannot be read: {error}") from error
        guard.bans.restore(archive.running(time.time()), ())
    guard.shield.protect(warden.ALLOWED, memory.allows)
    warden.at_home(guard.shield, asyncio.run(host.look()))
    return guard


def _firewall(config: Config) -> Firewall:
    from amiguard.firewall.nftables import firewall_of  # noqa: PLC0415

    return firewall_of(config)


def _remembered(config: Config, now: float) -> dict[Prefix, Ban]:
    from amiguard.store import Archive, StoreError  # noqa: PLC0415

    with contextlib.suppress(StoreError), Archive.open(Path(config.service.state_dir)) as archive:
        return {ban.source: ban for ban in archive.running(now)}
    return {}


def _touched(source: Prefix, wanted: list[Prefix]) -> bool:
    return any(source.overlaps(prefix) for prefix in wanted)
