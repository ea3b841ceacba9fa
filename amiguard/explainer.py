"""Edge: brings together what guard, store and kernel know of one source, and of the accounts."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from amiguard import attacks, explanation
from amiguard.explanation import Effect
from amiguard.firewall.netlink import FirewallError
from amiguard.judge import dossier
from amiguard.judge.friends import DAY
from amiguard.store import Archive, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from amiguard.firewall.nftables import Firewall
    from amiguard.judge.dossier import Dossier
    from amiguard.judge.guard import Guard
    from amiguard.model import Ban, Prefix
    from amiguard.store import BanRow


def explained(
    guard: Guard,
    known: Dossier,
    firewall: Firewall | None,
    state: Path,
    unwritten: Sequence[BanRow] = (),
    *,
    served: bool = True,
) -> Iterator[str]:
    """The explanation, as one line of JSON; any thread may ask, for the kernel and the store take their time.

    Args:
        guard: who judges; nothing of it is changed.
        known: what it knows.
        firewall: asked for what the ban has dropped; None in a dry run.
        state: the store's directory.
        unwritten: its bans that are yet to be written there, oldest first.
        served: whether a service runs.
    """
    effect = _effect(firewall, known.ban) if firewall and known.ban else None
    history = _history(state, known.source, unwritten)
    near = dossier.neighbours(guard, known.source, known.at)
    yield json.dumps(explanation.explain(known, near, history, effect, guard.config, served=served))


def attacked(guard: Guard, now: float) -> Iterator[str]:
    """The accounts under attack within the day before `now`, as one line of JSON; any thread may ask."""
    yield json.dumps(attacks.told(guard, now, now - DAY, lambda source: guard.bans.get(source) is not None))


def _effect(firewall: Firewall, ban: Ban) -> Effect | None:
    """What the ban has done; None if the kernel does not hold it, or does not tell."""
    with contextlib.suppress(FirewallError):
        for seen in firewall.bans():
            if seen.source == ban.source and seen.scope == ban.scope:
                return Effect(seen.remaining, seen.packets, seen.bytes)
    return None


def _history(state: Path, source: Prefix, unwritten: Sequence[BanRow]) -> list[BanRow]:
    """Bans inside or around the source, newest first, with their evidence; none of a store that is lost."""
    written: list[BanRow] = []
    with contextlib.suppress(StoreError), Archive.open(state) as archive:
        written = list(archive.history(source, explanation.HISTORY, evidence=True))
    known = {row.ban.key for row in written}
    fresh = [row for row in reversed(unwritten) if row.ban.key not in known]
    return [*fresh, *written][: explanation.HISTORY]
