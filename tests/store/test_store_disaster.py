"""Edge: kill -9, full disks and read-only file systems."""

from __future__ import annotations

import ctypes
import os
import signal
from typing import TYPE_CHECKING, NoReturn

import netns
import pytest
from banrows import ban_row

from amiguard.model import Prefix
from amiguard.store import Bounds, PositionRow, Snapshot, StateRow, Store, StoreError

if TYPE_CHECKING:
    from pathlib import Path

A = Prefix.parse("192.0.2.1")
CLONE_NEWNS = 0x2_0000
MS_RDONLY, MS_REMOUNT = 1, 32


def cut(n: int) -> Snapshot:
    """The moment after the n-th line: every part of it says n."""
    return Snapshot(
        positions=[PositionRow("/log", 1, 1, n, b"")],
        scores=[StateRow(A, b"%d" % n)],
        friends=[StateRow(A, b"%d" % n)],
        bans=[ban_row("192.0.2.1", float(n), evidence=b"%d" % n * 300)],
    )


def commit_for_ever(directory: Path, progress: int) -> NoReturn:
    store = Store.open(directory)
    memory = store.load()
    n = memory.positions[0].offset if memory.positions else 0
    while True:
        n += 1
        store.commit(cut(n))
        os.write(progress, b".")


def run_and_kill(directory: Path, commits: int) -> int:
    """Let a process commit, kill it in the middle of its work; how many commits it had reported."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        try:
            commit_for_ever(directory, writer)
        finally:
            os._exit(1)
    os.close(writer)
    done = 0
    while done < commits:
        done += len(os.read(reader, 1) or pytest.fail("the child could not commit"))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while more := os.read(reader, 65536):
        done += len(more)
    os.close(reader)
    return done


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_kill_9_everything_is_of_one_moment_and_no_commit_is_lost(state_dir: Path) -> None:
    reported = 0
    for turn in range(20):
        reported += run_and_kill(state_dir, 1 + turn * 3)
        with Store.open(state_dir) as store:
            memory = store.load()
            n = memory.positions[0].offset
            reported = max(reported, n - 1)
            assert reported <= n
            assert memory.scores == memory.friends == [StateRow(A, b"%d" % n)]
            bans = list(store.history(None, 1_000_000, evidence=True))
            assert [row.ban.since for row in bans] == [float(i) for i in range(n, 0, -1)]
            assert all(row.evidence == b"%d" % row.ban.since * 300 for row in bans)


def mount_tmpfs(directory: Path, size: str) -> None:
    """Put a tiny file system of our own there, which nobody else sees."""
    netns.unshare(CLONE_NEWNS)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mount(b"tmpfs", os.fsencode(directory), b"tmpfs", 0, f"size={size}".encode()) == 0


def remount_read_only(directory: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mount(None, os.fsencode(directory), None, MS_REMOUNT | MS_RDONLY, None) == 0


@pytest.mark.kernel
def test_a_full_disk_is_named_and_commits_work_again_when_there_is_room(tmp_path: Path) -> None:
    mount_tmpfs(tmp_path, "2m")
    store = Store.open(tmp_path / "state")
    store.commit(cut(1))
    ballast = tmp_path / "ballast"
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(bytes(4 << 20))
    big = ban_row("192.0.2.9", 5.0, evidence=os.urandom(100_000))
    with pytest.raises(StoreError, match=r"amiguard\.db: cannot write: the disk is full"):
        store.commit(Snapshot(scores=[StateRow(A, b"2")], bans=[big]))
    assert store.load().scores == [StateRow(A, b"1")]
    ballast.unlink()
    store.commit(Snapshot(scores=[StateRow(A, b"2")], bans=[big]))
    store.close()
    with Store.open(tmp_path / "state") as store:
        assert store.warnings == ()
        assert store.load().scores == [StateRow(A, b"2")]
        assert list(store.history(None, 1, evidence=True)) == [big]


@pytest.mark.kernel
def test_a_full_disk_at_the_first_start_is_named(tmp_path: Path) -> None:
    mount_tmpfs(tmp_path, "16k")
    with pytest.raises(StoreError, match=r"amiguard\.db: cannot open: .*the disk is full"):
        Store.open(tmp_path / "state")


@pytest.mark.kernel
def test_a_read_only_file_system_is_named_and_can_still_be_read(tmp_path: Path) -> None:
    mount_tmpfs(tmp_path, "8m")
    with Store.open(tmp_path / "state") as store:
        store.commit(cut(1))
    remount_read_only(tmp_path)
    with pytest.raises(StoreError, match=r"amiguard\.db: cannot open: Read-only file system"):
        Store.open(tmp_path / "state")
    with pytest.raises(StoreError, match=r"new: cannot open: Read-only file system"):
        Store.open(tmp_path / "new")


def test_a_limit_on_the_size_of_files_is_an_error_like_a_full_disk(store: Store) -> None:
    [(pages,)] = store._db.execute("PRAGMA page_count")
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="the disk is full"):
        store.commit(Snapshot(bans=[ban_row("192.0.2.1", 1.0, evidence=bytes(9000))]))
    store._db.execute("PRAGMA max_page_count = 100000")
    store.commit(cut(1))
    assert store.prune(0.0, Bounds()) == 0
    assert len(list(store.history(None, 10))) == 1
