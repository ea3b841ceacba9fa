"""Edge: a fail2ban-server of our own: its tree, its socket, its log."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lab import LIMIT, until

if TYPE_CHECKING:
    from collections.abc import Mapping

STOCK = Path("/etc/fail2ban")


def tree(root: Path) -> Path:
    """The distribution's configuration, copied, with no jail on."""
    shutil.copytree(STOCK, root, ignore=shutil.ignore_patterns("*.local", "jail.d"))
    (root / "jail.d").mkdir()
    return root


class Server:
    """fail2ban-server on a tree; a context manager that starts and ends it."""

    def __init__(self, tree: Path, run: Path, jails: Mapping[str, Mapping[str, str]]) -> None:
        """Switch on these jails, with these settings."""
        self._run = run
        lines = [f"[{jail}]\nenabled = true\n" + _settings(settings) for jail, settings in jails.items()]
        (tree / "jail.local").write_text("\n".join(lines), encoding="utf-8")
        local = {"logtarget": str(run / "fail2ban.log"), "dbfile": str(run / "fail2ban.sqlite3")}
        (tree / "fail2ban.local").write_text(f"[DEFAULT]\n{_settings(local)}", encoding="utf-8")
        self._options = ("-c", str(tree), "-s", str(run / "socket"), "-p", str(run / "pid"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = ["fail2ban-server", *self._options, "-f", "start"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until(lambda: "Jail " in self.said, "a jail of fail2ban's", LIMIT * 2)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(LIMIT)

    def client(self, *words: str) -> str:
        """Ask it something."""
        command = ["fail2ban-client", *self._options, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    @property
    def said(self) -> str:
        """Its log."""
        log = self._run / "fail2ban.log"
        return log.read_text(encoding="utf-8") if log.exists() else ""


def _settings(settings: Mapping[str, str]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in settings.items())
