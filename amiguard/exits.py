"""Pure: how a command ends."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """The exit codes of all commands; `MEANINGS` says what each means."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOTHING = 3
    SILENT = 4
    UNREAD = 5


MEANINGS: Final = {
    Exit.DONE: "done",
    Exit.FAILED: "failed; for `check`, something stands in the way; for `audit`, findings",
    Exit.USAGE: "usage or configuration is wrong",
    Exit.NOTHING: "nothing matched",
    Exit.SILENT: "the service does not answer",
    Exit.UNREAD: "`audit` could not read something, and found nothing in the rest",
}
"""For manual and man page."""
