"""Edge: `make torture` ends with the table of what the tests have put down."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import ordeal

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures, if any were put down."""
    book = Path(os.environ.get("TORTURE", "") or os.devnull)
    rows = [json.loads(line) for line in book.read_text(encoding="utf-8").splitlines()]
    if rows:
        terminalreporter.section(f"what it endured, seed {ordeal.SEED}")
    for row in rows:
        figures = ", ".join(
            f"{name.replace('_', ' ')} {value:,}" for name, value in row.items() if name != "what"
        )
        terminalreporter.write_line(f"{row['what']}: {figures}")
