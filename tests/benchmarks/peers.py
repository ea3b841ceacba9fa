"""Edge: the programs beside which amiguard is measured: fail2ban, grep and nft."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

import process
from process import BenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

TABLE = "f2b-table"
JAIL = "asterisk"
_TREE = Path("/etc/fail2ban")
_BLOCK = "nftables[type=allports, name=asterisk, blocktype=drop]"
_SERVICE = """[Definition]
loglevel = ERROR
logtarget = {root}/fail2ban.log
socket = {root}/fail2ban.sock
pidfile = {root}/fail2ban.pid
dbfile = {root}/fail2ban.sqlite3
dbpurgeage = 30d
allowipv6 = auto
syslogsocket = auto
"""
_JAILS = """[{jail}]
enabled = true
filter = {reader}
logpath = {log}
backend = auto
maxretry = 5
findtime = 1d
bantime = 1w
action = {action}
"""
_BULK = "add table inet bulk\nadd set inet bulk hosts { type ipv4_addr; flags timeout; }\n"
_A_FILE = 5_000
_GREP = (
    'SecurityEvent="(FailedACL|InvalidAccountID|ChallengeResponseFailed|InvalidPassword)".*'
    ',RemoteAddress="IPV[46]/[A-Z]+/[0-9a-fA-F.:]+/[0-9]+"'
)


def missing(*programs: str) -> str:
    """Which of the programs are not installed, as a remark; empty when all are there."""
    absent = [name for name in programs if not shutil.which(name)]
    return f"{', '.join(absent)} not installed" if absent else ""


class Fail2ban:
    """A fail2ban server of its own under `root`: one jail, one of fail2ban's filters, five strikes a ban."""

    def __init__(self, root: Path, log: Path, *, blocks: bool = True, reader: str = "asterisk") -> None:
        self._root = root
        root.mkdir(exist_ok=True)
        for folder in ("filter.d", "action.d"):
            if not (root / folder).exists():
                (root / folder).symlink_to(_TREE / folder)
        (root / "fail2ban.conf").write_text(_SERVICE.format(root=root))
        jail = _JAILS.format(jail=JAIL, log=log, reader=reader, action=_BLOCK if blocks else "")
        (root / "jail.conf").write_text(jail)
        self._where = ["-c", str(root), "-s", f"{root}/fail2ban.sock", "-p", f"{root}/fail2ban.pid"]
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        process.until(self.answers, "fail2ban-server", 30)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The running server's process."""
        if self._child is None:
            raise BenchError("fail2ban-server was not started")
        return self._child.pid

    def start(self) -> None:
        """Start the server in the foreground, without waiting for it."""
        command = ["fail2ban-server", *self._where, "-f", "start"]
        with (self._root / "said.txt").open("ab") as sink:
            self._child = subprocess.Popen(command, stdout=sink, stderr=sink)

    def stop(self) -> None:
        """End the server; its database stays."""
        if self._child is not None:
            process.end(self._child)

    def ask(self, *words: str) -> str:
        """What the server answers; empty when it does not."""
        command = ["fail2ban-client", *self._where[2:4], *words]
        return subprocess.run(command, capture_output=True, check=False, text=True).stdout

    def answers(self) -> bool:
        """Whether the server is up and its jail started."""
        return JAIL in self.ask("status", JAIL)

    def has_banned(self, address: str) -> bool:
        """Whether the address is among its bans."""
        return address in self.ask("get", JAIL, "banip").split()


def grep(log: Path) -> float:
    """Seconds of CPU that `grep -E` needs to find the failures in a classic log."""
    found = log.with_suffix(".found")  # into /dev/null it would stop at the first
    return process.run(["env", "LC_ALL=C", "grep", "-cE", _GREP, str(log)], found)[1]


def nft_bulk(root: Path, addresses: Sequence[str]) -> float:
    """Seconds that `nft -f` needs to put IPv4 addresses with a timeout into a set of its own.

    A file has 5,000: without real root not many more fit into nft's socket at once.
    """
    scripts = [root / f"bulk-{start}.nft" for start in range(0, len(addresses), _A_FILE)]
    for place, script in enumerate(scripts):
        some = addresses[place * _A_FILE : (place + 1) * _A_FILE]
        elements = ",\n".join(f"{address} timeout 7d" for address in some)
        script.write_text(f"{_BULK}add element inet bulk hosts {{ {elements} }}\n")
    return sum(process.run(["nft", "-f", str(script)])[0] for script in scripts)


def imports(modules: str) -> float:
    """Seconds that this interpreter needs to start and to import the modules, comma-separated."""
    return process.run([sys.executable, "-c", f"import {modules}"])[0]
