"""Edge: what this host says of an Asterisk installation: sockets, version, users, certificates, logs."""

from __future__ import annotations

import asyncio
import contextlib
import glob
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
from amiguard.asterisk.audit.manager import last
from amiguard.asterisk.console import Console

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping

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
_MODULES: Final = ("/usr/lib/asterisk/modules", "/usr/lib/*/asterisk/modules", "/usr/lib64/asterisk/modules")
_RUN: Final = "/var/run/asterisk"
_PROGRAMS: Final = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/sbin"


def facts(site: Site) -> Facts:
    """What this host says of its own installation, whose configuration is read."""
    console = _console(site)
    return Facts(
        now=time.time(),
        here=True,
        hostname=socket.gethostname(),
        version=version(console),
        listeners=tuple(listeners()),
        own=_own(),
        modules=_modules(site),
        certificates=_certificates(site),
        logs={channel.path: _log(Path(channel.path)) for channel in site.channels if channel.path},
        running=running(console),
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


def _console(site: Site) -> Console:
    directory = site.directory("astrundir", _RUN)
    name = last(site.conf("asterisk.conf").section("files"), "astctl")
    return Console(str(Path(directory, name.value if name else "asterisk.ctl")))


def version(console: Console) -> Version | None:
    """Asterisk's, from wherever it is told; None if nowhere."""
    return next(filter(None, map(telling.version, _versions(console))), None)


def _versions(console: Console) -> Iterator[str]:
    """Where to look, one after the other: the Asterisk that runs, the program, Debian's list of packages."""
    yield f"Asterisk {console.banner().rpartition('/')[2]}"
    yield _program_version()
    yield _package_version()


def _program_version() -> str:
    program = shutil.which("asterisk", path=_PROGRAMS)
    if program is None:
        return ""
    try:
        ran = subprocess.run(  # noqa: S603 - found in folders of the system's, and no shell
            [program, "-V"], capture_output=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.decode("utf-8", "replace")


def _package_version() -> str:
    with contextlib.suppress(OSError):
        packages = _DPKG.read_text(encoding="utf-8", errors="replace").split("\n\n")
        return next((each for each in packages if each.startswith("Package: asterisk\n")), "")
    return ""


def listeners() -> Iterable[Listener]:
    """The sockets of this host that wait for anybody."""
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
    folders = [site.directory("astmoddir", "")] if site.directory("astmoddir", "") else _MODULES
    # An absolute pattern is beyond pathlib's glob; each library folder of the system's may have them.
    found = frozenset(Path(path).stem for folder in folders for path in glob.glob(f"{folder}/*.so"))  # noqa: PTH207
    return found or None


def _certificates(site: Site) -> dict[str, Certificate | str | None]:
    line = site.manager.last("tlscertfile")
    return {line.value: _certificate(Path(line.value))} if line else {}


def _certificate(path: Path) -> Certificate | str | None:
    try:
        return certificate(path.read_bytes())
    except PermissionError:
        return None
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


def running(console: Console) -> Mapping[str, tuple[frozenset[str], frozenset[str]]] | None:
    """The classes, read and write, that each AMI user has now, of a hundred users; None if not told."""
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
