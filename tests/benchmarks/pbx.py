"""Edge: a PBX with both channels: a log, and the tests' fake AMI, as impatient as Asterisk."""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
from pathlib import Path
from typing import Self

import process
from logfile import SecurityLog
from ours import Guard
from process import BenchError

sys.path.append(str(Path(__file__).parents[1]))
import fakeasterisk

_SIOCSIFFLAGS = 0x8914  # include/uapi/linux/sockios.h
_IFF_UP = 1
_SETTINGS = """
[[ami]]
port = {port}
secret_file = "{secret}"
"""


class Pbx:
    """A context manager: an `amiguard run` of its own under `root`, which hears us by log and AMI."""

    def __init__(self, root: Path, write_timeout: float = fakeasterisk.WRITE_TIMEOUT) -> None:
        root.mkdir(exist_ok=True)
        self._manager = fakeasterisk.Manager(write_timeout)
        self._server = fakeasterisk.Server(self._manager.serve)
        self._log = SecurityLog(root / "security.log")
        secret = root / "ami.secret"
        secret.touch(0o600)
        secret.write_bytes(self._manager.USERS[b"amiguard"][0])
        settings = _SETTINGS.format(port=self._server.port, secret=secret)
        self.guard = Guard(root, self._log.path, settings=settings)

    def __enter__(self) -> Self:
        _raise_loopback()
        self._server.__enter__()
        self.guard.__enter__()
        process.until(self._listened_to, "the AMI's log-in", 30)
        return self

    def __exit__(self, *_: object) -> None:
        self.guard.stop()
        self._server.__exit__()
        self._log.__exit__()

    def log(self, text: str) -> None:
        """Write classic records into the log."""
        self._log.write(text)

    def ami(self, text: str) -> None:
        """Send events over the AMI, as `records.as_ami` makes them.

        Raises:
            BenchError: Asterisk has ended the session, as it does when a write takes too long.
        """
        self._manager.publish(text.encode())
        if not self._manager.sessions[-1].hears:
            raise BenchError("the AMI session has ended: amiguard read too slowly")

    @property
    def repeats(self) -> int:
        """Failures that either channel told and the other had told before."""
        return int((self.guard.status() or {"repeats": 0})["repeats"])

    @property
    def missed(self) -> int:
        """Events that came over the AMI and found no room."""
        return int(self._said()["missed"])

    def _said(self) -> dict[str, int | str]:
        status = self.guard.status() or {"sources": []}
        return next((each for each in status["sources"] if each["kind"] == "ami"), {"state": "none"})

    def _listened_to(self) -> bool:
        return self._said()["state"] == "listening"


def _raise_loopback() -> None:
    """Let this network namespace speak to itself, which a new one does not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))
