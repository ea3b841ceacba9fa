"""Edge: real journal files, written by systemd-journal-remote out of the export format.

https://systemd.io/JOURNAL_EXPORT_FORMATS/
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest

PROGRAM = shutil.which("systemd-journal-remote", path="/usr/lib/systemd:/lib/systemd")
MACHINE = Path("/etc/machine-id")
needs_journal = pytest.mark.skipif(
    not (PROGRAM and MACHINE.is_file()), reason="needs systemd-journal-remote and /etc/machine-id"
)

UNIT = "asterisk.service"
_BOOT = b"a" * 32
_BEGUN = 1_700_000_000_000_000


def entry(message: bytes, at: float | None = None, **fields: bytes) -> bytes:
    """What Asterisk tells syslog, as journald keeps it; `at` is in seconds since the epoch."""
    told = {
        "_SYSTEMD_UNIT": UNIT.encode(),
        "_TRANSPORT": b"syslog",
        "_HOSTNAME": b"pbx",
        "_PID": b"12",
        "SYSLOG_IDENTIFIER": b"asterisk",
        "MESSAGE": message,
        **fields,
    }
    when = int((time.time() if at is None else at) * 1e6)
    head = f"__REALTIME_TIMESTAMP={when}\n__MONOTONIC_TIMESTAMP={when - _BEGUN}\n_BOOT_ID={_BOOT.decode()}\n"
    pairs = (
        name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n" for name, value in told.items()
    )
    return head.encode() + b"".join(pairs) + b"\n"


def write(file: Path, *entries: bytes) -> None:
    """Append entries to a journal file, which is made where there is none."""
    assert PROGRAM
    command = [PROGRAM, f"--output={file}", "--split-mode=none", "-"]
    subprocess.run(command, input=b"".join(entries), check=True, capture_output=True)
