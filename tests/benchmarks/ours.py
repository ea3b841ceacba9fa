"""Edge: amiguard as an administrator has it: a configuration file and its commands, nothing of its inside."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self

import process
from process import BenchError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TABLE = "amiguard"
COMMAND = (sys.executable, "-m", "amiguard")
MODULES = "amiguard.cli, amiguard.service, pyroute2, sqlite3, asyncio, watchdog.observers"
AT_ONCE: Mapping[str, float] = {"InvalidAccountID.AMI": 30.0}  # one such record is a ban
_CONFIG = """
[service]
state_dir = "{root}/state"
socket = "{root}/control.sock"
[[log]]
path = "{log}"
filter = "{reader}"
[ban]
durations = ["1w"]
[score]
points = {{ {points} }}
"""


class Guard:
    """An `amiguard run` of its own under `root`, which follows one log; all but `settings` as by default."""

    def __init__(
        self,
        root: Path,
        log: Path,
        points: Mapping[str, float] | None = None,
        settings: str = "",
        reader: str = "asterisk-security",
    ) -> None:
        root.mkdir(exist_ok=True)
        self.root = root
        self.config = root / "amiguard.toml"
        said = ", ".join(f'"{key}" = {value}' for key, value in (points or {}).items())
        self.config.write_text(_CONFIG.format(root=root, log=log, points=said, reader=reader) + settings)
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        process.until(self._ready, "amiguard status", 120)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The running service's process."""
        if self._child is None:
            raise BenchError("amiguard run was not started")
        return self._child.pid

    def start(self) -> None:
        """Start the service, without waiting for it; what it says goes into a file."""
        with (self.root / "said.txt").open("ab") as sink:
            self._child = subprocess.Popen(self.command("run"), stdout=sink, stderr=sink)

    def stop(self) -> None:
        """End the service; its bans and its memory stay."""
        if self._child is not None:
            process.end(self._child)

    def command(self, *words: str) -> list[str]:
        """A command line of amiguard with our configuration; options come after the command's name."""
        return [*COMMAND, words[0], "--config", str(self.config), *words[1:]]

    def status(self) -> dict[str, Any] | None:
        """What `amiguard status --json` says; None while the service does not answer.

        Raises:
            BenchError: the service has ended, with the last of what it said; or the answer is no JSON.
        """
        if self._child is not None and self._child.poll() is not None:
            said = (self.root / "said.txt").read_text(errors="replace")[-2000:]
            raise BenchError(f"amiguard run ended with {self._child.returncode}: {said}")
        asked = subprocess.run(self.command("status", "--json"), capture_output=True, check=False)
        try:
            return None if asked.returncode else json.loads(asked.stdout)
        except json.JSONDecodeError as error:
            raise BenchError(f"amiguard status --json said {asked.stdout[:60]!r}, no JSON") from error

    def _ready(self) -> bool:
        return self.status() is not None
