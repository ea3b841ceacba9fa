"""Edge: the memory of the guard in SQLite.

It is memory, not the truth of now, which the kernel holds: bans and their
evidence, strikes, scores, friends, allows, and how far each log was read.  One
rule makes it proof against crashes: a transaction is a consistent cut.  After
kill -9 the logs are read again from the saved positions with the scores of
that same moment, so judging repeats exactly, and a ban that is recorded
already is not recorded twice.
"""

from amiguard.store.claim import Claim
from amiguard.store.errors import StoreError
from amiguard.store.pruning import Bounds
from amiguard.store.rows import BanRow, DropRow, EndedWhy, Ending, Memory, PositionRow, Snapshot, StateRow
from amiguard.store.store import Archive, Store

__all__ = [
    "Archive",
    "BanRow",
    "Bounds",
    "Claim",
    "DropRow",
    "EndedWhy",
    "Ending",
    "Memory",
    "PositionRow",
    "Snapshot",
    "StateRow",
    "Store",
    "StoreError",
]
