"""Failures by the hour: added up, kept apart by what they are, and forgotten when they are old."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from amiguard.judge.tallies import HOUR, Tally
from amiguard.store import Archive, Bounds, DropRow, Snapshot, Store
from amiguard.store.opening import NAME, migrate
from amiguard.store.schema import APPLICATION, STEPS

if TYPE_CHECKING:
    from pathlib import Path

ONE = Tally(500_000, "InvalidPassword", "AMI", "TCP", "proven", 3)
LATER = ONE._replace(hour=500_002, times=1)


def test_they_add_up_and_come_oldest_first(store: Store, state_dir: Path) -> None:
    store.commit(Snapshot(tallies=[LATER, ONE]))
    store.commit(Snapshot(tallies=[ONE, ONE._replace(proof="unproven", times=5)]))
    with Archive.open(state_dir) as archive:
        assert [ONE._replace(times=6), ONE._replace(proof="unproven", times=5), LATER] == list(
            archive.tallies(0)
        )


def test_the_hour_that_holds_the_beginning_is_told(store: Store) -> None:
    store.commit(Snapshot(tallies=[ONE, LATER]))
    assert [ONE, LATER] == list(store.tallies(ONE.hour * HOUR + 1))
    assert [LATER] == list(store.tallies((ONE.hour + 1) * HOUR))


def test_old_ones_are_forgotten(store: Store) -> None:
    store.commit(Snapshot(tallies=[ONE, LATER]))
    assert 1 == store.prune(LATER.hour * HOUR + 100, Bounds(age=HOUR))
    assert [LATER] == list(store.tallies(0))
    assert 0 == store.prune(LATER.hour * HOUR + 100, Bounds(age=HOUR))


def test_drops_add_up_come_oldest_first_and_are_forgotten(store: Store) -> None:
    store.commit(Snapshot(drops=[DropRow(9, 5), DropRow(7, 1)]))
    store.commit(Snapshot(drops=[DropRow(9, 2)]))
    assert [DropRow(7, 1), DropRow(9, 7)] == list(store.drops(0))
    assert [DropRow(9, 7)] == list(store.drops(8.5 * HOUR))
    assert 1 == store.prune(9 * HOUR, Bounds(age=HOUR))
    assert [DropRow(9, 7)] == list(store.drops(0))


def test_a_database_of_the_first_version_learns_to_count(state_dir: Path) -> None:
    state_dir.mkdir(mode=0o700)
    with sqlite3.connect(state_dir / NAME, isolation_level=None) as db:
        migrate(db, STEPS[:1])
        assert [(1,)] == db.execute("PRAGMA user_version").fetchall()
        assert [(APPLICATION,)] == db.execute("PRAGMA application_id").fetchall()
    db.close()
    with Store.open(state_dir) as store:
        assert () == store.warnings
        store.commit(Snapshot(tallies=[ONE]))
        assert [ONE] == list(store.tallies(0))
