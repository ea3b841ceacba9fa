"""Edge: find, make, prove, migrate and, where it is beyond reading, set aside the database file."""

from __future__ import annotations

import contextlib
import errno
import itertools
import shutil
import sqlite3
import time
from typing import TYPE_CHECKING, NamedTuple, Self

from amiguard.store.errors import DAMAGED, StoreError, code, telling
from amiguard.store.schema import APPLICATION, STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from amiguard.store.claim import Claim

NAME = "amiguard.db"

_PARTS = ("", "-wal", "-shm")
_WAIT = 2.0  # seconds for another process to let go of a lock
_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 16777216",  # after a burst the log shrinks again to 16 MiB
)


class _DamagedError(sqlite3.DatabaseError):
    """`quick_check`, or a look at the file, has found something."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def open_database(directory: Path, claim: Claim | None) -> tuple[sqlite3.Connection, list[str]]:
    """Open the database in `directory` for writing, made and migrated as need be.

    Args:
        directory: where it is; made as need be.
        claim: takes the directory before anything is read or written there.

    Returns:
        The connection, in autocommit, and warnings for the administrator.

    Raises:
        StoreError: the directory or file cannot be used, is another's, is of a newer version or not ours.
    """
    path = directory / NAME
    with telling(path, "open"):
        warnings = _own(directory, claim)
        try:
            return _open(path), warnings
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if isinstance(error, sqlite3.DatabaseError) and code(error) not in DAMAGED:
                raise
            aside = set_aside(path)
            warnings.append(f"{path}: {error}; set aside as {aside.name}, a new one is begun")
            return _open(path), warnings


def transplant(db: sqlite3.Connection, path: Path, claim: Claim | None) -> sqlite3.Connection:
    """Put a copy of an open database where its file is no longer, and open that; the old one is closed.

    Raises:
        sqlite3.Error, OSError: it cannot be copied, and everything is as it was.
        StoreError: its directory is a new one, which is another's by now; everything is as it was.
    """
    _own(path.parent, claim)
    _have_room(db, path)
    copy = path.with_name(f"{path.name}.copy")
    try:
        copy.unlink(missing_ok=True)
        copy.touch(mode=0o600)
        with contextlib.closing(_connect(copy, "rw")) as target:
            db.backup(target)
        set_aside(path)
        copy.rename(path)
    finally:
        copy.unlink(missing_ok=True)
    fresh = _open(path)
    db.close()
    return fresh


def borrow(path: Path) -> sqlite3.Connection:
    """Open a copy of the database in memory, or an empty one; nothing is written to the disk.

    Raises:
        StoreError: it is of a newer version, or another program's.
    """
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for mode in ("ro", "ro&immutable=1"):  # the second needs no room for an index of the log, nor reads it
        with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(_connect(path, mode)) as source:
            source.backup(db)
            break
    db.execute("PRAGMA foreign_keys = ON")
    migrate(db)
    return db


def begin_anew(db: sqlite3.Connection, path: Path, claim: Claim | None) -> tuple[sqlite3.Connection, Path]:
    """Set a database that is beyond use aside, and begin an empty one; gives it, and where the old one is.

    Raises:
        sqlite3.Error, OSError: no new one can be begun.
        StoreError: its directory is a new one, which is another's by now.
    """
    _own(path.parent, claim)
    aside = set_aside(path)
    fresh = _open(path)
    db.close()
    return fresh, aside


def _have_room(db: sqlite3.Connection, path: Path) -> None:
    """See whether a copy can fit: it is tried again and again, and a half one is work for nothing."""
    [(pages,)] = db.execute("PRAGMA page_count")
    [(size,)] = db.execute("PRAGMA page_size")
    if shutil.disk_usage(path.parent).free < pages * size:
        raise OSError(errno.ENOSPC, "the disk is full", str(path))


class Standing(NamedTuple):
    """How a database file was found: what tells it from another of its name, and its size in bytes."""

    device: int = 0
    inode: int = 0
    size: int = 0

    @classmethod
    def of(cls, path: Path) -> Self:
        """See how it stands; all 0 when there is none."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return cls()
        return cls(found.st_dev, found.st_ino, found.st_size)

    def same(self, before: Standing) -> bool:
        """Whether it is the file that was there before.

        Raises:
            sqlite3.DatabaseError: it is, but its end is missing: ours only grow.
        """
        if self[:2] == before[:2] and self.size < before.size:
            raise _DamagedError(f"of {before.size} bytes {self.size} are left")
        return self[:2] == before[:2]


def open_for_reading(directory: Path) -> sqlite3.Connection:
    """Open the database in `directory` beside whoever writes to it.

    Raises:
        StoreError: there is none, it is of another version, or it cannot be read.
    """
    path = directory / NAME
    with telling(path, "read"), contextlib.ExitStack() as undo:
        path.stat()  # says "No such file", where SQLite only cannot open it
        db = _connect(path, "ro")
        undo.callback(db.close)
        known = _version(db)
        if known != len(STEPS):
            raise StoreError(f"{path}: cannot read: its version is {known}, this amiguard's is {len(STEPS)}")
        undo.pop_all()
        return db


def migrate(db: sqlite3.Connection, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Bring the schema to the newest version, all of it or nothing.

    Raises:
        StoreError: the database is of a newer version, or another program's.
    """
    known = _version(db)
    if known > len(steps):
        raise StoreError(f"{_file(db)}: version {known} is newer than this amiguard's ({len(steps)})")
    if known < len(steps):
        _climb(db, steps[known:], len(steps))


def _version(db: sqlite3.Connection) -> int:
    [(version,)] = db.execute("PRAGMA user_version")
    [(application,)] = db.execute("PRAGMA application_id")
    [(tables,)] = db.execute("SELECT count(*) FROM sqlite_master")
    if tables and application != APPLICATION:
        raise StoreError(f"{_file(db)}: this is not amiguard's database")
    return int(version)


def _climb(db: sqlite3.Connection, steps: Sequence[Sequence[str]], version: int) -> None:
    with transaction(db):
        for statement in itertools.chain.from_iterable(steps):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION:d}")
        db.execute(f"PRAGMA user_version = {version:d}")


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: everything within it, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        # Some errors have rolled back already: https://sqlite.org/lang_transaction.html
        if db.in_transaction:
            db.execute("ROLLBACK")


def _own(directory: Path, claim: Claim | None) -> list[str]:
    """Make the directory, claim it, and close it to others if nothing but ours is in it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    warnings = claim.take(directory) if claim else []
    if directory.stat().st_mode & 0o077 == 0:
        return warnings
    if all(entry.name.startswith(NAME) for entry in directory.iterdir()):
        directory.chmod(0o700)
        return warnings
    shared = f"{directory}: others can look into it, and it holds files that are not ours; make it 0700"
    return [*warnings, shared]


def _open(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    path.chmod(0o600)
    with contextlib.ExitStack() as undo:
        db = _connect(path, "rw")
        undo.callback(db.close)
        _prepare(db)
        undo.pop_all()
        return db


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # The writer's thread is not the one that opened; SQLite itself is built for that.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_WAIT,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=0,  # ours name thousands of values and hardly come twice: kept, they took 20 MB
    )


def _prepare(db: sqlite3.Connection) -> None:
    for setting in _SETTINGS:
        db.execute(setting)
    migrate(db)
    [(finding,)] = db.execute("PRAGMA quick_check(1)")
    if finding != "ok":
        raise _DamagedError(finding)


def set_aside(path: Path) -> Path:
    """Give a database, if it is there, another name, and free its own; gives the new one."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    stem = f"{path}.corrupt-{stamp}"
    names = itertools.chain([stem], (f"{stem}.{n}" for n in itertools.count(1)))
    aside = next(free for name in names if not (free := path.with_name(name.rpartition("/")[2])).exists())
    for part in _PARTS:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + part).rename(aside.with_name(aside.name + part))
    return aside


def _file(db: sqlite3.Connection) -> str:
    [(_, _, file)] = db.execute("PRAGMA database_list")
    return str(file)
