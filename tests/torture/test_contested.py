"""Others who want the firewall otherwise are said, outlived, and never fought without end."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import nft
import ordeal
import pytest
from lab import Service, attack, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

BANNED = "203.0.113.7"
SECONDS = 30.0
CHANGES = ordeal.rounds(600, 20_000)


def standing() -> set[str]:
    """Who is banned in the kernel; nobody while there is no table."""
    with contextlib.suppress(subprocess.CalledProcessError, StopIteration):
        return set(nft.elements("ban4"))
    return set()


class Rival(threading.Thread):
    """Deletes our table whenever it sees it, as another manager of the firewall may."""

    def __init__(self) -> None:
        super().__init__()
        self.blows = 0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.01):
            done = subprocess.run(["nft", "delete table inet amiguard"], capture_output=True, check=False)
            self.blows += not done.returncode

    def end(self) -> None:
        self._over.set()
        self.join()


@pytest.mark.long
def test_a_rival_is_not_fought_without_end(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(attack(BANNED))
        service.until_banned(f"{BANNED}/32")
        rival = Rival()
        rival.start()
        try:
            until(lambda: "somebody undoes" in service.status()["firewall"]["state"], "the quarrel told", 300)
            before, begun = service.status()["firewall"]["repairs"], time.monotonic()
            time.sleep(SECONDS)  # how much it does in a time is the point
            repairs, lasted = service.status()["firewall"]["repairs"] - before, time.monotonic() - begun
        finally:
            rival.end()
        until(lambda: {BANNED} == standing(), "the ban back in peace")
        until(lambda: "ok" == service.status()["firewall"]["state"], "peace told", 60)
        assert repairs <= 50 * (lasted / 5 + 1), "fifty, then five seconds of peace"
        minutes = (time.monotonic() - begun) // 60 + 3
        assert 11 * minutes > service.said.count("is put right"), "not a line for each"
        assert "Traceback" not in service.said
    ordeal.tell("a rival that deletes the table", blows=rival.blows, repairs=repairs, seconds=lasted)


@contextlib.contextmanager
def owned() -> Iterator[None]:
    """Our table, in the hands of another process: nobody else may touch it."""
    owner = subprocess.Popen(["nft", "-i"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert owner.stdin
    owner.stdin.write("add table inet amiguard { flags owner; }\n")
    owner.stdin.flush()
    until(lambda: "amiguard" in nft.run("list", "tables"), "the table of another")
    yield
    owner.communicate()


def test_a_table_that_another_owns_is_said_and_ours_once_he_is_gone(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(attack(BANNED))
        service.until_banned(f"{BANNED}/32")
        service.stop()
        nft.run("flush ruleset")
        with owned():
            service.start()
            assert "EPERM" in service.status()["firewall"]["state"]
            service.write(attack("203.0.113.8"))
            service.until_banned("203.0.113.8/32")
            assert 12 > service.said.count("does not obey"), "ten a minute at the most"
        until(lambda: {BANNED, "203.0.113.8"} == standing(), "both in the kernel")
        until(lambda: "ok" == service.status()["firewall"]["state"], "obedience")


FOREIGN = {
    "sets of another kind": "add set inet amiguard ban4 { type inet_service; elements = { 5060 }; }",
    "a chain elsewhere": "add chain inet amiguard guard { type filter hook output priority 0; policy drop; }",
    "sets and chains of his own": "add set inet amiguard his { type mark; }; add chain inet amiguard theirs",
}


@pytest.mark.parametrize("foreign", **ordeal.some(FOREIGN, 1))
def test_a_foreign_table_of_our_name_is_made_ours(tmp_path: Path, foreign: str) -> None:
    nft.run(f"add table inet amiguard; {foreign}")
    with Service(tmp_path) as service:
        service.write(attack(BANNED))
        service.until_banned(f"{BANNED}/32")
        assert {BANNED} == standing()
        assert ("ok", 0) == tuple(service.status()["firewall"].values())
        chain = nft.run("list chain inet amiguard guard")
        assert "type filter hook prerouting priority raw; policy accept;" in chain


def test_a_set_with_a_limit_is_made_without_one(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.stop()
        table = nft.run("list table inet amiguard").replace("set ban4 {", "set ban4 {\nsize 2", 1)
        nft.run("flush ruleset")
        nft.run(table)
        assert "size 2" in nft.run("list set inet amiguard ban4")
        service.start()
        sources = {f"192.0.2.{n}" for n in range(1, 100)}
        service.write(b"".join(map(attack, sources)))
        until(lambda: sources == standing(), "all of them banned")
        assert "ok" == service.status()["firewall"]["state"]


def test_more_news_than_the_kernel_can_queue_hide_nothing(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(attack(BANNED))
        service.until_banned(f"{BANNED}/32")
        service.signal(signal.SIGSTOP)
        changes = "add table inet other\ndelete table inet other\n" * (CHANGES // 2)
        command = changes + "flush ruleset\n" + changes
        subprocess.run(["nft", "-i"], input=command, text=True, check=True, stdout=subprocess.DEVNULL)
        assert set() == standing()
        service.signal(signal.SIGCONT)
        until(lambda: {BANNED} == standing(), "the ban back")
        assert ("ok", 1) == tuple(service.status()["firewall"].values())
        assert "Traceback" not in service.said
