"""How the service starts, and how it says that it cannot."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import nft
import pytest
from lab import Service, attack, attempt, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.nft]


def test_without_the_capability_it_says_so_at_once(tmp_path: Path) -> None:
    service = Service(tmp_path)
    code, said = service.fails("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    assert (1, 1) == (code, len(said))
    assert said[0].startswith("amiguard: cannot ")
    assert "CAP_NET_ADMIN" in said[0]


def test_a_dry_run_decides_and_touches_nothing(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.configure(service="dry_run = true")
    with service.start("setpriv", "--bounding-set=-all", "--inh-caps=-all"):
        service.write(attack("203.0.113.7"))
        service.until_banned("203.0.113.7/32")
        ban = service.bans()["203.0.113.7/32"]
        assert ("house", 1, 0) == (ban["scope"], ban["strike"], ban["packets"])
        assert 590 < ban["remaining"] < 600
        assert "dry-run" == service.status()["firewall"]["state"]
        assert "" == nft.run("list", "ruleset")
        assert 0 == service.command("unban", "203.0.113.7").code
        assert {} == service.bans()


def test_what_is_at_the_sockets_path_and_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.socket.write_text("precious", encoding="utf-8")
    expected = f"amiguard: cannot serve {service.socket}: there is something else of that name"
    assert (1, [expected]) == service.fails()
    assert "precious" == service.socket.read_text(encoding="utf-8")


def keep_the_socket(_: Service, second: Service) -> None:
    second.configure()


def delete_the_socket(first: Service, second: Service) -> None:
    second.configure()
    first.socket.unlink()


def use_another_socket(first: Service, second: Service) -> None:
    second.socket = second.root / "control.sock"
    second.configure()
    assert second.socket != first.socket


@pytest.mark.parametrize("meet", [keep_the_socket, delete_the_socket, use_another_socket])
def test_a_second_service_on_the_same_state_leaves_the_first_alone(
    tmp_path: Path, meet: Callable[[Service, Service], None]
) -> None:
    with Service(tmp_path) as first:
        first.write(attack("203.0.113.7"))
        first.until_banned("203.0.113.7/32")
        rules = nft.run("-a", "list", "chain", "inet", "amiguard", "guard")
        second = beside(first)
        meet(first, second)
        assert (1, [f"amiguard: {first.state}: another amiguard is at work there"]) == second.fails()
        assert rules == nft.run("-a", "list", "chain", "inet", "amiguard", "guard")
        first.reload()  # a socket that was deleted is there again
        assert {"203.0.113.7/32"} == first.bans().keys()
        assert "judged" == until(lambda: first.ask("history")[1], "it remembered")[0]["origin"]
        assert 0 == first.status()["firewall"]["repairs"]
        first.kill()
        with second.start():
            assert {"203.0.113.7/32"} == second.bans().keys()


def beside(first: Service) -> Service:
    """Another service, with the state and the socket of the first."""
    (first.root / "second").mkdir()
    second = Service(first.root / "second")
    second.state, second.socket = first.state, first.socket
    return second


def test_a_second_service_on_the_same_socket_leaves_the_first_alone(tmp_path: Path) -> None:
    with Service(tmp_path) as first:
        second = beside(first)
        second.state = second.root / "state"
        second.configure()
        expected = f"amiguard: cannot serve {first.socket}: another amiguard answers on {first.socket}"
        assert (1, [expected]) == second.fails()
        assert {} == first.bans()


def test_a_service_that_ends_leaves_the_socket_of_another(tmp_path: Path) -> None:
    with Service(tmp_path) as first:
        second = beside(first)
        second.state = second.root / "state"
        second.configure()
        first.socket.unlink()
        with second:
            assert 0 == first.stop()
            assert {} == second.bans()


def test_nobody_gets_in_between_while_it_reloads(tmp_path: Path) -> None:
    with Service(tmp_path) as service, ThreadPoolExecutor(1) as threads:
        over = threading.Event()
        lurking = threads.submit(lurk, service.state, over)
        try:
            for _ in range(5):
                service.reload()
        finally:
            over.set()
        assert not lurking.result()


def lurk(directory: Path, over: threading.Event) -> bool:
    """Try to lock a directory, again and again; whether that was ever to be had."""
    folder = os.open(directory, os.O_RDONLY)
    try:
        while not over.is_set():
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
    finally:
        os.close(folder)
    return False


def test_no_command_writes_beside_a_service_whose_socket_is_gone(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.ask("ban", address="203.0.113.7")
        service.socket.unlink()
        refused = service.command("unban", "203.0.113.7")
        assert (4, True) == (refused.code, "another amiguard is at work there" in refused.err)
        assert {"203.0.113.7"} == set(nft.elements("ban4"))


def test_the_socket_of_a_killed_service_is_taken_over(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        assert 0o660 == stat.S_IMODE(service.socket.stat().st_mode)
        service.kill()
        assert service.socket.is_socket()
        service.start()
        assert {} == service.bans()
        assert 0 == service.stop()
        assert not service.socket.exists()


def test_directory_and_database_are_the_services_own(tmp_path: Path) -> None:
    with Service(tmp_path):
        assert 0o700 == stat.S_IMODE((tmp_path / "state").stat().st_mode)
        assert 0o600 == stat.S_IMODE((tmp_path / "state" / "amiguard.db").stat().st_mode)


def test_a_store_that_another_process_has_locked_is_named(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.stop()
        with sqlite3.connect(tmp_path / "state" / "amiguard.db", isolation_level=None) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            code, said = service.fails()
        other.close()
    assert (1, 1) == (code, len(said))
    assert "another process holds it locked" in said[0]


def test_a_damaged_store_is_set_aside_and_the_kernels_bans_are_adopted(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.ask("ban", address="203.0.113.7")
        service.ask("ban", address="198.51.100.0/24", **{"for": "forever"})
        service.kill()
        for part in (tmp_path / "state").iterdir():
            part.write_bytes(b"rubbish" * 1000)
        service.start()
        assert "set aside as amiguard.db.corrupt-" in service.said
        until(lambda: 2 == len(service.ask("history")[1]), "both remembered")
        bans = service.bans()
        assert 0 == service.command("unban", "203.0.113.7").code
    assert {"203.0.113.7/32": 600, "198.51.100.0/24": None} == {
        source: ban["remaining"] and round(ban["remaining"], -1) for source, ban in bans.items()
    }
    assert {"operator"} == {ban["origin"] for ban in bans.values()}


def test_a_first_start_reads_the_log_from_its_beginning(tmp_path: Path) -> None:
    """Friends and scores are learnt; what is over is history, what still runs goes into the kernel."""
    now = time.time()
    with Service(tmp_path, "[allow]\nauthenticated_for = '24h'") as service:
        service.stop()
    (tmp_path / "state" / "amiguard.db").unlink()
    service = Service(fresh(tmp_path))
    service.write(attack("192.0.2.1", now - 7200))
    service.write(attempt("192.0.2.2", now - 7100, kind="SuccessfulAuth"))
    service.write(attack("192.0.2.3", now - 300))
    service.write(attack("192.0.2.4", now - 200, times=4))
    with service:
        service.until_banned("192.0.2.3/32")
        until(lambda: 2 == len(service.ask("history")[1]), "both in the history")
        status = service.status()
        assert {"192.0.2.3"} == set(nft.elements("ban4"))
        assert (1, 1) == (status["friends"], status["tracked"])
        assert 290 < service.bans()["192.0.2.3/32"]["remaining"] < 300
        old = service.ask("history", address="192.0.2.1")[1][0]
        assert ("expired", 1) == (old["why"], old["strike"])
        service.write(attack("192.0.2.1"))
        service.until_banned("192.0.2.1/32")
        assert 2 == service.bans()["192.0.2.1/32"]["strike"]
        service.write(attempt("192.0.2.4") * 2)
        service.until_banned("192.0.2.4/32")


def fresh(path: Path) -> Path:
    (path / "fresh").mkdir()
    return path / "fresh"


def test_bans_stay_when_it_stops_and_come_back_with_a_new_kernel(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(attack("203.0.113.7"))
        service.ask("ban", address="2001:db8::1", **{"for": "forever"})
        service.until_banned("203.0.113.7/32")
        assert 0 == service.stop()
        assert {"203.0.113.7"} == set(nft.elements("ban4"))
        nft.run("flush", "ruleset")
        service.start()
        assert {"203.0.113.7"} == set(nft.elements("ban4"))
        assert {"2001:db8::": None} == {key: one.timeout for key, one in nft.elements("ban6").items()}


def test_an_unban_is_remembered_at_once(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.ask("ban", address="203.0.113.7")
        until(lambda: service.ask("history")[1], "the ban remembered")
        service.await_news("WATCHDOG=1")  # the next is a second away, and writes too
        lifted = service.undisturbed()
        service.ask("unban", addresses=["203.0.113.7"])
        until(lambda: service.ask("history")[1][0]["ended"], "its end remembered")
        assert service.undisturbed() - lifted < 0.5
        service.kill()
        service.start()
        assert {} == service.bans()


def test_a_state_directory_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    service = Service(tmp_path)
    (tmp_path / "state").write_text("a file", encoding="utf-8")
    code, said = service.fails()
    assert (1, 1) == (code, len(said))
    assert f"{tmp_path}/state" in said[0]


def test_ctrl_c_ends_it_like_systemd(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.signal(2)
        assert service.process is not None
        assert 0 == service.process.wait(5)


@pytest.mark.parametrize("way", ["list", "unban", "history"])
def test_for_root_kernel_and_store_answer_without_a_service(tmp_path: Path, way: str) -> None:
    with Service(tmp_path) as service:
        service.write(attack("203.0.113.7"))
        service.until_banned("203.0.113.7/32")
        service.ask("ban", address="2001:db8:1:2::/64", reason="by hand")
        service.stop()
        offline[way](service)


def lists(service: Service) -> None:
    bans = {ban["address"]: ban for ban in service.command("list", "--json").json["bans"]}
    assert {"203.0.113.7": ("judged", 1), "2001:db8:1:2::": ("operator", 0)} == {
        address: (ban["origin"], ban["strike"]) for address, ban in bans.items()
    }
    assert 590 < bans["203.0.113.7"]["remaining"] < 600
    nft.run("flush", "ruleset")
    assert {"version": 1, "bans": []} == service.command("list", "--json").json


def lifts(service: Service) -> None:
    assert 3 == service.command("unban", "192.0.2.1").code
    assert 2 == service.command("unban", "nobody").code
    lifted = service.command("unban", "2001:db8:1:2::77", "--json").json["unbanned"]
    assert ["by hand"] == [ban["reason"] for ban in lifted]
    assert ({}, {"203.0.113.7"}) == (nft.elements("ban6"), set(nft.elements("ban4")))
    assert 0 == service.command("unban", "--all").code
    assert {} == nft.elements("ban4")
    service.start()
    assert {} == service.bans()
    service.write(attack("203.0.113.7"))
    service.until_banned("203.0.113.7/32")
    assert 1 == service.bans()["203.0.113.7/32"]["strike"]


def remembers(service: Service) -> None:
    told = service.command("history", "--json").json["bans"]
    assert {"203.0.113.7", "2001:db8:1:2::"} == {ban["address"] for ban in told}
    assert 1 == len(service.command("history", "2001:db8:1:2:3::", "--json").json["bans"])


offline = {"list": lists, "unban": lifts, "history": remembers}
