"""Edge: the history is found by source, streamed beside the writer, and bounded."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from banrows import ban_row
from hypothesis import given, settings
from hypothesis import strategies as st

from amiguard.model import FOREVER, Prefix
from amiguard.store import Archive, BanRow, Bounds, Ending, Snapshot, Store, StoreError, pruning

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY = 86400.0

sources = st.builds(
    Prefix.of,
    st.sampled_from(
        [b"\x0a\x00\x00\x01", b"\x0a\xff\x00\x01", bytes(4), b"\x0a" + bytes(15), b"\x0a\xff" * 8]
    ),
    st.sampled_from([0, 7, 8, 9, 31, 32, 48, 64, 127, 128]),
)


def sinces(rows: Iterable[BanRow]) -> list[float]:
    return [row.ban.since for row in rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(sources, max_size=12), sources)
def test_the_history_of_a_source_is_that_of_every_network_that_overlaps_it(
    banned: list[Prefix], asked: Prefix
) -> None:
    template = ban_row("192.0.2.1", 0.0).ban
    rows = [BanRow(template._replace(source=source, since=float(n))) for n, source in enumerate(banned)]
    with tempfile.TemporaryDirectory() as directory, Store.open(Path(directory, "state")) as store:
        store.commit(Snapshot(bans=rows))
        expected = [row for row in rows if row.ban.source.overlaps(asked)][::-1]
        assert list(store.history(asked, 100)) == expected
        assert list(store.history(asked, 2)) == expected[:2]


def test_the_newest_comes_first_however_it_was_recorded(store: Store) -> None:
    store.commit(Snapshot(bans=[ban_row("192.0.2.1", since) for since in (20.0, 40.0, 10.0)]))
    store.commit(Snapshot(bans=[ban_row("192.0.2.2", 30.0)]))
    assert sinces(store.history(None, 10)) == [40.0, 30.0, 20.0, 10.0]
    assert sinces(store.history(None, 2)) == [40.0, 30.0]


def test_evidence_comes_on_demand(store: Store) -> None:
    store.commit(Snapshot(bans=[ban_row("192.0.2.1", 1.0, evidence=b"seen")]))
    assert [row.evidence for row in store.history(None, 10)] == [b""]
    assert [row.evidence for row in store.history(None, 10, evidence=True)] == [b"seen"]


def test_an_archive_is_read_page_by_page_while_the_store_is_written(store: Store, state_dir: Path) -> None:
    store.commit(Snapshot(bans=[ban_row("192.0.2.1", float(n)) for n in range(1_500)]))
    with Archive.open(state_dir) as archive:
        rows = archive.history(None, 10_000)
        first = next(rows)
        store.commit(Snapshot(bans=[ban_row("192.0.2.1", 5_000.0)]))
        store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert (state_dir / "amiguard.db-wal").stat().st_size == 0, "the reader held the log"
        read = sinces([first, *rows])
    assert read == [float(n) for n in reversed(range(1_500))]


def test_an_archive_is_read_when_no_service_runs(state_dir: Path) -> None:
    row = ban_row("192.0.2.1", 1.0, FOREVER)
    store = Store.open(state_dir)
    store.commit(Snapshot(bans=[row]))
    store.close()
    with Archive.open(state_dir) as archive:
        assert list(archive.history(row.ban.source, 10)) == [row]
        assert list(archive.running(2.0)) == [row.ban]


def test_an_archive_cannot_write(store: Store, state_dir: Path) -> None:
    with Archive.open(state_dir) as archive, pytest.raises(StoreError, match="it may not be written"):
        Store(archive._db, archive._path).commit(Snapshot(bans=[ban_row("192.0.2.1", 1.0)]))


def test_what_is_older_than_the_age_is_forgotten_with_its_evidence(store: Store) -> None:
    now = 100 * DAY
    old = ban_row("192.0.2.1", 9 * DAY, 10 * DAY, b"old")
    running = ban_row("192.0.2.2", 9 * DAY, FOREVER, b"running")
    lifted = ban_row("192.0.2.3", 9 * DAY, FOREVER, b"lifted")
    young = ban_row("192.0.2.4", 11 * DAY, 12 * DAY, b"young")
    ended = [Ending.of(lifted.ban, 10 * DAY, "unbanned")]
    store.commit(Snapshot(bans=[old, running, lifted, young], ended=ended))
    assert store.prune(now, Bounds(age=90 * DAY)) == 2
    assert store.prune(now, Bounds(age=90 * DAY)) == 0
    assert list(store.history(None, 10, evidence=True)) == [young, running]
    assert store._db.execute("SELECT count(*) FROM evidence").fetchone() == (2,)


def test_the_oldest_go_when_there_are_too_many(store: Store) -> None:
    store.commit(Snapshot(bans=[ban_row("192.0.2.1", float(n), n + 0.5) for n in range(10)]))
    store.prune(20.0, Bounds(bans=4))
    assert sinces(store.history(None, 100)) == [9.0, 8.0, 7.0, 6.0]


@pytest.mark.parametrize("bounds", [Bounds(evidence=3), Bounds(evidence_bytes=399)])
def test_evidence_is_kept_of_the_newest_within_rows_and_bytes(store: Store, bounds: Bounds) -> None:
    store.commit(Snapshot(bans=[ban_row("192.0.2.1", float(n), evidence=bytes(100)) for n in range(10)]))
    assert store.prune(0.0, bounds) == 7
    assert [len(row.evidence) for row in store.history(None, 100, evidence=True)] == [100] * 3 + [0] * 7


def test_pruning_goes_in_steps_until_nothing_is_left_to_do(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_STEP", 4)
    store.commit(Snapshot(bans=[ban_row("192.0.2.1", float(n), n + 0.5) for n in range(10)]))
    left = [10]
    while store.prune(1000 * DAY):
        left.append(len(list(store.history(None, 100))))
    assert left == [10, 6, 2, 0]
    assert all(before - after <= 4 for before, after in pairwise(left))
