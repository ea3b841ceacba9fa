"""Logs without inotify, in directories that are replaced, rotated a thousand times: not a line is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nft
import ordeal
import pytest
from lab import Service, attack, until

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

ROTATIONS = ordeal.rounds(40, 1000)
LINES = ordeal.rounds(8_000, 240_000)
WRITER = """
import os, sys, time
path, rotations, lines, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), 4000
head, tail = sys.stdin.buffer.read().split(b"SOURCE")
log, number, began = open(path, "ab", buffering=0), 0, time.monotonic()
for turn in range(1, rotations + 1):
    while number < lines * turn // rotations:
        source = b"10.%d.%d.%d" % (number >> 15 & 127, number >> 7 & 255, number % 97 + 1)
        log.write(head + source + tail)
        number += 1
        if number % 40 == 0:
            time.sleep(max(0, began + number / rate - time.monotonic()))
    os.rename(path, f"{path}.{turn}")
    log.close()
    log = open(path, "ab", buffering=0)
print(time.monotonic() - began)
"""


def test_rotations_at_4000_lines_a_second(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.log.touch()
        service.await_news("WATCHDOG=1")
        line = attack("192.0.2.99", times=1).replace(b"192.0.2.99", b"SOURCE")
        command = [sys.executable, "-c", WRITER, str(service.log), str(ROTATIONS), str(LINES)]
        took = float(subprocess.run(command, input=line, capture_output=True, check=True).stdout)
        service.write(attack("192.0.2.99"))
        service.until_banned("192.0.2.99/32")
        told = sum(source["events"] for source in service.status()["sources"])
        assert LINES + 5 == told, "each line once"
    ordeal.tell("rotations", rotations=ROTATIONS, lines=LINES, seconds=took, lost=LINES + 5 - told)


def test_without_inotify_it_looks_by_the_clock(tmp_path: Path) -> None:
    """Where the limit is reached, as where a file system has none."""
    Path("/proc/sys/user/max_inotify_instances").write_text("0", encoding="ascii")
    with Service(tmp_path) as service:
        service.write(attack("203.0.113.1"))
        service.until_banned("203.0.113.1/32")
        service.log.rename(tmp_path / "security.1")
        service.write(attack("203.0.113.2"))
        service.until_banned("203.0.113.2/32")
        assert 1 == service.said.count("cannot be watched")
        assert "Traceback" not in service.said


def test_a_log_directory_that_is_replaced_again_and_again(tmp_path: Path) -> None:
    with Service(tmp_path, logs=("log/security",)) as service:
        sources = [f"203.0.113.{n}" for n in range(1, ordeal.rounds(4, 100))]
        for n, source in enumerate(sources):
            service.log.parent.mkdir()
            service.write(attack(source))
            until(lambda source=source: source in nft.elements("ban4"), f"a ban of {source}")
            service.log.parent.rename(tmp_path / f"log.{n}")
        assert set(sources) == set(nft.elements("ban4"))
