"""Edge: what the store finds at its place, and what it does about it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from banrows import ban_row

from amiguard.store import Archive, Snapshot, Store, StoreError, opening
from amiguard.store.opening import NAME
from amiguard.store.schema import STEPS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROW = ban_row("192.0.2.1", since=100.0)


def modes(directory: Path) -> dict[str, int]:
    return {entry.name: entry.stat().st_mode & 0o777 for entry in directory.iterdir()}


def fill(directory: Path, bans: int = 200) -> None:
    store = Store.open(directory)
    store.commit(Snapshot(bans=[ban_row(f"10.0.0.{n}", since=n, evidence=bytes(500)) for n in range(bans)]))
    store.close()


def test_what_it_makes_is_for_its_owner_alone(state_dir: Path) -> None:
    store = Store.open(state_dir)
    store.commit(Snapshot(bans=[ROW]))
    assert state_dir.stat().st_mode & 0o777 == 0o700
    assert modes(state_dir) == {NAME: 0o600, f"{NAME}-wal": 0o600, f"{NAME}-shm": 0o600}
    store.close()


def test_an_open_directory_of_its_own_is_closed_to_others(state_dir: Path) -> None:
    fill(state_dir)
    state_dir.chmod(0o755)
    (state_dir / NAME).chmod(0o644)
    store = Store.open(state_dir)
    assert store.warnings == ()
    assert state_dir.stat().st_mode & 0o777 == 0o700
    assert modes(state_dir)[NAME] == 0o600
    store.close()


def test_a_directory_shared_with_others_is_left_as_it_is_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "somebody's").touch()
    tmp_path.chmod(0o755)
    store = Store.open(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    (warning,) = store.warnings
    assert str(tmp_path) in warning
    store.close()


def test_what_was_committed_is_there_after_reopening(state_dir: Path) -> None:
    store = Store.open(state_dir)
    store.commit(Snapshot(bans=[ROW]))
    store.close()
    store = Store.open(state_dir)
    assert store.warnings == ()
    assert list(store.history(None, 10)) == [ROW]
    store.close()


def garble_header(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.write(b"\xff" * 100)


def garble_middle(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * 4096 * 5)


def truncate(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.truncate(file.stat().st_size // 2)


def garble_schema(path: Path) -> None:
    """SQLite quotes what it cannot read, and that is no UTF-8."""
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE bans (", b"CREATE TABLE bans \xcc", 1))


@pytest.mark.parametrize("damage", [garble_header, garble_middle, garble_schema, truncate])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(
    state_dir: Path, damage: Callable[[Path], None]
) -> None:
    fill(state_dir)
    damage(state_dir / NAME)
    damaged = (state_dir / NAME).read_bytes()
    store = Store.open(state_dir)
    (warning,) = store.warnings
    (aside,) = state_dir.glob(f"{NAME}.corrupt-????????T??????")
    assert aside.name in warning
    assert aside.read_bytes() == damaged
    assert list(store.history(None, 10)) == []
    store.commit(Snapshot(bans=[ROW]))
    assert list(store.history(None, 10)) == [ROW]
    store.close()


def test_the_write_ahead_log_of_a_damaged_file_goes_with_it(state_dir: Path) -> None:
    """Beside a new file it would be taken for the new one's."""
    fill(state_dir)
    reader = Store.open(state_dir)
    reader.commit(Snapshot(bans=[ROW]))
    reader._db.execute("PRAGMA wal_checkpoint(FULL)")
    log = (state_dir / f"{NAME}-wal").read_bytes()
    garble_header(state_dir / NAME)
    with Store.open(state_dir) as store:
        assert list(store.history(None, 10)) == []
    (wal,) = state_dir.glob(f"{NAME}.corrupt-*-wal")
    assert wal.read_bytes() == log != b""
    reader.close()


def test_two_damaged_files_in_one_second_are_both_kept(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening.time, "strftime", lambda *_: "20260101T000000")
    for text in (b"first" * 100, b"second" * 100):
        state_dir.mkdir(mode=0o700, exist_ok=True)
        (state_dir / NAME).write_bytes(text)
        Store.open(state_dir).close()
    kept = sorted(entry.read_bytes() for entry in state_dir.glob("*.corrupt-*"))
    assert kept == [b"first" * 100, b"second" * 100]


def test_a_newer_version_is_refused_by_name_and_left_alone(state_dir: Path) -> None:
    fill(state_dir)
    db = sqlite3.connect(state_dir / NAME)
    db.execute("PRAGMA user_version = 7")
    db.close()
    for kind in (Store, Archive):
        with pytest.raises(StoreError, match=rf"{NAME}.*version .*7.*{len(STEPS)}"):
            kind.open(state_dir)
    assert not list(state_dir.glob("*.corrupt-*"))


def test_the_database_of_another_program_is_refused_and_left_alone(state_dir: Path) -> None:
    state_dir.mkdir(mode=0o700)
    db = sqlite3.connect(state_dir / NAME)
    db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(StoreError, match="not amiguard's database"):
        Store.open(state_dir)
    db = sqlite3.connect(state_dir / NAME)
    assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    db.close()


def test_an_older_version_climbs_step_by_step_and_keeps_its_rows(state_dir: Path) -> None:
    fill(state_dir, bans=3)
    db = sqlite3.connect(state_dir / NAME, isolation_level=None)
    later = (
        *STEPS,
        ("ALTER TABLE bans ADD COLUMN asn INTEGER", "UPDATE bans SET asn = 1"),
        ("UPDATE bans SET asn = asn + 1",),
    )
    opening.migrate(db, later)
    assert db.execute("PRAGMA user_version").fetchone() == (len(STEPS) + 2,)
    assert db.execute("SELECT asn FROM bans").fetchall() == [(2,)] * 3
    db.close()


def test_a_step_that_fails_leaves_the_older_version_whole(state_dir: Path) -> None:
    fill(state_dir, bans=3)
    db = sqlite3.connect(state_dir / NAME, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        opening.migrate(db, (*STEPS, ("DELETE FROM bans", "no statement")))
    assert db.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    assert db.execute("SELECT count(*) FROM bans").fetchone() == (3,)
    db.close()


def test_a_file_that_another_process_holds_is_named_as_locked(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_WAIT", 0.01)
    fill(state_dir)
    holder = sqlite3.connect(state_dir / NAME, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match=rf"{NAME}: cannot open: another process holds it locked"):
        Store.open(state_dir)
    holder.close()
    assert not list(state_dir.glob("*.corrupt-*"))


def test_a_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"/file: cannot open: File exists"):
        Store.open(tmp_path / "file")
    with pytest.raises(StoreError, match=r"/file.*: cannot open: Not a directory"):
        Store.open(tmp_path / "file" / "below")


def test_an_archive_that_does_not_exist_is_named_and_not_made(state_dir: Path) -> None:
    with pytest.raises(StoreError, match=rf"{NAME}: cannot read: No such file"):
        Archive.open(state_dir)
    assert not state_dir.exists()
