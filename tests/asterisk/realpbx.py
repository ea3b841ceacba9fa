"""Edge: a real Asterisk at work in a network of its own: started, asked, reloaded, killed.

All it reads and writes is in one folder; its chroot is read-only.  Process and
mount namespaces are its own, so nothing outlives it, whatever happens to us.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import chroots
import pbxconf
from fakeasterisk import Pbx
from lab import until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from networks import Network

AMI_PORT = 5038
HTTP_PORT = 8088
SIP_PORT = 5060
CHAN_SIP_PORT = 5070

_EVENT = re.compile(
    r'SecurityEvent="(?P<kind>\w+)",EventTV="(?P<time>[^"]*)".*,AccountID="(?P<account>[^"]*)"'
    r'.*,RemoteAddress="IPV[46]/\w+/(?P<source>[^/"]*)/'
)
_CONF = Path(__file__).parent / "conf"
_FOLDERS = ("etc/asterisk", "log", "run", "db", "spool")
_LIMIT = 30.0
# The first shell is the first process of its namespace: when it ends, or pytest does, all in there ends.
_BEFORE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child")
_RUN = """
set -eu
mount --make-rprivate /
hostname "$3"
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount --bind "$2" "$1/$4"
mount --bind "$2/etc/asterisk" "$1/$4/etc"
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/tmp"  # AMI over HTTP wants it
cd /
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C chroot "$1" \
    asterisk -f -C "/$4/etc/asterisk.conf" -U asterisk -G asterisk
"""
# amiguard finds the configuration where it is on a PBX; only it sees it there.
_SEES_CONF = 'mount -t overlay overlay -o "lowerdir=$0/seen:$0/etc:/etc" /etc && exec "$@"'
_SEEN = "[directories]\nastetcdir => /etc/asterisk\nastlogdir => {}\n"


class Raised(NamedTuple):
    """An event that Asterisk has raised: its kind, whom it names, and when."""

    kind: str
    account: str
    time: float


class RealPbx:
    """An Asterisk of one release; a context manager that starts and ends it.

    Args:
        release: "16" or "22", which has been built.
        folder: gets everything it reads and writes.
        network: where it runs.
        added: what is appended to its configuration, by file name.
    """

    def __init__(self, release: str, folder: Path, network: Network, added: Mapping[str, str]) -> None:
        self.release = release
        self.folder = folder
        self.conf = folder / "etc/asterisk"
        self.log = folder / "log"
        self.network = network
        self._process: subprocess.Popen[bytes] | None = None
        self._configure(added)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def ami(self) -> Pbx:
        """How its AMI is reached, inside `network`."""
        return Pbx("127.0.0.1", AMI_PORT, pbxconf.AMI_USER, pbxconf.AMI_SECRET, "deaf", "hears-nothing")

    def start(self) -> Self:
        """Start it and wait until it serves."""
        words = (chroots.path(self.release), self.folder, chroots.HOSTNAME, chroots.WORKSPACE)
        command = [*_BEFORE, "sh", "-c", _RUN, "sh", *map(str, words)]
        with self.network.inside(), (self.log / "console").open("ab") as said:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        self.until_up()
        return self

    def until_up(self) -> None:
        """Wait until it is fully booted and serves the AMI."""
        until(self._is_up, f"Asterisk {self.release}, see {self.log}", _LIMIT)

    def kill(self) -> None:
        """End it as `kill -9` does, and wait until nothing of it is left.

        The end of a namespace's first process waits for that of all others in it.
        """
        assert self._process is not None
        pid = self._process.pid
        with contextlib.suppress(FileNotFoundError):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
                os.kill(int(child), signal.SIGKILL)
        self._process.wait(_LIMIT)

    def stop(self) -> None:
        """End it as systemd does."""
        self.cli("core stop now")
        assert self._process is not None
        self._process.wait(_LIMIT)

    def cli(self, command: str) -> str:
        """What Asterisk answers to a command of its console."""
        folder = os.open(self.folder / "run", os.O_PATH)
        try:
            return _ask(f"/proc/self/fd/{folder}/asterisk.ctl", command)
        finally:
            os.close(folder)

    def rewrite(self, name: str, added: str) -> None:
        """Write a file of its configuration anew, with this appended; no reload."""
        self._write(name, pbxconf.complete(_base(), {name: added})[name])

    def says(self, name: str = "security") -> str:
        """What is in a log."""
        file = self.log / name
        return file.read_text(encoding="utf-8", errors="backslashreplace") if file.exists() else ""

    def heard(self) -> int:
        """How many bytes the JSON log has."""
        return (self.log / "security.json").stat().st_size

    def says_since(self, heard: int) -> str:
        """What the JSON log says behind so many bytes."""
        with (self.log / "security.json").open("rb") as file:
            file.seek(heard)
            return file.read().decode(errors="backslashreplace")

    def raised(self, source: str) -> list[Raised]:
        """The security events about an address, as the JSON log and what was rotated out of it tell.

        Nobody hostile may have written them: this is no parser.
        """
        files = sorted(self.log.glob("security.json*"), key=lambda file: file.stat().st_mtime)
        lines = (line for file in files for line in file.read_bytes().splitlines())
        found = (_EVENT.search(line.replace(rb"\"", b'"').decode()) for line in lines)
        return [_raised(each) for each in found if each and each["source"] == source]

    def guard_words(self) -> list[str]:
        """What to start amiguard behind: it ends with us, and finds the configuration in /etc/asterisk."""
        return [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "unshare",
            "--mount",
            "sh",
            "-c",
            _SEES_CONF,
            str(self.folder),
        ]

    def _configure(self, added: Mapping[str, str]) -> None:
        for each in _FOLDERS:
            (self.folder / each).mkdir(parents=True)
        for name, text in pbxconf.complete(_base(), added).items():
            self._write(name, text)
        seen = self.folder / "seen/asterisk"
        seen.mkdir(parents=True)
        (seen / "asterisk.conf").write_text(_SEEN.format(self.log), encoding="utf-8")
        root = chroots.path(self.release)
        owner = (root / "var/lib/asterisk").stat()
        for each in [self.folder, *self.folder.rglob("*")]:
            os.chown(each, owner.st_uid, owner.st_gid)

    def _write(self, name: str, text: str) -> None:
        (self.conf / name).write_text(text, encoding="utf-8")

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.says("console")
        with contextlib.suppress(OSError):
            if "fully booted" not in self.cli("core waitfullybooted"):
                return False
            with self.network.inside(), socket.create_connection(("127.0.0.1", AMI_PORT), 1.0) as manager:
                return manager.recv(64).startswith(b"Asterisk")
        return False


def _raised(found: re.Match[str]) -> Raised:
    time = datetime.strptime(found["time"], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
    return Raised(found["kind"], found["account"], time)


def _base() -> dict[str, str]:
    return {each.name: each.read_text(encoding="ascii") for each in _CONF.glob("*.conf")}


def _ask(path: str, command: str) -> str:
    """Speak as `asterisk -rx` does."""
    with socket.socket(socket.AF_UNIX) as console:
        console.settimeout(_LIMIT)
        console.connect(path)
        console.sendall(b"cli quit after " + command.encode() + b"\0")
        told = b""
        while received := console.recv(65536):
            told += received
    return told.decode(errors="backslashreplace").partition("\n")[2]  # behind the banner
