"""Edge: an attack under way, and how it is known to be over."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lab import Service, until
from sipphone import Line, Phone

if TYPE_CHECKING:
    from attacks import Attack
    from networks import Host
    from realsite import Site

_TESTS = Path(__file__).parents[1]
_SCENARIO = Path(__file__).parent / "register.xml"
_ALONE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "sh", "-c")
_AGAIN = "t=30; while :; do timeout $((t / 100)).$(printf %02d $((t % 100))) {}; t=$((t * 21 / 20)); done"
"""Cut off after 0.3 s, and after 5 % more each time, for on a busy machine a tool takes long to start."""
_LIMIT = 60.0
_PASSWORDS = 5000
_probes = itertools.count(1)


class Assault:
    """An attack by a host; a context manager that begins and ends it.

    Args:
        attack: which.
        attacker: who.
        server: the PBX's address.
        folder: for its files.
    """

    def __init__(self, attack: Attack, attacker: Host, server: str, folder: Path) -> None:
        self.attack = attack
        self.source = attacker.address6 if ":" in server else attacker.address4
        self._attacker = attacker
        self._folder = folder
        self._words = self._filled(server)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir()
        passwords = "".join(f"wrong{n}\n" for n in range(_PASSWORDS))
        (self._folder / "passwords.txt").write_text(passwords, encoding="ascii")
        shutil.copy(_SCENARIO, self._folder)
        script = _AGAIN.format(self._words) if self.attack.again else self._words
        search = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(_TESTS)}
        with self._attacker.inside(), (self._folder / "said").open("wb") as said:
            self._process = subprocess.Popen(
                [*_ALONE, script],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self._folder,
                env=os.environ | search,
            )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @property
    def said(self) -> str:
        """What the tool has said."""
        return (self._folder / "said").read_text(encoding="utf-8", errors="replace")

    def _filled(self, server: str) -> str:
        six = ":" in server
        return self.attack.words.format(
            server=server,
            port=self.attack.port,
            host=f"[{server}]" if six else server,
            six="-6" if six else "",
            here=self.source,
            data=self._folder,
            python=sys.executable,
            folder=Path(__file__).parent,
        )


def until_banned(service: Service, prefix: str, assault: Assault) -> float:
    """Wait for the ban; gives the time at which it was seen."""
    deadline = time.monotonic() + _LIMIT
    while prefix not in service.bans():
        assert time.monotonic() < deadline, f"{prefix} is not banned; its tool: {assault.said[-2000:]}"
        time.sleep(0.002)
    return time.time()


def is_shut_out(site: Site, service: Service, prefix: str, attacker: Host, line: tuple[str, int]) -> None:
    """See that a packet of the attacker's is counted and dropped, while a later one of a phone's is heard.

    Args:
        site: where.
        service: the guard.
        prefix: of the ban.
        attacker: who is banned.
        line: address and UDP port of the PBX.
    """
    mark = f"probe{next(_probes)}"
    before = service.bans()[prefix]["packets"]
    _knock(attacker, line, f"{mark}-banned")
    until(lambda: service.bans()[prefix]["packets"] > before, "a drop counted by the kernel")
    _knock(site.phones, line, f"{mark}-free")
    until(lambda: f"{mark}-free" in site.pbx.says(), "a stranger heard by Asterisk")
    assert f"{mark}-banned" not in site.pbx.says()


def _knock(host: Host, line: tuple[str, int], user: str) -> None:
    """Send one packet, of which Asterisk has something to say."""
    server, port = line
    with Line(host, server, "UDP", port) as way:
        way.send(bytes(Phone(way, user).request("REGISTER")))
