"""Edge: what fail2ban makes of lines with our filters, and with its own."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterable

OURS: Final = Path(__file__).parents[2] / "filters"
HERE: Final = Path("/")
"""The root in which this machine's own fail2ban is."""
THEIRS: Final = HERE / "etc/fail2ban/filter.d"
NAMES: Final = tuple(
    sorted(path.stem for path in OURS.glob("amiguard-*.conf") if not path.stem.endswith("-common"))
)
"""Our filters; fail2ban's own is `asterisk`."""
_PROGRAM: Final = "fail2ban_program.py"
_MOUNTED: Final = Path("/mnt")
_PATH: Final = ("usr/local/bin", "usr/bin", "bin")
LIMIT: Final = 30.0
"""Seconds for an answer; all of the corpus takes one."""


class Named(NamedTuple):
    """Whom a line names, and when (None: it has no date)."""

    address: Prefix
    time: float | None


class Judge:
    """A running fail2ban without jails; a context manager that ends it."""

    def __init__(self, folder: Path, root: Path = HERE) -> None:
        """Start it on our filters and its own one for Asterisk, copied into the folder.

        Args:
            folder: empty, and ours alone.
            root: where fail2ban is; another than this machine's needs root's rights.
        """
        filters, theirs = folder / "filter.d", root / THEIRS.relative_to(HERE)
        filters.mkdir()
        for path in (*OURS.glob("*.conf"), theirs / "asterisk.conf", theirs / "common.conf"):
            shutil.copy(path, filters)
        shutil.copy(Path(__file__).with_name(_PROGRAM), folder)
        there = folder if root == HERE else _MOUNTED
        command = [*_into(root, folder), interpreter(root), "-W", "ignore", str(there / _PROGRAM)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.loaded = self._ask([str(there), [*NAMES, "asterisk"]])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def reads(self, name: str, lines: Iterable[bytes]) -> list[list[Named]]:
        """Whom each line of a file names, by the filter of that name."""
        return self._named(name, [line.decode("latin-1") for line in lines])

    def reads_journal(self, name: str, before: str, message: str) -> list[Named]:
        """Whom a journal entry names."""
        return self._named(name, [(before, message)])[0]

    def whom(self, name: str, *lines: bytes) -> list[str]:
        """All who are named, as text."""
        return [str(each.address) for found in self.reads(name, lines) for each in found]

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has taken so far."""
        fields = (
            Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _named(self, name: str, texts: list[Any]) -> list[list[Named]]:
        return [
            [Named(Prefix.parse(address), time) for address, time in found]
            for found in self._ask([name, texts])
        ]

    def _ask(self, request: Any) -> Any:
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        assert select.select([self._process.stdout], [], [], LIMIT)[0], f"no answer within {LIMIT:g} s"
        answer = self._process.stdout.readline()
        assert answer, "fail2ban's Python has ended; what it said is above"
        return json.loads(answer)


def interpreter(root: Path = HERE) -> str:
    """The Python that fail2ban runs in."""
    program = shutil.which("fail2ban-regex", path=os.pathsep.join(str(root / each) for each in _PATH))
    first = Path(program).read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("#!").split()[0]


def _into(root: Path, folder: Path) -> list[str]:
    """What runs a command in that root, with the folder mounted there for it alone."""
    if root == HERE:
        return []
    script = 'mount --bind "$1" "$2$3" && shift && exec chroot "$1" "${@:3}"'
    return ["unshare", "--mount", "bash", "-c", script, "-", str(folder), str(root), str(_MOUNTED)]
