"""Edge: amiguard measured from outside, beside fail2ban, nft and grep in the same run.

Each measurement runs in user, network, mount and PID namespaces of its own:
it needs no root, touches nothing of the host, and leaves no process behind.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Figure, table
from inside import MEASUREMENTS, SELDOM

if TYPE_CHECKING:
    from collections.abc import Iterator

_INSIDE = Path(__file__).with_name("inside.py")
_NAMESPACES = ("unshare", "-Urnmpf", "--mount-proc", "--kill-child=KILL", "--")
_LIMIT = 240.0
_LONG_LIMIT = 7200.0
_PEERS = (("nft", "--version"), ("fail2ban-server", "--version"), ("grep", "--version"))


def main() -> int:
    """Measure what is asked for and print it; 1 if something of ours could not be measured."""
    asked = _arguments()
    if trouble := _no_namespaces():
        sys.stderr.write(f"{trouble}\n")
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    begun = time.monotonic()
    figures = [figure for name in asked.only for figure in _measured(name, quick=asked.quick)]
    about = _about() | {"took": f"{time.monotonic() - begun:.0f} s"}
    sys.stdout.write((_as_json if asked.json else _as_text)(about, figures) + "\n")
    return int(any(figure.ours is None for figure in figures))


def _as_json(about: dict[str, str], figures: list[Figure]) -> str:
    return json.dumps({"version": 1, "about": about, "figures": [each.as_dict() for each in figures]})


def _as_text(about: dict[str, str], figures: list[Figure]) -> str:
    return "\n".join([*(f"{key:16}  {value}" for key, value in about.items()), "", table(figures)])


def _arguments() -> argparse.Namespace:
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    reader.add_argument("--quick", action="store_true", help="fewer lines, bans and runs: about a minute")
    reader.add_argument(
        "--only",
        type=_names,
        default=tuple(name for name in MEASUREMENTS if name not in SELDOM),
        metavar="NAME,...",
        help=f"of {', '.join(MEASUREMENTS)}; by default all but {', '.join(SELDOM)}",
    )
    return reader.parse_args()


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in MEASUREMENTS]:
        raise argparse.ArgumentTypeError(f"no measurement {unknown[0]!r}")
    return names


def _no_namespaces() -> str:
    """Why nothing can be measured here, and what to do; empty when it can."""
    if not shutil.which("unshare"):
        return "unshare (util-linux) is not installed"
    tried = subprocess.run([*_NAMESPACES, "true"], capture_output=True, check=False, text=True)
    hint = "allow them (sysctl kernel.unprivileged_userns_clone=1), or run this as root"
    return f"no user namespaces here: {tried.stderr.strip()}; {hint}" if tried.returncode else ""


def _measured(name: str, *, quick: bool) -> Iterator[Figure]:
    """The figures of one measurement; one without a value says why the others are not there."""
    sys.stderr.write(f"measuring {name} ...\n")
    with tempfile.TemporaryDirectory(prefix="amiguard-bench-") as root:
        command = [*_NAMESPACES, sys.executable, str(_INSIDE), name, root, *(["--quick"] if quick else [])]
        out = Path(root, "figures")
        trouble = _run(command, out, _LONG_LIMIT if name in SELDOM else _LIMIT)
        yield from (Figure(**json.loads(line)) for line in out.read_text().splitlines())
    if trouble:
        yield Figure(name, "", None, remark=trouble)


def _run(command: list[str], out: Path, limit: float) -> str:
    """Run it, its figures into `out`; what went wrong, in one line.

    Whatever ends us ends it: with `unshare` dies its PID namespace.
    """
    with out.open("wb") as sink:
        child = subprocess.Popen(command, stdout=sink, stderr=subprocess.PIPE, text=True)
        try:
            _, said = child.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            return f"ended after {limit:g} s"
        finally:
            child.kill()
            child.wait()
    sys.stderr.write(said)
    return said.strip().rpartition("\n")[2] if child.returncode else ""


def _about() -> dict[str, str]:
    """Machine, versions and date: what a figure is worth nothing without."""
    model = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} x {model.partition(':')[2].strip()}",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "amiguard": version("amiguard"),
        **{command[0]: _said(command) for command in _PEERS},
    }


def _said(command: tuple[str, ...]) -> str:
    if not shutil.which(command[0]):
        return "not installed"
    return subprocess.run(command, capture_output=True, check=False, text=True).stdout.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
