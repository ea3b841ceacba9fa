"""Edge: how the service's log is written: every line has its head, however many of them a record tells."""

from __future__ import annotations

import logging
import os
import sys
from typing import Final

_RANKS: Final = {logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6}
_DEBUG_RANK: Final = 7


def log_to_stderr(*, verbose: bool) -> None:
    """Write the log to standard error; where that is the journal's, it gets levels instead of times."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JournalLines() if "JOURNAL_STREAM" in os.environ else Lines())
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    logging.getLogger("asyncio").setLevel(logging.WARNING)


class Lines(logging.Formatter):
    """Time and level, then the text."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the lines of a record."""
        head = self.head(record)
        return head + super().format(record).replace("\n", f"\n{head}")

    def head(self, record: logging.LogRecord) -> str:
        """What each line begins with."""
        return f"{self.formatTime(record)} {record.levelname} "


class JournalLines(Lines):
    """The level as sd-daemon(3) has it; the time systemd knows."""

    def head(self, record: logging.LogRecord) -> str:
        """What each line begins with."""
        return f"<{_RANKS.get(record.levelno, _DEBUG_RANK)}>"
