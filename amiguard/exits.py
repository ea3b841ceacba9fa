"""Pure: how a command ends."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of all commands."""

    DONE = 0
    FAILED = 1
    """Or, of `check`: something stands in the way."""
    USAGE = 2
    """The words or the configuration are wrong."""
    NOTHING = 3
    """Nothing matched."""
    SILENT = 4
    """The service does not answer."""
    UNREAD = 5
    """`audit` could not read something, and found nothing in the rest."""
