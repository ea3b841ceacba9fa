"""Edge: the memory of the guard, one writer and any number of readers beside it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from amiguard.store import pruning, reading, writing
from amiguard.store.errors import telling
from amiguard.store.opening import (
    NAME,
    Standing,
    begin_anew,
    borrow,
    open_database,
    open_for_reading,
    transaction,
    transplant,
)
from amiguard.store.pruning import BOUNDS, Bounds
from amiguard.store.rows import Snapshot

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from amiguard.judge.tallies import Tally
    from amiguard.model import Ban, Prefix
    from amiguard.store.claim import Claim
    from amiguard.store.rows import BanRow, DropRow, Memory

_log = logging.getLogger("amiguard")


class Archive:
    """What can be read: memory, bans that run, and history; also while a service writes, and when none does.

    Every method raises `StoreError` when the file cannot be read.
    """

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open the database in `directory` for reading.

        Raises:
            StoreError: there is none, or it cannot be read.
        """
        return cls(open_for_reading(directory), directory / NAME)

    def load(self) -> Memory:
        """Read positions, scores, friends, notes and allows as of the last commit."""
        with telling(self._path, "load"):
            return reading.memory(self._db)

    def running(self, now: float) -> Iterator[Ban]:
        """Stream the bans that were not cut short and last beyond `now`, in no order."""
        with telling(self._path, "read the bans"):
            yield from reading.running(self._db, now)

    def history(self, source: Prefix | None, limit: int, *, evidence: bool = False) -> Iterator[BanRow]:
        """Stream bans of networks inside or around `source` (None: of all), newest first, at most `limit`."""
        with telling(self._path, "read the history"):
            yield from reading.history(self._db, source, limit, evidence=evidence)

    def tallies(self, since: float) -> Iterator[Tally]:
        """Stream failures by the hour, oldest first, from the hour that holds `since` on."""
        with telling(self._path, "read the tallies"):
            yield from reading.tallies(self._db, since)

    def drops(self, since: float) -> Iterator[DropRow]:
        """Stream packets dropped by the hour, oldest first, from the hour that holds `since` on."""
        with telling(self._path, "read the drops"):
            yield from reading.drops(self._db, since)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Store(Archive):
    """The one writer.  Its methods block; call them from any thread, but from one at a time.

    Attributes:
        warnings: what the administrator should know about the opening.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        path: Path,
        claim: Claim | None = None,
        warnings: Sequence[str] = (),
        standing: Standing | None = None,
    ) -> None:
        super().__init__(db, path)
        self._claim = claim
        self.warnings = tuple(warnings)
        self._standing = standing or Standing.of(path)

    @classmethod
    def open(cls, directory: Path, claim: Claim | None = None) -> Self:
        """Open the database in `directory`, made and migrated as need be; set a damaged one aside.

        Args:
            directory: where it is.
            claim: is taken, and stays the caller's; None where nobody else could write.

        Raises:
            StoreError: the directory or file cannot be used, is another's, is of a newer version or not ours.
        """
        db, warnings = open_database(directory, claim)
        return cls(db, directory / NAME, claim, warnings)

    @classmethod
    def borrowed(cls, directory: Path, claim: Claim | None = None) -> Self:
        """Go on in memory with what is in `directory`, until that can be written again.

        Raises:
            StoreError: it is of a newer version, or not ours.
        """
        path = directory / NAME
        with telling(path, "read"):
            # As no file stands so, the first commit that can be made puts all of it there.
            return cls(borrow(path), path, claim, standing=Standing())

    def strikes(self, since: float) -> Iterator[tuple[Prefix, float]]:
        """Stream sources and times of judged bans after `since` that nobody pardoned, oldest first."""
        with telling(self._path, "read the strikes"):
            yield from reading.strikes(self._db, since)

    def commit(self, new: Snapshot) -> None:
        """Write the snapshot whole, or raise and leave everything as it was.

        A file that somebody has removed or replaced is put back first, with all that was in it.

        Raises:
            StoreError: full disk, read-only file, input/output error, locked by another; the same
                snapshot may be committed again once the cause is gone.  Or it is damaged.
        """
        with telling(self._path, "write"):
            self._check()
            with transaction(self._db):
                writing.write(self._db, new)

    def begin_anew(self) -> None:
        """Set a damaged file aside and begin an empty one.

        Raises:
            StoreError: none can be begun.
        """
        with telling(self._path, "begin a new one"):
            self._db, aside = begin_anew(self._db, self._path, self._claim)
            self._standing = Standing.of(self._path)
        _log.warning("%s: it was damaged; set aside as %s, a new one is begun", self._path, aside.name)

    def _check(self) -> None:
        """See whether the file is still there; as long as it is open, all of it can be put back."""
        standing = Standing.of(self._path)
        if standing.same(self._standing):
            self._standing = standing
            return
        self._db = transplant(self._db, self._path, self._claim)
        self._standing = Standing.of(self._path)
        _log.warning("%s: somebody has removed or replaced it; it is put back whole", self._path)

    def pardon(self, source: Prefix) -> None:
        """Let the newest judged ban of `source` no longer count as a strike."""
        self.commit(Snapshot(pardoned=[source]))

    def prune(self, now: float, bounds: Bounds = BOUNDS) -> int:
        """Delete a step's worth of what exceeds the bounds; bans that still run at `now` are kept.

        Returns:
            The number of rows deleted; 0 when nothing is left to delete.

        Raises:
            StoreError: as `commit`.
        """
        with telling(self._path, "prune"), transaction(self._db):
            return pruning.prune(self._db, now, bounds)
