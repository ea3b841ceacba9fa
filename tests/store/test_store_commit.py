"""Edge: a snapshot goes in whole, and comes out as it went in."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from banrows import ban_row
from hypothesis import given, settings
from hypothesis import strategies as st

from amiguard.model import FOREVER, Prefix
from amiguard.store import BanRow, Ending, Memory, PositionRow, Snapshot, StateRow, Store, StoreError

A, B, C = (Prefix.parse(text) for text in ("192.0.2.1", "2001:db8::/64", "198.51.100.0/24"))

prefixes = st.builds(
    Prefix.of,
    st.sampled_from([bytes(4), b"\xff" * 4, bytes(16), b"\xff" * 16]),
    st.sampled_from([0, 1, 31, 32, 64, 128]),
)
paths = st.sampled_from(["/var/log/security", "/var/log/sch\udcf6n", "/x y"])
huge = st.integers(0, 2**64 - 1)
states = st.lists(st.builds(StateRow, prefixes, st.binary(max_size=20)), max_size=4)
snapshots = st.builds(
    Snapshot,
    positions=st.lists(
        st.builds(PositionRow, paths, huge, huge, st.integers(0, 2**63 - 1), st.binary(max_size=9)),
        max_size=2,
    ),
    closed=st.lists(paths, max_size=1),
    scores=states,
    forgotten=st.lists(prefixes, max_size=3),
    friends=states,
    unfriended=st.lists(prefixes, max_size=3),
    notes=st.dictionaries(st.sampled_from(["clock", "doors"]), st.binary(max_size=9)),
    allows=st.none() | st.lists(prefixes, max_size=3),
)


class Model:
    """What the store should remember, in dictionaries."""

    def __init__(self) -> None:
        self.positions: dict = {}
        self.scores: dict = {}
        self.friends: dict = {}
        self.notes: dict = {}
        self.allows: set = set()

    def commit(self, new: Snapshot) -> None:
        for rows, gone, rest in (
            (new.positions, new.closed, self.positions),
            (new.scores, new.forgotten, self.scores),
            (new.friends, new.unfriended, self.friends),
        ):
            for key in gone:
                rest.pop(key, None)
            rest.update({row[0]: row for row in rows})
        self.notes.update(new.notes)
        self.allows = self.allows if new.allows is None else set(new.allows)

    def agrees(self, memory: Memory) -> bool:
        return (
            sorted(memory.positions) == sorted(self.positions.values())
            and sorted(memory.scores) == sorted(self.scores.values())
            and sorted(memory.friends) == sorted(self.friends.values())
            and memory.notes == self.notes
            and sorted(memory.allows) == sorted(self.allows)
        )


@settings(max_examples=60, deadline=None)
@given(st.lists(snapshots, max_size=4))
def test_any_snapshots_leave_what_a_dictionary_would_hold(sequence: list[Snapshot]) -> None:
    model = Model()
    with tempfile.TemporaryDirectory() as directory, Store.open(Path(directory, "state")) as store:
        for snapshot in sequence:
            store.commit(snapshot)
            model.commit(snapshot)
            assert model.agrees(store.load())


def test_every_field_of_a_ban_comes_back_as_it_went_in(store: Store) -> None:
    rows = [
        ban_row(
            "192.0.2.1", 1e9 + 0.123456789, FOREVER, b"\x00\xff", origin="operator", reason="j'accuse \x1b"
        ),
        ban_row("2001:db8::/64", 17.0, 18.5, b"", scope="door", proof="unproven", strike=3, score=9.25),
    ]
    store.commit(Snapshot(bans=rows))
    assert list(store.history(None, 10, evidence=True)) == rows
    assert [row.ban for row in rows] == sorted(store.running(0.0), reverse=True, key=lambda ban: ban.since)


def test_a_ban_that_is_recorded_already_is_not_recorded_twice(store: Store) -> None:
    first = ban_row("192.0.2.1", 100.0, evidence=b"first")
    new = ban_row("192.0.2.2", 100.0, evidence=b"new")
    store.commit(Snapshot(bans=[first]))
    store.commit(
        Snapshot(bans=[first._replace(evidence=b"again"), new, first._replace(evidence=b"once more")])
    )
    assert list(store.history(None, 10, evidence=True)) == [new, first]


def test_another_thread_may_commit_than_the_one_that_opened(store: Store) -> None:
    row = ban_row("192.0.2.1", 100.0)
    with ThreadPoolExecutor(1) as writer:
        writer.submit(store.commit, Snapshot(bans=[row])).result()
    assert list(store.history(None, 10)) == [row]


def test_door_and_house_bans_of_one_moment_are_two(store: Store) -> None:
    rows = [ban_row("192.0.2.1", 100.0, scope=scope) for scope in ("door", "house")]
    store.commit(Snapshot(bans=rows))
    assert sorted(store.history(None, 10)) == rows


def test_each_of_ten_thousand_bans_keeps_its_own_evidence_in_few_statements(store: Store) -> None:
    """Few, because between two statements a busy judge keeps the interpreter's lock for 5 ms."""
    rows = [
        BanRow(ban_row("192.0.2.1", float(n)).ban._replace(source=Prefix.of(n.to_bytes(4))), b"%d" % n)
        for n in range(10_000)
    ]
    statements: list[str] = []
    store._db.set_trace_callback(statements.append)
    store.commit(Snapshot(bans=rows))
    store._db.set_trace_callback(None)
    assert len(statements) < 30
    assert list(store.history(None, 20_000, evidence=True)) == rows[::-1]


def test_a_ban_may_begin_end_and_be_pardoned_in_one_snapshot(store: Store) -> None:
    row = ban_row("192.0.2.1", 100.0)
    store.commit(Snapshot(bans=[row], ended=[Ending.of(row.ban, 150.0, "unbanned")], pardoned=[A]))
    assert list(store.history(None, 10)) == [
        row._replace(ended=150.0, ended_why="unbanned", pardoned=True),
    ]
    assert list(store.running(120.0)) == []


def test_an_ending_ends_that_ban_alone_and_once(store: Store) -> None:
    rows = [ban_row("192.0.2.1", 100.0), ban_row("192.0.2.1", 200.0), ban_row("192.0.2.2", 100.0)]
    store.commit(Snapshot(bans=rows, ended=[Ending.of(rows[0].ban, 150.0, "replaced")]))
    store.commit(Snapshot(ended=[Ending.of(rows[0].ban, 190.0, "unbanned")]))
    assert {row.ban for row in rows[1:]} == set(store.running(0.0))
    (ended,) = [row for row in store.history(A, 10) if row.ended]
    assert ended == rows[0]._replace(ended=150.0, ended_why="replaced")


def test_a_ban_that_is_told_again_with_its_ending_ends(store: Store) -> None:
    """As after a crash: the ban was written before it, and what replaced it comes with the next snapshot."""
    row = ban_row("192.0.2.1", 100.0, evidence=b"first")
    store.commit(Snapshot(bans=[row]))
    again = [row._replace(evidence=b"again"), row]
    store.commit(Snapshot(bans=again, ended=[Ending.of(row.ban, 150.0, "replaced")]))
    store.commit(Snapshot(bans=again, ended=[Ending.of(row.ban, 160.0, "unbanned")]))
    store.commit(Snapshot(bans=again))
    ended = row._replace(ended=150.0, ended_why="replaced")
    assert [ended] == list(store.history(None, 10, evidence=True))


def test_the_first_ending_of_a_ban_counts(store: Store) -> None:
    row = ban_row("192.0.2.1", 100.0)
    ends = [Ending.of(row.ban, 150.0, "replaced"), Ending.of(row.ban, 160.0, "unbanned")]
    store.commit(Snapshot(bans=[row], ended=ends))
    assert [row._replace(ended=150.0, ended_why="replaced")] == list(store.history(None, 10))


def test_only_bans_that_last_beyond_now_run(store: Store) -> None:
    rows = [
        ban_row("192.0.2.1", 1.0, 100.0),
        ban_row("192.0.2.2", 1.0, 101.0),
        ban_row("192.0.2.3", 1.0, FOREVER),
    ]
    store.commit(Snapshot(bans=rows))
    assert {row.ban for row in rows[1:]} == set(store.running(100.0))


def test_how_a_ban_ended_is_told_for_every_moment() -> None:
    row = ban_row("192.0.2.1", 1.0, 100.0)
    assert row.end(99.0) is None
    assert row.end(100.0) == (100.0, "expired")
    assert row._replace(ended=50.0, ended_why="unbanned").end(60.0) == (50.0, "unbanned")


def test_strikes_are_judged_bans_within_the_horizon(store: Store) -> None:
    store.commit(
        Snapshot(
            bans=[
                ban_row("192.0.2.1", 100.0),
                ban_row("192.0.2.1", 200.0),
                ban_row("192.0.2.1", 250.0, origin="operator"),
                ban_row("2001:db8::/64", 300.0),
            ]
        )
    )
    assert list(store.strikes(100.0)) == [(A, 200.0), (B, 300.0)]


def test_a_pardon_takes_the_newest_strike_and_the_next_one_the_one_before(store: Store) -> None:
    bans = [ban_row("192.0.2.1", since) for since in (100.0, 300.0, 200.0)]
    store.commit(Snapshot(bans=[*bans, ban_row("192.0.2.1", 400.0, origin="operator")]))
    store.pardon(A)
    assert list(store.strikes(0.0)) == [(A, 100.0), (A, 200.0)]
    store.pardon(A)
    assert list(store.strikes(0.0)) == [(A, 100.0)]
    store.pardon(C)
    assert list(store.strikes(0.0)) == [(A, 100.0)]


def test_a_snapshot_that_fails_leaves_no_trace_and_the_next_one_works(store: Store) -> None:
    good = ban_row("192.0.2.1", 100.0, evidence=b"kept")
    bad = ban_row("192.0.2.2", 100.0, scope="garden")
    with pytest.raises(StoreError, match=r"cannot write: .*scope"):
        store.commit(Snapshot(scores=[StateRow(A, b"x")], bans=[good, bad], allows=[A]))
    assert store.load() == Memory([], [], [], {}, [])
    assert list(store.history(None, 10)) == []
    store.commit(Snapshot(scores=[StateRow(A, b"x")], bans=[good]))
    assert store.load().scores == [StateRow(A, b"x")]
    assert list(store.history(None, 10, evidence=True)) == [good]
