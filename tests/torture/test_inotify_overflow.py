"""More happens beside a log than the kernel's queue of news holds: the news are lost, and no line is."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nft
import ordeal
import pytest
from descriptors import open_files
from lab import Service, attack, until
from watchdog.observers.inotify_c import InotifyConstants, inotify_add_watch, inotify_init

from amiguard.sources.inotify import MOVED

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

STORMS = ordeal.rounds(1, 40)
HOLDS = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text(encoding="ascii"))
CALM = "192.0.2.1"
POLL = 1.0
MIB = 2**20
WEATHER = """
import sys
from pathlib import Path
folder = Path(sys.argv[1])
(folder / "begun").touch()
while True:
    (folder / "other").touch()
    (folder / "other").unlink()
"""
_EVENT = 16
"""Bytes of an event's head: watch, mask, cookie, length of the name; inotify(7)."""


class Twin:
    """A queue like that of the service, which nobody reads until the end."""

    def __init__(self, folder: Path) -> None:
        self._queue = inotify_init()
        inotify_add_watch(self._queue, os.fsencode(folder), MOVED)

    def overflows(self) -> bool:
        """Whether news were lost."""
        masks = [0]
        while not masks[-1] & InotifyConstants.IN_Q_OVERFLOW and (news := self._read()):
            masks += masks_of(news)
        os.close(self._queue)
        return bool(masks[-1] & InotifyConstants.IN_Q_OVERFLOW)

    def _read(self) -> bytes:
        os.set_blocking(self._queue, False)
        with contextlib.suppress(BlockingIOError):
            return os.read(self._queue, 1 << 20)
        return b""


def masks_of(news: bytes) -> Iterator[int]:
    at = 0
    while at < len(news):
        yield int.from_bytes(news[at + 4 : at + 8], "little")
        at += _EVENT + int.from_bytes(news[at + 12 : at + 16], "little")


def storm(folder: Path) -> None:
    """Two news of each file, and more than the queue holds."""
    for n in range(HOLDS // 2 + 100):
        file = folder / f"other.{n}"
        file.touch()
        file.unlink()


def watched(service: Service) -> set[int]:
    """The inodes that the service has watched."""
    assert service.process is not None
    told = [
        line.split("ino:")[1].split()[0]
        for file in Path(f"/proc/{service.process.pid}/fdinfo").iterdir()
        for line in lines_of(file)
        if line.startswith("inotify ")
    ]
    return {int(inode, 16) for inode in told}


def lines_of(file: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return file.read_text(encoding="ascii").splitlines()
    return []


def cost(service: Service) -> tuple[float, float, int]:
    """Seconds of CPU so far, MiB resident and files open."""
    assert service.process is not None
    process = Path(f"/proc/{service.process.pid}")
    ticks = sum(map(int, (process / "stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[11:13]))
    pages = int((process / "statm").read_text(encoding="ascii").split()[1])
    resident = pages * os.sysconf("SC_PAGESIZE") / MIB
    return ticks / os.sysconf("SC_CLK_TCK"), resident, len(list(open_files(process / "fd")))


def test_lost_news_lose_no_line(tmp_path: Path) -> None:
    """The service is stopped meanwhile, and the log written, rotated and written again amid the storm."""
    chance, slowest = random.Random(ordeal.SEED), 0.0
    with Service(tmp_path, logs=("log/security",)) as service:
        service.log.parent.mkdir()
        service.write(attack(CALM))
        service.until_banned(f"{CALM}/32")
        until(lambda: inodes(service) <= watched(service), "log and directory watched")
        spent, resident, files = cost(service)
        for n in range(STORMS):
            slowest = max(slowest, survived(service, n, chance.randrange(6)))
            until(lambda: inodes(service) <= watched(service), "the new log watched, and the directory")
            while service.hears(0):
                pass
            service.await_news("WATCHDOG=1")  # the next look by the clock is a second away
            assert delay(service, f"198.51.100.{n + 1}") < POLL / 2, "the bell still rings"
        now = cost(service)
        assert 5 * (2 * STORMS + 1) == service.status()["sources"][0]["events"], "each line once"
        assert 2 * STORMS + 1 == len(nft.elements("ban4"))
        assert "Traceback" not in service.said
    spent, grown = (now[0] - spent) / STORMS, now[1] - resident
    ordeal.tell("lost news", storms=STORMS, news=HOLDS, slowest=slowest, cpu_each=spent, grown_MiB=grown)
    assert slowest < POLL
    assert 8 > grown
    assert files >= now[2]


def survived(service: Service, number: int, before: int) -> float:
    """Seconds from the end of a storm to the ban of whom it hides; so many of his five lines come before."""
    twin, source = Twin(service.log.parent), f"203.0.113.{number + 1}"
    lines = attack(source).splitlines(keepends=True)
    service.signal(signal.SIGSTOP)
    storm(service.log.parent)
    service.write(b"".join(lines[:before]))
    service.log.rename(service.log.with_name(f"security.{number}"))
    service.write(b"".join(lines[before:]))
    assert twin.overflows()
    begun = service.undisturbed()
    service.signal(signal.SIGCONT)
    until(lambda: source in nft.elements("ban4"), f"a ban of {source}")
    passed: float = service.undisturbed() - begun
    return passed


def inodes(service: Service) -> set[int]:
    return {service.log.stat().st_ino, service.log.parent.stat().st_ino}


def test_a_storm_without_end_keeps_no_ban_waiting(tmp_path: Path) -> None:
    with Service(tmp_path, logs=("log/security",)) as service, contextlib.ExitStack() as stack:
        service.log.parent.mkdir()
        service.write(attack(CALM))
        service.until_banned(f"{CALM}/32")
        weather = subprocess.Popen([sys.executable, "-c", WEATHER, str(service.log.parent)])
        stack.callback(weather.wait)
        stack.callback(weather.kill)
        until((service.log.parent / "begun").exists, "the storm")
        begun, spent = service.undisturbed(), cost(service)[0]
        delays = [delay(service, f"203.0.113.{n}") for n in range(1, ordeal.rounds(10, 200))]
        busy = (cost(service)[0] - spent) / (service.undisturbed() - begun)
        assert weather.poll() is None
        assert "Traceback" not in service.said
    ordeal.tell("a storm without end", cpu=busy, slowest=max(delays))
    assert max(delays) < POLL


def delay(service: Service, source: str) -> float:
    """Seconds from the line that bans to the ban."""
    begun = service.undisturbed()
    service.write(attack(source))
    until(lambda: source in nft.elements("ban4"), f"a ban of {source}")
    passed: float = service.undisturbed() - begun
    return passed
