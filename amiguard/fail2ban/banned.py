"""Edge: the bans in fail2ban's database, which is only read."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from amiguard.fail2ban.ini import FilterError
from amiguard.model import FOREVER, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TABLES: Final = ("bips", "bans")
"""Where the bans stand: in `bips` those that run, since 0.11; before that `bans` has all."""
_LATEST: Final = "SELECT ip, jail, max(timeofban), {bantime} FROM {table} GROUP BY ip, jail"


class Banned(NamedTuple):
    """A ban that runs: whom, for which jail, and the seconds that are left (`FOREVER`: for good)."""

    source: Prefix
    jail: str
    left: float


def banned(database: Path, now: float) -> list[Banned]:
    """The bans that run at `now` (seconds since the epoch); of what is no address, none.

    Raises:
        FilterError: it is not there, or not fail2ban's.
    """
    if not database.is_file():
        raise FilterError(f"{database}: not there")
    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as db:
            return list(_running(db, now))
    except sqlite3.Error as error:
        raise FilterError(f"{database}: {error}") from error


def _running(db: sqlite3.Connection, now: float) -> Iterator[Banned]:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    table = next((name for name in _TABLES if name in tables), "bans")
    for ip, jail, since, bantime in db.execute(_LATEST.format(table=table, bantime="bantime")):
        left = FOREVER if bantime < 0 else since + bantime - now
        with contextlib.suppress(ValueError):
            if left >= 1:
                yield Banned(Prefix.parse(str(ip)), str(jail), left)
