"""Edge: a snapshot becomes statements, many rows to each.

Between two statements the writer's thread must win the interpreter's lock
again, which a busy judge leaves only every 5 ms: hence one statement for
hundreds of rows instead of one for each.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from amiguard.store.rows import Snapshot

_Row = tuple[Any, ...]
_RUNS = (None, None)

_VARIABLES = 8000  # a statement; SQLite takes 32,766: https://sqlite.org/limits.html


class _Statement(NamedTuple):
    """SQL around a list of VALUES, and how many values a row has."""

    width: int
    before: str
    after: str = ""

    def run(self, db: sqlite3.Connection, rows: Iterable[_Row]) -> None:
        marks = f"({', '.join('?' * self.width)})"
        rows = iter(rows)
        while chunk := list(itertools.islice(rows, _VARIABLES // self.width)):
            sql = f"{self.before} VALUES {', '.join([marks] * len(chunk))} {self.after}"
            db.execute(sql, list(itertools.chain.from_iterable(chunk)))


_CLOSE = _Statement(1, "DELETE FROM positions WHERE path IN (", ")")
_FORGET = _Statement(2, "DELETE FROM scores WHERE (network, length) IN (", ")")
_UNFRIEND = _Statement(2, "DELETE FROM friends WHERE (network, length) IN (", ")")
_POSITION = _Statement(5, "INSERT OR REPLACE INTO positions")
_SCORE = _Statement(3, "INSERT OR REPLACE INTO scores")
_FRIEND = _Statement(3, "INSERT OR REPLACE INTO friends")
_NOTE = _Statement(2, "INSERT OR REPLACE INTO notes")
_ALLOW = _Statement(2, "INSERT OR REPLACE INTO allows")
_BAN = _Statement(
    13,
    "INSERT INTO bans (id, network, length, scope, proof, since, until, reason, origin, strike, score, "
    "ended, ended_why)",
    "ON CONFLICT (network, length, scope, since) DO UPDATE "
    "SET ended = excluded.ended, ended_why = excluded.ended_why "
    "WHERE bans.ended IS NULL AND excluded.ended IS NOT NULL",
)
_EVIDENCE = _Statement(
    2,
    "WITH new (id, records) AS (",
    ") INSERT INTO evidence SELECT id, records FROM new WHERE id IN (SELECT id FROM bans)",
)
_END = _Statement(
    6,
    "WITH over (network, length, scope, since, at, why) AS (",
    ") UPDATE bans SET ended = over.at, ended_why = over.why FROM over WHERE bans.ended IS NULL "
    "AND (bans.network, bans.length, bans.scope, bans.since) = "
    "(over.network, over.length, over.scope, over.since)",
)
_TALLY = _Statement(
    6,
    "INSERT INTO tallies",
    "ON CONFLICT DO UPDATE SET times = times + excluded.times",
)
_DROP = _Statement(2, "INSERT INTO drops", "ON CONFLICT DO UPDATE SET packets = packets + excluded.packets")
_PARDON = """
UPDATE bans SET pardoned = 1 WHERE id = (
    SELECT id FROM bans WHERE network = ? AND length = ? AND origin = 'judged' AND NOT pardoned
    ORDER BY since DESC LIMIT 1)"""


def write(db: sqlite3.Connection, new: Snapshot) -> None:
    """Write the snapshot within the transaction that is open."""
    for statement, rows in _rows(db, new):
        statement.run(db, rows)
    db.executemany(_PARDON, new.pardoned)


def _rows(db: sqlite3.Connection, new: Snapshot) -> Iterator[tuple[_Statement, Iterable[_Row]]]:
    """The statements with their rows, in the order the snapshot promises."""
    [(last,)] = db.execute("SELECT coalesce(max(id), 0) FROM bans")
    numbered = list(enumerate(new.bans, last + 1))
    if new.allows is not None:
        db.execute("DELETE FROM allows")
    yield _CLOSE, ((os.fsencode(path),) for path in new.closed)
    yield _FORGET, new.forgotten
    yield _UNFRIEND, new.unfriended
    yield _POSITION, ((os.fsencode(p.path), str(p.device), str(p.inode), *p[3:]) for p in new.positions)
    yield _SCORE, ((*source, state) for source, state in new.scores)
    yield _FRIEND, ((*source, state) for source, state in new.friends)
    yield _NOTE, new.notes.items()
    yield _ALLOW, new.allows or ()
    # Most bans that end early end in the snapshot that tells of them: a row each instead of two changes.
    ends: dict[_Row, _Row] = {ending[:3]: ending[3:] for ending in reversed(new.ended)}
    # Numbered here, so that evidence finds its ban; a ban that is passed over leaves its number unused.
    yield _BAN, ((n, *ban[0], *ban[1:], *ends.pop(ban.key, _RUNS)) for n, (ban, *_) in numbered)
    yield _EVIDENCE, ((n, row.evidence) for n, row in numbered if row.evidence)
    yield _TALLY, new.tallies
    yield _DROP, new.drops
    yield _END, ((*source, scope, since, *end) for (source, scope, since), end in ends.items())
