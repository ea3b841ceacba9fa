"""Edge: a whole machine, booted by systemd: Debian with Asterisk, which nobody has touched yet.

What it writes is gone when it ends; amiguard's source is in `SOURCE`, to be
installed from `WHEELS` as its user would from the network.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import chroots
from fresh import ROOT, run
from lab import until
from sipphone import Line, Phone

if TYPE_CHECKING:
    from networks import Host, Network

ADDRESS = "198.51.100.1"
SOURCE = "/src/amiguard"
WHEELS = "/src/wheels"
OFFLINE = f"cd {SOURCE} && export PIP_NO_INDEX=1 PIP_FIND_LINKS={WHEELS}"
"""What goes before `make install`, where there is no index."""

PJSIP = """
[tcp]
type = transport
protocol = tcp
bind = 0.0.0.0
[101]
type = endpoint
auth = 101
aors = 101
[101]
type = auth
username = 101
password = secret101
[101]
type = aor
max_contacts = 9
"""
"""A PBX with one phone."""

_BINDING = "cysystemd"
"""What reads the journal: the machine's Python needs a wheel of its own."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LIMIT = 60.0
_UP = {"running", "degraded"}
# Mounts are the script's own; a memory file system takes what the machine writes.
_MOUNTED = """
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
shift 2
exec "$@"
"""
_BEFORE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "sh", "-c", _MOUNTED, "sh")
_ENTER = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd")


def lack() -> str:
    """What this machine lacks for it; empty if nothing."""
    if reason := chroots.lack():
        return reason
    absent = [name for name in ("systemd-nspawn", "nsenter") if not shutil.which(name)]
    if absent:
        return f"needs {', '.join(absent)}"
    built = chroots.version(chroots.HOST)
    return "" if built else f"needs a machine in {chroots.path(chroots.HOST)}: make test-real builds it"


def wheels(folder: Path) -> Path:
    """What comes from the network otherwise: what amiguard depends on, what builds it, pipx, and an extra."""
    wanted = (ROOT, "hatchling", "pip", "pipx")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", folder, *wanted)
    [python] = chroots.path(chroots.HOST).glob("usr/lib/python3.*")
    compiled = ("--only-binary", ":all:", "--python-version", python.name.removeprefix("python"))
    run(
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *compiled, "--dest", folder, _BINDING
    )
    return folder


class Machine:
    """A context manager that boots it and ends it.

    Args:
        folder: an empty one, for its mounts.
        network: where it is, at `ADDRESS`; it has the whole of it.
        wheels: see `wheels`.
    """

    def __init__(self, folder: Path, network: Network, wheels: Path) -> None:
        self._words = (
            *_BEFORE,
            *(str(chroots.path(chroots.HOST)), str(folder)),
            *("systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--console=passive"),
            "--capability=CAP_NET_ADMIN",
            f"--directory={folder}/root",
            f"--machine=pbx{os.getpid()}",
            f"--network-namespace-path=/proc/{os.getpid()}/fd/{network.fileno()}",
            f"--bind-ro={ROOT}:{SOURCE}",
            f"--bind-ro={wheels}:{WHEELS}",
            "systemd.show_status=0",
        )
        self._said = folder.with_suffix(".console")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        env = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", "PATH": os.environ["PATH"]}
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                self._words, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        until(self._is_up, f"a booted machine, see {self._said}", _LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process
        self._process.terminate()
        self._process.wait(_LIMIT)

    def run(self, command: str) -> str:
        """What a command of its shell prints, which must succeed."""
        done = self.tries(command)
        assert not done.returncode, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def tries(self, command: str, told: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of its shell, as root, which is told something."""
        plain = ("env", "-i", f"PATH={_PATH}", "LC_ALL=C", "sh", "-c", command)
        words = ("nsenter", "--target", str(self._first), *_ENTER, *plain)
        return subprocess.run(
            words, capture_output=True, text=True, check=False, timeout=_LIMIT * 3, input=told
        )

    def write(self, path: str, text: str) -> None:
        """Write a file; one that was there keeps owner and mode."""
        self.tries(f"cat > {path}", text)

    def banned(self) -> dict[str, dict[str, Any]]:
        """Who is banned there, by address."""
        return {ban["address"]: ban for ban in json.loads(self.run("amiguard list --json"))["bans"]}

    def guess(self, attacker: Host) -> None:
        """Have a host try passwords until it is banned."""
        until(lambda: self._bans_for_one_more(attacker), f"a ban of {attacker.address4}", _LIMIT)

    def answers(self, host: Host) -> bool:
        """Whether a phone at that host gets any answer to a log-in."""
        with contextlib.suppress(TimeoutError), Line(host, ADDRESS, "TCP") as line:
            return bool(Phone(line, "101").register())
        return False

    def _bans_for_one_more(self, attacker: Host) -> bool:
        with contextlib.suppress(TimeoutError), Line(attacker, ADDRESS, "TCP") as line:
            Phone(line, "101").register("wrong")
        return attacker.address4 in self.banned()

    def _is_up(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self._said.read_text(encoding="utf-8", errors="replace")
        return bool(self._first) and self.tries("systemctl is-system-running").stdout.strip() in _UP

    @property
    def _first(self) -> int:
        """The first process of its namespace, which is its systemd; 0 as long as there is none."""
        assert self._process
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return int(children[0]) if children else 0
