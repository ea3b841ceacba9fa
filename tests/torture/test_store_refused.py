"""While the store cannot be written, bans land in the kernel, it is said, and nothing is lost."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import netns
import nft
import ordeal
import pytest
from lab import Service, attack, attempt, until

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

CLONE_NEWNS = 0x0002_0000
FRIEND = "198.51.100.1"
OLD, NEW = "203.0.113.1", "203.0.113.2"


@contextlib.contextmanager
def locked(state: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(state / "amiguard.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextlib.contextmanager
def read_only(state: Path) -> Iterator[None]:
    remount(state, "ro")
    yield
    remount(state, "rw")


@contextlib.contextmanager
def full(state: Path) -> Iterator[None]:
    filler = state / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(512)):
            pass
    yield
    filler.unlink()


def remount(path: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", path], check=True)


Trouble = Callable[[Path], contextlib.AbstractContextManager[None]]
RUNNING: Mapping[str, tuple[Trouble, str]] = {
    "locked by another process": (locked, "another process holds it locked"),
    "full": (full, "disk"),
}
STARTING: Mapping[str, tuple[Trouble, str]] = {
    "read-only": (read_only, "Read-only file system"),
    "full": (full, "disk"),
}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def mount(path: Path) -> None:
    """A disk of 1 MB, which only this process and its children see."""
    path.mkdir(mode=0o700)
    netns.unshare(CLONE_NEWNS)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", path], check=True)


@pytest.mark.parametrize("trouble", **ordeal.some(RUNNING, 1))
def test_while_it_runs(tmp_path: Path, state: Path, trouble: tuple[Trouble, str]) -> None:
    refused, why = trouble
    mount(state)
    with Service(tmp_path) as service:
        service.write(attack(OLD))
        service.until_banned(f"{OLD}/32")
        until(lambda: service.ask("history")[1], "it written")
        with refused(state):
            service.write(b"".join(attack(f"192.0.2.{n}") for n in range(1, 255)) + attack(NEW))
            service.until_banned(f"{NEW}/32")
            until(lambda: why in service.status()["store"]["state"], "the trouble in the status")
        until(lambda: "ok" == service.status()["store"]["state"], "the store to recover")
        assert 1 == service.said.count("nothing is remembered")
        nothing_is_lost(service, 256)


@pytest.mark.parametrize("how", ordeal.taste(["killed", "stopped"]))
@pytest.mark.parametrize("trouble", **ordeal.some(STARTING, 1))
def test_when_it_starts(tmp_path: Path, state: Path, trouble: tuple[Trouble, str], how: str) -> None:
    refused, why = trouble
    mount(state)
    with Service(tmp_path) as service:
        service.write(attempt(FRIEND, kind="SuccessfulAuth") + attack(OLD))
        service.until_banned(f"{OLD}/32")
        until(lambda: service.ask("history")[1], "it written")
        service.stop() if how == "stopped" else service.kill()
        with refused(state):
            nft.run("flush ruleset")
            service.start()
            assert {OLD} == set(nft.elements("ban4"))
            assert 1 == service.status()["friends"]
            service.write(attack(NEW))
            service.until_banned(f"{NEW}/32")
            until(lambda: why in service.status()["store"]["state"], "the trouble in the status")
        until(lambda: "ok" == service.status()["store"]["state"], "the store to recover")
        nothing_is_lost(service, 2)


def nothing_is_lost(service: Service, bans: int) -> None:
    service.kill()
    nft.run("flush ruleset")
    service.start()
    assert {("judged", 1)} == {(ban["origin"], ban["strike"]) for ban in service.bans().values()}
    assert bans == len(service.ask("history")[1]) == len(nft.elements("ban4"))
    assert "Traceback" not in service.said
