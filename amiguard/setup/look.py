"""Edge: an installation, looked at; nothing is changed, and no ``#exec`` is run."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import secrets
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amiguard.asterisk import machine
from amiguard.asterisk.conf import MOST_BYTES, ConfError, load
from amiguard.asterisk.console import Console
from amiguard.asterisk.discover import DIRECTORY
from amiguard.asterisk.sections import Conf
from amiguard.setup import products, rotation
from amiguard.setup.own import DROP_IN
from amiguard.setup.view import CREDENTIAL, Folder, Unit, View
from amiguard.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOG_DIRECTORY: Final = "/var/log/asterisk"
_RUN: Final = "/var/run/asterisk"
_UNIT: Final = "amiguard.service"
_UNIT_FOLDERS: Final = tuple(
    f"{where}/systemd/system" for where in ("etc", "usr/local/lib", "usr/lib", "lib")
)
_OURS: Final = {
    f"/etc/systemd/system/{_UNIT}": _UNIT,
    "/etc/sysusers.d/amiguard.conf": "sysusers.d/amiguard.conf",
    "/etc/tmpfiles.d/amiguard.conf": "tmpfiles.d/amiguard.conf",
}
_PROGRAM: Final = re.compile(rb"(?m)^ExecStart=\S+")


class _Disk:
    """Reads files below a root, and keeps what it has read by the path that each has there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.texts: dict[str, bytes] = {}

    def conf(self, directory: str, name: str) -> Conf:
        """A file of Asterisk's; one that it would discard is empty here."""
        with contextlib.suppress(ConfError):
            return load(name, lambda wanted: self.read(os.path.join(directory, wanted)))  # noqa: PTH118 - a pattern
        return Conf(())

    def read(self, pattern: str) -> Iterator[tuple[str, bytes]]:
        """What the pattern stands for.

        Raises:
            OSError: a file cannot be read.
        """
        above = str(self.root).rstrip("/")
        for found in sorted(glob.glob(f"{glob.escape(above)}/{pattern.lstrip('/')}")):  # noqa: PTH207 - as glob(3)
            if stat.S_ISREG(Path(found).stat().st_mode):
                path = found.removeprefix(above)
                with Path(found).open("rb") as file:
                    self.texts[path] = file.read(MOST_BYTES + 1)
                yield path, self.texts[path]


def look(root: str, config: str) -> View:
    """Look at the installation below a root: ``/`` is this machine, and only it is asked what it does.

    Args:
        root: a folder.
        config: the path of amiguard.toml below it.

    Raises:
        OSError: a file cannot be read.
    """
    disk = _Disk(Path(root))
    main = disk.conf(DIRECTORY, "asterisk.conf")
    directory = main.last("directories", "astetcdir") or DIRECTORY
    log_directory = main.last("directories", "astlogdir") or _LOG_DIRECTORY
    disk.conf(directory, "logger.conf")
    disk.conf(directory, "manager.conf")
    for path in (config, CREDENTIAL, DROP_IN, rotation.MAIN, f"{rotation.FOLDER}*"):
        list(disk.read(path))
    here = disk.root == Path("/")
    console = _console(main)
    marks = {mark for mark in products.MARKS if _at(disk.root, mark).exists()}
    return View(
        directory=directory,
        log_directory=log_directory,
        hostname=socket.gethostname(),
        texts=disk.texts,
        product=products.product(marks),
        guards=products.guards(marks),
        version=machine.version(Console(console)) if here else None,
        answers=here and bool(Console(console).banner()),
        folders=dict(_folders(disk.root, directory, log_directory)),
        unit=_unit() if here else Unit(_has_systemd(disk.root)),
        ours=_ours(disk.root),
        fresh_secret=secrets.token_urlsafe(24),
        config=config,
        console=console,
        listeners=tuple(machine.listeners()) if here else (),
    )


def _console(main: Conf) -> str:
    """Where the Asterisk with this asterisk.conf has its socket."""
    folder = main.last("directories", "astrundir") or _RUN
    return f"{folder}/{main.last('files', 'astctl') or 'asterisk.ctl'}"


def _at(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _folders(root: Path, *paths: str) -> Iterator[tuple[str, Folder]]:
    """To whom they belong, by the names that this root has for them."""
    users, groups = _names(root / "etc/passwd"), _names(root / "etc/group")
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            found = _at(root, path).stat()
            readable = bool(found.st_mode & stat.S_IROTH and found.st_mode & stat.S_IXOTH)
            owner, group = str(found.st_uid), str(found.st_gid)
            yield path, Folder(users.get(owner, owner), groups.get(group, group), readable)


def _names(file: Path) -> Mapping[str, str]:
    """The names in passwd or group, by number."""
    with contextlib.suppress(FileNotFoundError):
        rows = [line.split(":") for line in file.read_text("utf-8", "replace").splitlines()]
        return {row[2]: row[0] for row in rows if len(row) > 2}  # noqa: PLR2004 - name, password, number
    return {}


def _unit() -> Unit:
    booted = Path("/run/systemd/system").is_dir()
    return Unit(
        _has_systemd(Path("/")),
        booted,
        *(booted and _systemd_says(word) for word in ("is-enabled", "is-active")),
    )


def _has_systemd(root: Path) -> bool:
    return any((root / where / "systemd").is_dir() for where in ("usr/lib", "lib"))


def _systemd_says(question: str) -> bool:
    systemctl = shutil.which("systemctl") or "systemctl"
    asked = subprocess.run([systemctl, "--quiet", question, _UNIT], check=False)  # noqa: S603 - no words of others
    return asked.returncode == 0


def _ours(root: Path) -> dict[str, bytes]:
    """The files of a service, where there is a systemd and no unit of ours, as after `pipx install`."""
    known = any((root / folder / _UNIT).exists() for folder in _UNIT_FOLDERS)
    if known or not _has_systemd(root):
        return {}
    files = {path: (shipped("systemd") / name).read_bytes() for path, name in _OURS.items()}
    unit = next(iter(_OURS))
    return files | {unit: _PROGRAM.sub(f"ExecStart={_program()}".encode(), files[unit])}


def _program() -> str:
    """Where this very program is found."""
    return str(Path(shutil.which("amiguard") or sys.argv[0]).absolute())
