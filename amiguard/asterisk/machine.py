"""Edge: what this host says of an Asterisk installation: sockets, version, users, certificates, logs."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import pwd
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from amiguard import host
from amiguard.asterisk.audit import telling
from amiguard.asterisk.audit.certificate import Certificate, certificate
from amiguard.asterisk.audit.facts import Facts, LogState, Status
from amiguard.asterisk.audit.logrules import WORDS

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from amiguard.asterisk.audit.facts import Listener, Version
    from amiguard.asterisk.audit.site import Site
    from amiguard.model import Prefix

_PROC: Final = Path("/proc")
_DPKG: Final = Path("/var/lib/dpkg/status")
_PATIENCE: Final = 5.0
_TAIL: Final = 256 * 1024
_MOST_USERS: Final = 100
_SOCKETS: Final[tuple[tuple[Literal["tcp", "udp"], str], ...]] = (
    ("tcp", "tcp"), ("tcp", "tcp6"), ("udp", "udp"), ("udp", "udp6")
)  # fmt: skip
_MODULES: Final = "/usr/lib/asterisk/modules"


def facts(site: Site, directory: str) -> Facts:
    """What this host says of its own installation, whose configuration is read."""
    console = _Console(directory)
    return Facts(
        now=time.time(),
        here=True,
        hostname=socket.gethostname(),
        version=_version(console),
        listeners=tuple(_listeners()),
        own=_own(),
        modules=_modules(site),
        certificates=_certificates(site),
        logs={channel.path: _log(Path(channel.path)) for channel in site.channels if channel.path},
        running=_running(console),
        connected=telling.connected(console.ask("manager show connected")),
        user=_user(),
    )


def statuses(seen: Mapping[str, os.stat_result], others: Iterable[str] = ()) -> dict[str, Status]:
    """Who may read and write the files that were read, their folders, and others."""
    found = dict(seen)
    for path in {*(str(Path(each).parent) for each in seen), *others}:
        with contextlib.suppress(OSError):
            found[path] = Path(path).stat()
    return {path: _status(each) for path, each in found.items()}


def _status(found: os.stat_result) -> Status:
    try:
        owner = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        owner = str(found.st_uid)
    try:
        group = grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        group = str(found.st_gid)
    return Status(stat.S_IMODE(found.st_mode), owner, group, stat.S_ISDIR(found.st_mode))


class _Console:
    """Asterisk's program, where there is one: its version, and the console of the Asterisk that runs."""

    def __init__(self, directory: str) -> None:
        self._program = shutil.which(
            "asterisk", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/sbin"
        )
        self._conf = str(Path(directory, "asterisk.conf"))

    def ask(self, command: str) -> str:
        """What the console prints; nothing where Asterisk does not run, or does not let us."""
        return self.run("-C", self._conf, "-rx", command)

    def run(self, *words: str) -> str:
        """What the program prints."""
        if self._program is None:
            return ""
        try:
            ran = subprocess.run(  # noqa: S603 - found in folders of the system's, and no shell
                [self._program, *words],
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return ran.stdout.decode("utf-8", "replace") if ran.returncode == 0 else ""


def _version(console: _Console) -> Version | None:
    """By the program; where that cannot be run, by Debian's list of packages."""
    found = telling.version(console.run("-V"))
    if found is None:
        with contextlib.suppress(OSError):
            packages = _DPKG.read_text(encoding="utf-8", errors="replace").split("\n\n")
            package = next((each for each in packages if each.startswith("Package: asterisk\n")), "")
            found = telling.version(package)
    return found


def _listeners() -> Iterable[Listener]:
    for protocol, name in _SOCKETS:
        with contextlib.suppress(OSError):
            text = (_PROC / "net" / name).read_text(encoding="ascii")
            yield from telling.listeners(text, protocol)


def _own() -> frozenset[Prefix]:
    try:
        return asyncio.run(host.look(())).addresses
    except OSError:
        return frozenset()


def _modules(site: Site) -> frozenset[str] | None:
    folder = site.conf("asterisk.conf").last("directories", "astmoddir") or _MODULES
    names = frozenset(path.stem for path in Path(folder).glob("*.so"))
    return names or None


def _certificates(site: Site) -> dict[str, Certificate | str]:
    line = site.manager.last("tlscertfile")
    return {line.value: _certificate(Path(line.value))} if line else {}


def _certificate(path: Path) -> Certificate | str:
    try:
        return certificate(path.read_bytes())
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError as error:
        return f"cannot be read: {error}"


def _log(path: Path) -> LogState:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - _TAIL, 0))
            tail = file.read(_TAIL)
    except FileNotFoundError:
        return LogState("does not exist")
    except OSError as error:
        return LogState(f"cannot be read: {error.strerror}")
    return LogState("", tuple(word.decode() for word in WORDS if word in tail))


def _running(console: _Console) -> Mapping[str, tuple[frozenset[str], frozenset[str]]] | None:
    names = telling.users(console.ask("manager show users"))[:_MOST_USERS]
    told = {name: telling.rights(console.ask(f"manager show user {name}")) for name in names}
    return {name: classes for name, classes in told.items() if classes} or None


def _user() -> str:
    """Under whom Asterisk runs; empty if it does not."""
    for comm in _PROC.glob("[0-9]*/comm"):
        with contextlib.suppress(OSError, KeyError):
            if comm.read_text(encoding="utf-8", errors="replace") == "asterisk\n":
                return pwd.getpwuid(comm.parent.stat().st_uid).pw_name
    return ""
