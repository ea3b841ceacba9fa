"""Edge: what the database knows, read in pages, so that no reader holds up the writer's clean-up for long."""

from __future__ import annotations

import itertools
import json
import os
import sys
from array import array
from typing import TYPE_CHECKING, Any

from amiguard.judge.tallies import HOUR, Tally
from amiguard.model import Ban, Prefix
from amiguard.store.rows import BanRow, DropRow, Memory, PositionRow, StateRow

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

_PAGE = 500
_WIDTHS = (4, 16)
_same: Callable[[Any], Any] = sys.intern  # a hundred thousand bans have few texts between them

_RUNNING = """
SELECT network, length, scope, proof, since, until, reason, origin, strike, score
FROM bans WHERE ended IS NULL AND until > ?"""

_STRIKES = "SELECT network, length, since FROM bans WHERE since > ? AND origin = 'judged' AND NOT pardoned"

_NEWEST = "SELECT id FROM bans ORDER BY since DESC, id DESC LIMIT ?"

_INSIDE = """
SELECT since, id FROM bans
WHERE network BETWEEN ? AND ? AND length(network) = ? AND length >= ?
ORDER BY since DESC, id DESC LIMIT ?"""

_EXACT = "SELECT since, id FROM bans WHERE network = ? AND length = ? ORDER BY since DESC, id DESC LIMIT ?"

_HISTORY = """
SELECT network, length, scope, proof, since, until, reason, origin, strike, score,
       {evidence}, ended, ended_why, pardoned
FROM bans WHERE id IN (SELECT value FROM json_each(?)) ORDER BY since DESC, id DESC"""
_WITHOUT = _HISTORY.format(evidence="x''")
_WITH = _HISTORY.format(evidence="coalesce((SELECT records FROM evidence WHERE evidence.id = bans.id), x'')")


def memory(db: sqlite3.Connection) -> Memory:
    """Read positions, scores, friends, notes and allows.

    Raises:
        ValueError, TypeError: the file was written by somebody else, or has decayed.
    """
    return Memory(
        [
            PositionRow(os.fsdecode(path), int(device), int(inode), offset, head)
            for path, device, inode, offset, head in db.execute("SELECT * FROM positions")
        ],
        [StateRow(_prefix(n, length), state) for n, length, state in db.execute("SELECT * FROM scores")],
        [StateRow(_prefix(n, length), state) for n, length, state in db.execute("SELECT * FROM friends")],
        dict(db.execute("SELECT * FROM notes")),
        [_prefix(*row) for row in db.execute("SELECT * FROM allows")],
    )


def _prefix(network: bytes, length: int) -> Prefix:
    """A prefix as it was written.

    Raises:
        ValueError, TypeError: it was written otherwise: SQLite has no checksums.
    """
    if len(network) not in _WIDTHS or not 0 <= length <= len(network) * 8:
        raise ValueError(f"no prefix: {network.hex()}/{length}")
    return Prefix(network, length)


def running(db: sqlite3.Connection, now: float) -> Iterator[Ban]:
    """Bans that were not cut short and last beyond `now`, in no order."""
    for network, length, scope, proof, since, until, reason, *rest in db.execute(_RUNNING, (now,)):
        source = _prefix(network, length)
        if not since <= until:
            raise ValueError(f"a ban of {source} from {since} to {until}")
        yield Ban(source, _same(scope), _same(proof), since, until, _same(reason), _same(rest[0]), *rest[1:])


def strikes(db: sqlite3.Connection, since: float) -> Iterator[tuple[Prefix, float]]:
    """Sources and times of judged bans after `since` that nobody pardoned, oldest first."""
    for network, length, time in db.execute(_STRIKES, (since,)):
        yield _prefix(network, length), time


def tallies(db: sqlite3.Connection, since: float) -> Iterator[Tally]:
    """Failures by the hour, from the hour that holds `since` on."""
    rows = db.execute("SELECT * FROM tallies WHERE hour >= ? ORDER BY hour", (since // HOUR,))
    return itertools.starmap(Tally, rows)


def drops(db: sqlite3.Connection, since: float) -> Iterator[DropRow]:
    """Packets dropped by the hour, from the hour that holds `since` on."""
    rows = db.execute("SELECT * FROM drops WHERE hour >= ? ORDER BY hour", (since // HOUR,))
    return itertools.starmap(DropRow, rows)


def history(db: sqlite3.Connection, source: Prefix | None, limit: int, *, evidence: bool) -> Iterator[BanRow]:
    """Bans of networks inside or around `source` (None: of all), newest first, at most `limit`."""
    if source is None:
        numbers = array("q", (number for (number,) in db.execute(_NEWEST, (limit,))))
    else:
        numbers = array("q", (number for _, number in _touching(db, source, limit)))
    for start in range(0, len(numbers), _PAGE):
        page = json.dumps(numbers[start : start + _PAGE].tolist())
        for row in db.execute(_WITH if evidence else _WITHOUT, (page,)).fetchall():
            yield _ban_row(row)


def _touching(db: sqlite3.Connection, source: Prefix, limit: int) -> list[tuple[float, int]]:
    size, host = len(source.network), (1 << source.bits - source.length) - 1
    last = (int.from_bytes(source.network) | host).to_bytes(size)
    found = db.execute(_INSIDE, (source.network, last, size, source.length, limit)).fetchall()
    for length in range(source.length):
        found += db.execute(_EXACT, (*source.within(length), limit)).fetchall()
    return sorted(found, reverse=True)[:limit]


def _ban_row(row: tuple[Any, ...]) -> BanRow:
    network, length, *rest = row[:10]
    evidence, ended, ended_why, pardoned = row[10:]
    return BanRow(Ban(Prefix(network, length), *rest), evidence, ended, ended_why, bool(pardoned))
