"""What a command needs to ask the service."""

from __future__ import annotations

import subprocess
import sys


def test_who_only_asks_needs_no_event_loop() -> None:
    """Importing asyncio takes longer than the rest of `amiguard list`."""
    script = "import sys, amiguard.asking; print('asyncio' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "False\n" == told.stdout
