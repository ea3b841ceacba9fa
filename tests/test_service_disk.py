"""A full disk: bans still land in the kernel, it is said, and nothing is lost when there is room again."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import netns
import nft
import pytest
from lab import Service, attack, attempt, until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

CLONE_NEWNS = 0x0002_0000


def small_disk(path: Path) -> None:
    """Mount a disk of 1 MB, which only this process and its children see."""
    path.mkdir(mode=0o700)
    netns.unshare(CLONE_NEWNS)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", path], check=True)


def fill(path: Path) -> Path:
    """Leave no room at all."""
    filler = path / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def test_bans_land_in_the_kernel_and_are_remembered_when_there_is_room_again(tmp_path: Path) -> None:
    state = tmp_path / "state"
    small_disk(state)
    with Service(tmp_path) as service:
        service.write(attempt("198.51.100.1", kind="SuccessfulAuth"))
        until(lambda: service.status()["friends"], "a friend")
        filler = fill(state)
        sources = [f"203.0.{n // 100}.{n % 100 + 1}" for n in range(400)]
        service.write(b"".join(map(attack, sources)))
        until(lambda: set(sources) == set(nft.elements("ban4")), "all in the kernel")
        trouble = until(lambda: disturbed(service), "the trouble in the status")
        assert "disk" in trouble
        (complaint,) = [line for line in service.said.splitlines() if " ERROR " in line]
        assert "bans land in the kernel, but nothing is remembered" in complaint
        assert "cannot" in service.command("status").out
        assert 0 == service.command("ban", "192.0.2.1").code
        filler.unlink()
        until(lambda: "ok" == service.status()["store"]["state"], "the store to recover")
        assert "the store remembers again" in service.said
        assert 401 == len(service.ask("history")[1])
        service.kill()
        service.start()
        bans = service.bans()
        assert 401 == len(bans)
        assert {"judged"} == {bans[f"{source}/32"]["origin"] for source in sources}
        assert 1 == service.status()["friends"]
        assert "Traceback" not in service.said


def disturbed(service: Service) -> str:
    state: str = service.status()["store"]["state"]
    return "" if state == "ok" else state


def test_it_stops_in_order_while_the_disk_is_full(tmp_path: Path) -> None:
    state = tmp_path / "state"
    small_disk(state)
    with Service(tmp_path) as service:
        filler = fill(state)
        service.write(b"".join(attack(f"203.0.113.{n}") for n in range(1, 200)))
        until(lambda: 199 == len(nft.elements("ban4")), "all in the kernel")
        until(lambda: disturbed(service), "the trouble in the status")
        assert 0 == service.stop()
        assert "Traceback" not in service.said
        filler.unlink()
        service.start()
        until(lambda: 199 == len(service.ask("history")[1]), "all judged again")
        assert {("judged", 1)} == {(ban["origin"], ban["strike"]) for ban in service.bans().values()}
