"""Edge: the console of the Asterisk that runs, asked over its socket, as `asterisk -rx` does."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

_PATIENCE: Final = 5.0
_LARGEST: Final = 1 << 20


class Console:
    """Asks; whatever goes wrong, Asterisk has said nothing."""

    def __init__(self, path: str) -> None:
        """Ask at this socket, `asterisk.ctl`."""
        self._path = Path(path)

    def ask(self, command: str) -> str:
        """What it prints, behind the line that says who and which version it is; a MiB at most."""
        return self._told(command).partition("\n")[2]

    def banner(self) -> str:
        """That line: ``HOST/PID/VERSION``."""
        return self._told("core show uptime").partition("\n")[0]

    def _told(self, command: str) -> str:
        try:
            # The folder's descriptor keeps a long path below the 108 bytes of an address.
            folder = os.open(self._path.parent, os.O_PATH)
        except OSError:
            return ""
        try:
            return _ask(f"/proc/self/fd/{folder}/{self._path.name}", command).decode("utf-8", "replace")
        except OSError:
            return ""
        finally:
            os.close(folder)


def _ask(path: str, command: str) -> bytes:
    told = b""
    with socket.socket(socket.AF_UNIX) as console:
        console.settimeout(_PATIENCE)
        console.connect(path)
        console.sendall(b"cli quit after " + command.encode("utf-8", "surrogateescape") + b"\0")
        while (received := console.recv(65536)) and len(told) < _LARGEST:
            told += received
    return told
