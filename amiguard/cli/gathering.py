"""Edge: gathers for a report what store, kernel and service know."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import struct
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from amiguard import ledger
from amiguard.asking import ControlError, asking
from amiguard.cli import offline
from amiguard.exits import Exit
from amiguard.judge.friends import DAY
from amiguard.judge.guard import Guard
from amiguard.model import FOREVER, Ban, Prefix
from amiguard.report.material import Material, Standing
from amiguard.store import Archive, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.config import Config
    from amiguard.store import BanRow

_BANS: Final = 100_000
"""The newest bans of the time reported, and of those that stand, that are looked at."""


@contextlib.contextmanager
def gathered(config: Config, since: float, until: float) -> Iterator[Material]:
    """What is known of the time from `since` to `until`, seconds since the epoch.

    The store must be there; of what else cannot be had, `gaps` tells.  Its bans
    can be gone through within the context.

    Raises:
        ControlError: the store cannot be read.
    """
    gaps: list[str] = []
    running, status = _running(config, gaps), _status(config, gaps)
    with _readable(), Archive.open(Path(config.service.state_dir)) as archive:
        guard = Guard(config)
        ledger.restore(guard, archive.load())
        yield Material(
            socket.gethostname(),
            since,
            until,
            _bans(archive, since),
            archive.tallies(since),
            archive.drops(since),
            list(guard.alarms),
            list(guard.logins.accounts.all(max(since, until - DAY))),
            list(guard.phones.broken(until)),
            running,
            status,
            gaps,
        )


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (StoreError, ValueError, struct.error) as error:
        raise ControlError(f"the store cannot be read: {error}", Exit.FAILED) from error


def _bans(archive: Archive, since: float) -> Iterator[BanRow]:
    rows = archive.history(None, _BANS, evidence=True)
    return itertools.takewhile(lambda row: row.ban.since >= since, rows)


def _running(config: Config, gaps: list[str]) -> list[Standing] | None:
    try:
        with offline.rows(config, "list") as rows:
            return [_standing(json.loads(row)) for row in itertools.islice(rows, _BANS)]
    except ControlError as error:
        gaps.append(f"what stands in the kernel: {error}")
        return None


def _standing(row: dict[str, Any]) -> Standing:
    facts = {name: row[name] for name in ("scope", "proof", "reason", "origin", "strike", "score")}
    source = Prefix.parse(f"{row['address']}/{row['prefix']}")
    ban = Ban(source, since=_seconds(row["since"]), until=_seconds(row["until"]), **facts)
    return Standing(ban, row["packets"], row["bytes"])


def _seconds(moment: str | None) -> float:
    return FOREVER if moment is None else datetime.fromisoformat(moment).timestamp()


def _status(config: Config, gaps: list[str]) -> dict[str, Any] | None:
    try:
        with asking(config.service.socket, "status") as (head, rows):
            list(rows)
            return head
    except ControlError as error:
        gaps.append(f"how the service does: {error}")
        return None
