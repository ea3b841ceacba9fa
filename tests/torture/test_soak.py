"""An hour of everything at once, compressed: what it holds at the end is what it held at the beginning."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from functools import reduce
from operator import and_
from pathlib import Path
from typing import NamedTuple

import fakeasterisk
import nft
import ordeal
import pytest
import written
from descriptors import open_files
from lab import Service, eventtv, login, until

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

SETTINGS = '[ban]\ndurations = ["3s", "5s"]\ndoor_max = "3s"\nforget_after = "1m"\n'
SECONDS = ordeal.rounds(2, 420)
STEP = 0.02
LINES = 10
MIB = 2**20
SETS = ("ban4", "door4", "net4", "doornet4", "spare4")
ODDS = {"rotate": 0.02, "flush": 0.02, "hang up": 0.01, "reload": 0.005, "ask": 0.05, "order": 0.05}
"""How likely each of these is in a step."""
QUESTIONS = ("status", "list", "history", "spared")
LOOKS = 20
POOL = min(32, (os.cpu_count() or 1) + 4)
"""Threads of asyncio's pool: one is begun when there is work and none is free."""
OTHERS = 2
"""Threads beside it: the loop's and the store's."""


class Held(NamedTuple):
    """What the process holds; open files by what they are."""

    files: Counter[str]
    threads: int
    resident: int


class Life:
    """A service with a log and an AMI, and all that may happen to them; seeded."""

    def __init__(self, service: Service, manager: fakeasterisk.Manager) -> None:
        self.done: Counter[str] = Counter()
        self._service = service
        self._manager = manager
        self._random = random.Random(ordeal.SEED)

    def live(self, seconds: float) -> None:
        """Let everything happen for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._speak()
            for what, odds in ODDS.items():
                if self._random.random() < odds:
                    self.done[what] += 1
                    getattr(self, f"_{what.replace(' ', '_')}")()
            time.sleep(STEP)  # the pace of the load

    def settle(self) -> None:
        """Wait until all bans are over, the log's newest file is at hand and everything has been asked."""
        self._service.write(login("198.51.100.1"))
        until(lambda: str(self._service.log) in self.held().files, "the newest file read")
        for question in QUESTIONS:
            self._service.ask(question)
        until(lambda: not any(map(elements, SETS)), "the kernel empty", 60)
        until(lambda: 0 == self._service.status()["bans"], "the memory empty", 60)
        until(lambda: not self._service.status()["sources"][0]["behind"], "the log read")
        until(lambda: any(session.hears for session in self._manager.sessions), "listening", 90)

    def steady(self) -> Held:
        """What it holds now, less what comes and goes: a client, a word to systemd."""
        looks = []
        for _ in range(LOOKS):
            looks.append(self.held())
            time.sleep(STEP)  # what passes needs time to
        return looks[-1]._replace(files=reduce(and_, (look.files for look in looks)))

    def held(self) -> Held:
        """What it holds now."""
        assert self._service.process is not None
        process = Path(f"/proc/{self._service.process.pid}")
        pages = int((process / "statm").read_text(encoding="ascii").split()[1])
        return Held(
            Counter(open_files(process / "fd")),
            len(list((process / "task").iterdir())),
            pages * os.sysconf("SC_PAGESIZE"),
        )

    def _speak(self) -> None:
        """Asterisk tells a few things on both channels."""
        for _ in range(LINES):
            kind = self._random.choice(("InvalidPassword",) * 4 + ("SuccessfulAuth",))
            network = b"198.51.100" if kind == "SuccessfulAuth" else b"203.0.113"
            transport = self._random.choice((b"TCP", b"UDP"))
            remote = b"IPV4/%s/%s.%d/%d" % (transport, network, self._random.randrange(1, 250), 5060)
            words = written.Words(remote=remote, eventtv=eventtv(time.time()))
            self._service.write(written.classic(written.record(kind, words)))
            self._manager.publish(fakeasterisk.event(kind, words) + b"\r\n\r\n")
        self.done["events"] += LINES

    def _rotate(self) -> None:
        log = self._service.log
        log.rename(log.with_name(f"security.{self.done['rotate'] % 5}"))
        log.touch()

    def _flush(self) -> None:
        nft.run("flush ruleset")

    def _hang_up(self) -> None:
        for session in self._manager.sessions:
            session.hang_up()
        self._manager.sessions.clear()

    def _reload(self) -> None:
        self._service.reload()

    def _ask(self) -> None:
        self._service.ask(self._random.choice(QUESTIONS))

    def _order(self) -> None:
        address = f"192.0.2.{self._random.randrange(1, 250)}"
        self._service.ask("ban", address=address, **{"for": "2s"})
        if self._random.random() < 0.5:
            self._service.ask("unban", addresses=[address])


def elements(name: str) -> int:
    try:
        return len(nft.elements(name))
    except (subprocess.CalledProcessError, StopIteration):
        return 0


def test_it_holds_at_the_end_what_it_held_at_the_beginning(tmp_path: Path) -> None:
    manager = fakeasterisk.Manager(write_timeout=5)
    with fakeasterisk.configured(tmp_path, manager) as ami, Service(tmp_path, SETTINGS + ami) as service:
        service.log.touch()
        life = Life(service, manager)
        life.live(SECONDS / 3)
        life.settle()
        before = life.steady()
        life.live(SECONDS)
        life.settle()
        until(lambda: before.files >= life.held().files, "no more files open than before")
        after = life.held()
        nft.run("flush ruleset")  # those before may have been before a reload, which counts anew
        until(lambda: service.status()["firewall"]["repairs"], "a repair")
        assert "Traceback" not in service.said
        assert 0 == service.stop()
    figures = {name.replace(" ", "_"): count for name, count in life.done.items()}
    grown = (after.resident - before.resident) / MIB
    ordeal.tell("soak", **figures, files=after.files.total(), threads=after.threads, grown_MiB=grown)
    assert OTHERS + POOL >= after.threads
    assert 8 > grown
