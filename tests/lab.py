"""Edge: the real service in a process of its own, asked and fed as in real life."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import written
from click.testing import CliRunner

from amiguard.asking import asking
from amiguard.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LIMIT = 30.0 * float(os.environ.get("LAB_PATIENCE", "1"))
"""Seconds that anything may take; a slow machine asks for more patience."""
PROGRAM = (sys.executable, "-m", "amiguard")


def eventtv(time: float) -> bytes:
    """A time as Asterisk writes it."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3].encode() + b"+0000"


def attempt(
    source: str,
    at: float | None = None,
    *,
    kind: str = "InvalidPassword",
    transport: str = "TCP",
    port: int = 5061,
) -> bytes:
    """A line of the log: this source (IPv4, or IPv6) did this now, or at that time."""
    family = "IPV6" if ":" in source else "IPV4"
    words = written.Words(
        remote=f"{family}/{transport}/{source}/{port}".encode(),
        eventtv=eventtv(time.time() if at is None else at),
    )
    return written.classic(written.record(kind, words))


def login(source: str, at: float | None = None, *, transport: str = "TCP") -> bytes:
    """A log-in with the right password."""
    words = written.Words(
        remote=f"IPV4/{transport}/{source}/5061".encode(),
        eventtv=eventtv(time.time() if at is None else at),
    )
    return written.classic(written.record("SuccessfulAuth", words))


def attack(source: str, at: float | None = None, *, times: int = 5, transport: str = "TCP") -> bytes:
    """As many wrong passwords as ban; over TCP they prove the address."""
    now = time.time() if at is None else at
    return b"".join(attempt(source, now + n / 1000, transport=transport) for n in range(times))


def until(done: Callable[[], Any], what: str = "it", limit: float = LIMIT) -> Any:
    """Ask again and again until the answer is true; gives the answer."""
    deadline = time.monotonic() + limit
    while not (answer := done()):
        assert time.monotonic() < deadline, f"{what}: not within {limit:g} s"
        time.sleep(0.005)
    return answer


class Service:
    """`amiguard run` under `root`; a context manager that starts and ends it."""

    def __init__(self, root: Path, settings: str = "", logs: Sequence[str] = ("security",)) -> None:
        self.root = root
        self.config = root / "amiguard.toml"
        self.log = root / logs[0]
        self.socket = root / "control.sock"
        self.state = root / "state"
        self.said_to = root / "said.txt"
        self.news = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.news.bind(str(root / "notify"))
        self.process: subprocess.Popen[bytes] | None = None
        self.configure(settings, logs)

    def configure(self, settings: str = "", logs: Sequence[str] = ("security",), service: str = "") -> None:
        """Write the configuration file."""
        tables = "".join(f'[[log]]\npath = "{self.root / log}"\n' for log in logs)
        head = f'[service]\nstate_dir = "{self.state}"\nsocket = "{self.socket}"\n{service}\n'
        self.config.write_text(head + tables + settings, encoding="utf-8")

    def __enter__(self) -> Self:
        return self if self.process else self.start()

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.returncode is None:
            self.kill()
        self.news.close()

    def start(self, *before: str) -> Self:
        """Start it, behind the words of another program if there are any, and wait until it is ready."""
        self.launch(*before)
        self.await_news("READY=1")
        return self

    def launch(self, *before: str) -> subprocess.Popen[bytes]:
        """Start it and wait for nothing."""
        environment = os.environ | {"NOTIFY_SOCKET": str(self.root / "notify")}
        with self.said_to.open("ab") as said:
            command = [*before, *PROGRAM, "run", "--config", str(self.config)]
            self.process = subprocess.Popen(command, stdout=said, stderr=said, env=environment)
        return self.process

    def fails(self, *before: str, limit: float = LIMIT) -> tuple[int, list[str]]:
        """Start it although it cannot; gives its exit code and what it said."""
        start = len(self.said) if self.said_to.exists() else 0
        code = self.launch(*before).wait(limit)
        return code, self.said[start:].splitlines()

    def hears(self, seconds: float) -> str:
        """The next message to systemd; empty if none comes in so many seconds."""
        ready = select.select([self.news], [], [], seconds)[0]
        return self.news.recv(4096).decode() if ready else ""

    def await_news(self, line: str) -> str:
        """Wait for a message to systemd with this line; gives the whole message."""
        deadline = time.monotonic() + LIMIT
        while line not in (news := self.hears(0.05)).splitlines():
            assert self.process is not None
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, f"{line} never came; {self.said}"
        return news

    def signal(self, number: int) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """End it as systemd does; gives the exit code."""
        assert self.process is not None
        self.signal(signal.SIGTERM)
        return self.process.wait(LIMIT)

    def kill(self) -> None:
        """End it as a crash does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def reload(self) -> None:
        """Have it read its configuration, and wait until it is done."""
        while self.hears(0):
            pass
        self.signal(signal.SIGHUP)
        self.await_news("READY=1")

    @property
    def said(self) -> str:
        """All that it has logged."""
        return self.said_to.read_text(encoding="utf-8")

    def undisturbed(self) -> float:
        """A clock, in seconds, that stands still while it could run, and others have the CPUs."""
        assert self.process is not None
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        waited = sum(int((each / "schedstat").read_text(encoding="ascii").split()[1]) for each in threads)
        return time.monotonic() - waited / 1e9

    def write(self, data: bytes, log: Path | None = None) -> None:
        """Append to a log."""
        with (log or self.log).open("ab") as file:
            file.write(data)

    def ask(self, command: str, **arguments: Any) -> tuple[dict[str, Any], list[Any]]:
        """Ask it; gives the first object and the rows."""
        with asking(str(self.socket), command, **arguments) as (head, rows):
            return head, [json.loads(row) for row in rows]

    def status(self) -> dict[str, Any]:
        """What `status` says."""
        return self.ask("status")[0]

    def bans(self) -> dict[str, dict[str, Any]]:
        """What `list` says, by source."""
        return {f"{ban['address']}/{ban['prefix']}": ban for ban in self.ask("list")[1]}

    def until_banned(self, *sources: str) -> None:
        """Wait until these are banned."""
        until(lambda: set(sources) <= self.bans().keys(), f"a ban of {', '.join(sources)}")

    def until_read(self, events: int) -> None:
        """Wait until it has read so many events."""
        until(lambda: sum(s["events"] for s in self.status()["sources"]) >= events, f"{events} events read")

    def command(self, *words: str) -> Ran:
        """Run a command with our configuration."""
        return run(*words, "--config", str(self.config))


class Changes:
    """Hears of every change to the ruleset of this network namespace, from its making on."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
        self._socket.bind((0, 1 << 6))  # NFNLGRP_NFTABLES

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def span(self, quiet: float = 0.1, clock: Callable[[], float] = time.monotonic) -> float:
        """Seconds by `clock` from somebody's first change to the last of another, before `quiet` seconds."""
        times, makers = [], set()
        while select.select([self._socket], [], [], quiet if len(makers) > 1 else LIMIT)[0]:
            makers.add(self._socket.recv(1 << 16)[12:16])  # the port in the header, linux/netlink.h
            times.append(clock())
        return times[-1] - times[0]


class Ran:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        """Its output, which is one JSON object."""
        return json.loads(self.out)


def run(*words: str, stdin: bytes = b"") -> Ran:
    """Run a command in this process; whatever it raises beside an exit code is raised here."""
    result = CliRunner().invoke(cli, words, input=stdin, prog_name="amiguard")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.output
    return Ran(result.exit_code, result.stdout, result.stderr)
