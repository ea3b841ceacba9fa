"""Edge: one process at a time writes in a state directory."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from banrows import ban_row

from amiguard.store import Claim, Snapshot, Store, StoreError, claim

SNAPSHOT = Snapshot(bans=[ban_row("192.0.2.1", since=100.0)])
HOLDER = """
import sys
from pathlib import Path
from amiguard.store import Claim
Claim().take(Path(sys.argv[1]))
print("mine", flush=True)
sys.stdin.read()
"""


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim, "_WAIT", 0.01)


def test_who_comes_second_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    with contextlib.closing(Claim()) as second:
        with contextlib.closing(Claim()) as first:
            assert [] == first.take(tmp_path)
            with pytest.raises(StoreError, match=rf"^{tmp_path}: another amiguard is at work there$"):
                second.take(tmp_path)
        assert [] == second.take(tmp_path)


def test_what_is_ours_is_ours_when_it_is_taken_again(tmp_path: Path) -> None:
    with contextlib.closing(Claim()) as ours, contextlib.closing(Claim()) as other:
        ours.take(tmp_path)
        before = open_files()
        assert [] == ours.take(tmp_path)
        assert before == open_files()
        with pytest.raises(StoreError):
            other.take(tmp_path)
        assert before == open_files()


def test_who_moves_on_lets_go_of_where_he_was(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with contextlib.closing(Claim()) as ours, contextlib.closing(Claim()) as other:
        ours.take(tmp_path)
        ours.take(tmp_path / "new")
        assert [] == other.take(tmp_path)


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with (
        contextlib.closing(Claim()) as ours,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder,
    ):
        assert holder.stdout is not None
        assert "mine\n" == holder.stdout.readline()
        with pytest.raises(StoreError):
            ours.take(tmp_path)
        holder.kill()
        holder.wait()
        assert [] == ours.take(tmp_path)


def test_a_second_store_is_refused_before_it_has_touched_anything(state_dir: Path) -> None:
    with (
        contextlib.closing(Claim()) as ours,
        contextlib.closing(Claim()) as other,
        Store.open(state_dir, ours),
    ):
        (state_dir / "amiguard.db").write_bytes(b"rubbish" * 1000)
        with pytest.raises(StoreError, match="another amiguard"):
            Store.open(state_dir, other)
        assert [] == list(state_dir.glob("*corrupt*"))


def test_a_directory_that_is_put_back_is_claimed_anew(state_dir: Path) -> None:
    with contextlib.closing(Claim()) as ours, contextlib.closing(Claim()) as other:
        with Store.open(state_dir, ours) as store:
            shutil.rmtree(state_dir)
            store.commit(SNAPSHOT)
        with pytest.raises(StoreError):
            other.take(state_dir)


def test_a_new_directory_that_another_has_claimed_is_left_alone(state_dir: Path) -> None:
    with contextlib.ExitStack() as stack:
        ours, other = (stack.enter_context(contextlib.closing(Claim())) for _ in range(2))
        store = stack.enter_context(Store.open(state_dir, ours))
        shutil.rmtree(state_dir)
        with Store.open(state_dir, other) as theirs:
            for write in (lambda: store.commit(SNAPSHOT), store.begin_anew):
                with pytest.raises(StoreError, match="another amiguard"):
                    write()
            assert [] == list(theirs.history(None, 10))
        other.close()
        store.commit(SNAPSHOT)
        assert SNAPSHOT.bans == list(store.history(None, 10))


def test_where_nothing_can_be_locked_there_is_a_warning(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on NFS, which needs a server that a test has no right to run."""

    def refuse(*_: int) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with contextlib.closing(Claim()) as ours, Store.open(state_dir, ours) as store:
        (warning,) = store.warnings
        assert f"{state_dir}: it cannot be locked" in warning
        store.commit(SNAPSHOT)
