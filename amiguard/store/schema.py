"""Pure: the database's tables, as the steps that lead from each version to the next.

Networks are 4 or 16 bytes with their length beside them; times are seconds
since the epoch, infinity for one that never comes.
"""

from __future__ import annotations

APPLICATION = 0x616D6967  # "amig", in the file's header, where `file` and we look for it

_BANS = """
CREATE TABLE bans (
    id        INTEGER PRIMARY KEY,
    network   BLOB    NOT NULL,
    length    INTEGER NOT NULL,
    scope     TEXT    NOT NULL CHECK (scope IN ('house', 'door')),
    proof     TEXT    NOT NULL CHECK (proof IN ('proven', 'unproven')),
    since     REAL    NOT NULL,
    until     REAL    NOT NULL,
    reason    TEXT    NOT NULL,
    origin    TEXT    NOT NULL,
    strike    INTEGER NOT NULL,
    score     REAL    NOT NULL,
    ended     REAL,
    ended_why TEXT             CHECK (ended_why IN ('expired', 'unbanned', 'replaced')),
    pardoned  INTEGER NOT NULL DEFAULT 0,
    UNIQUE (network, length, scope, since)
)"""

_EVIDENCE = """
CREATE TABLE evidence (
    id      INTEGER PRIMARY KEY REFERENCES bans (id) ON DELETE CASCADE,
    records BLOB    NOT NULL
)"""

_STATES = """
CREATE TABLE {name} (
    network BLOB,
    length  INTEGER,
    state   BLOB NOT NULL,
    PRIMARY KEY (network, length)
) WITHOUT ROWID"""

# Device and inode are unsigned 64 bits, one more than an INTEGER holds.
_POSITIONS = """
CREATE TABLE positions (
    path     BLOB PRIMARY KEY,
    device   TEXT    NOT NULL,
    inode    TEXT    NOT NULL,
    "offset" INTEGER NOT NULL,
    head     BLOB    NOT NULL
) WITHOUT ROWID"""

_TALLIES = """
CREATE TABLE tallies (
    hour      INTEGER,
    event     TEXT,
    service   TEXT,
    transport TEXT,
    proof     TEXT CHECK (proof IN ('proven', 'unproven')),
    times     INTEGER NOT NULL,
    PRIMARY KEY (hour, event, service, transport, proof)
) WITHOUT ROWID"""

_DROPS = """
CREATE TABLE drops (
    hour    INTEGER PRIMARY KEY,
    packets INTEGER NOT NULL
)"""

STEPS: tuple[tuple[str, ...], ...] = (
    (
        _BANS,
        # Covers the look-up of strikes, so that a start need not visit a million rows of history.
        "CREATE INDEX bans_since ON bans (since, origin, pardoned, network, length)",
        "CREATE INDEX bans_running ON bans (until) WHERE ended IS NULL",
        _EVIDENCE,
        _STATES.format(name="scores"),
        _STATES.format(name="friends"),
        "CREATE TABLE allows (network BLOB, length INTEGER, PRIMARY KEY (network, length)) WITHOUT ROWID",
        "CREATE TABLE notes (name TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID",
        _POSITIONS,
    ),
    (_TALLIES,),
    (_DROPS,),
)
