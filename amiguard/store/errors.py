"""Edge: what SQLite and the file system complain of, in words that name the file and the cause."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_PASSING = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})
_PASSING_ERRNO = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})

_CAUSES = {
    sqlite3.SQLITE_BUSY: "another process holds it locked",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "reading or writing failed, or the disk is full",
    sqlite3.SQLITE_READONLY: "it may not be written",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_PERM: "permission denied",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is no SQLite database",
}


class StoreError(Exception):
    """The store could not do what was asked; the text names the file, the deed and the cause.

    Attributes:
        damaged: the file can never be used again.
        passing: the disk is full, read-only or ill, which may pass.
    """

    def __init__(self, text: str, *, damaged: bool = False, passing: bool = False) -> None:
        super().__init__(text)
        self.damaged = damaged
        self.passing = passing


def code(error: sqlite3.Error) -> int:
    """SQLite's primary result code of the error; SQLITE_ERROR where Python raised it by itself."""
    # The low byte is the primary code: https://sqlite.org/rescode.html#primary_result_codes_versus_extended
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


@contextlib.contextmanager
def telling(path: Path, deed: str) -> Iterator[None]:
    """Turn errors of SQLite and of the file system into a `StoreError`: "PATH: cannot DEED: CAUSE"."""
    try:
        yield
    except sqlite3.Error as error:
        known = _CAUSES.get(code(error))
        text = f"{path}: cannot {deed}: {f'{known} ({error})' if known else error}"
        raise StoreError(text, damaged=code(error) in DAMAGED, passing=code(error) in _PASSING) from error
    except UnicodeDecodeError as error:  # SQLite quotes a schema that is none, and Python would have it UTF-8
        raise StoreError(f"{path}: cannot {deed}: it is damaged ({error})", damaged=True) from error
    except OSError as error:
        text = f"{error.filename or path}: cannot {deed}: {error.strerror or error}"
        raise StoreError(text, passing=error.errno in _PASSING_ERRNO) from error
