"""Edge: what is forgotten, so that the store stays bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3


class Bounds(NamedTuple):
    """What the store holds at most: seconds and rows of history, rows and bytes of evidence.

    What is counted by the hour is as old at most; an hour has as many rows as kinds of event, services and
    transports, at most.
    """

    age: float = 90 * 86400.0
    bans: int = 1_000_000
    evidence: int = 100_000
    evidence_bytes: int = 1 << 30


BOUNDS = Bounds()

_STEP = 5_000  # rows a transaction, so that a commit never waits long

_OLD = """
DELETE FROM bans WHERE id IN (
    SELECT id FROM bans
    WHERE since < max(:before, coalesce(
        (SELECT since FROM bans ORDER BY since DESC LIMIT 1 OFFSET :bans - 1), -9e999))
      AND (ended IS NOT NULL OR until <= :now)
    LIMIT :step)"""

_EVIDENCE = """
DELETE FROM evidence WHERE id IN (
    SELECT id FROM (
        SELECT id,
               count(*) OVER (ORDER BY id DESC) AS rows,
               sum(length(records)) OVER (ORDER BY id DESC) AS bytes
        FROM evidence)
    WHERE rows > :evidence OR bytes > :evidence_bytes
    LIMIT :step)"""

_TALLIES = "DELETE FROM tallies WHERE hour < :before / 3600"
_DROPS = "DELETE FROM drops WHERE hour < :before / 3600"


def prune(db: sqlite3.Connection, now: float, bounds: Bounds) -> int:
    """Delete a step's worth of what exceeds the bounds, within the transaction that is open.

    Bans that still run are kept, whatever their age.

    Returns:
        The number of rows deleted; 0 when nothing is left to delete.
    """
    values = {**bounds._asdict(), "before": now - bounds.age, "now": now, "step": _STEP}
    return sum(db.execute(sql, values).rowcount for sql in (_OLD, _EVIDENCE, _TALLIES, _DROPS))
