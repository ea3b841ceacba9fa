"""Whatever somebody else does to the table, it is put right at once, and nobody goes round in circles."""

from __future__ import annotations

import socket
import subprocess
import time
from typing import TYPE_CHECKING

import nft
import pytest
from lab import Changes, Service, attack, attempt, until
from netns import Peer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

AT_ONCE = 0.05
HARM = {
    "the ruleset flushed": "flush ruleset",
    "the table deleted": "delete table inet amiguard",
    "the table emptied of rules": "flush table inet amiguard",
    "the chain's rules flushed": "flush chain inet amiguard guard",
    "the chain deleted": "flush chain inet amiguard guard; delete chain inet amiguard guard",
    "a set flushed": "flush set inet amiguard ban4",
    "a set deleted": "flush chain inet amiguard guard; delete set inet amiguard ban4",
    "a ban deleted": "delete element inet amiguard ban4 { 203.0.113.7 }",
    "a door opened": "delete element inet amiguard door4 { 203.0.113.8 }",
    "the bans of networks flushed": "flush set inet amiguard net4",
    "an allowed network deleted": "delete element inet amiguard allow4 { 192.0.2.0/24 }",
    "a rule before ours": "insert rule inet amiguard guard accept",
    "the table put to sleep": "add table inet amiguard { flags dormant; }",
}


def standing() -> tuple[list[str], dict[str, set[str]]]:
    """Rules and flags, and the elements of the sets; empty while a part is missing."""
    try:
        sets = {
            name: set(nft.elements(name)) for name in ("ban4", "door4", "net4", "ban6", "allow4", "sip_ports")
        }
        return [*nft.chain(), *nft.flags()], sets
    except (subprocess.CalledProcessError, StopIteration):
        return [], {}


def test_harm_is_mended_within_50_ms_and_no_loop_follows(tmp_path: Path) -> None:
    with Service(tmp_path, '[allow]\nnetworks = ["192.0.2.0/24"]') as service:
        service.write(attack("203.0.113.7") + attack("203.0.113.8", transport="UDP"))
        for network in ("198.51.100.0/24", "198.51.100.0/25", "2001:db8::1"):
            service.ask("ban", address=network, **{"for": "forever"})
        service.until_banned("203.0.113.7/32", "203.0.113.8/32")
        before = standing()
        assert {"203.0.113.7"} == before[1]["ban4"]
        spans = {name: best_of(3, service, command, before) for name, command in HARM.items()}
        service.await_news("WATCHDOG=1")
        service.await_news("WATCHDOG=1")
        assert {"state": "ok", "repairs": 3 * len(HARM)} == service.status()["firewall"]
        assert before == standing()
    assert {} == {name: span for name, span in spans.items() if span > AT_ONCE}


def best_of(times: int, service: Service, command: str, before: object) -> float:
    """Do harm so often; each time it is mended; gives the seconds of the best."""
    spans = []
    for _ in range(times):
        with Changes() as changes:
            nft.run(command)
            spans.append(changes.span(clock=service.undisturbed))
        until(lambda: before == standing(), f"mending {command}")
    return min(spans)


def test_what_others_do_elsewhere_is_no_repair(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        for n in range(50):
            nft.run(f"add table inet other{n}; add set inet other{n} s {{ type ipv4_addr; }}")
            nft.run(
                f"add element inet other{n} s {{ 10.0.0.1 }}; delete element inet other{n} s {{ 10.0.0.1 }}"
            )
        service.ask("ban", address="203.0.113.7")
        service.ask("unban", addresses=["203.0.113.7"])
        service.await_news("WATCHDOG=1")
        service.await_news("WATCHDOG=1")
        assert 0 == service.status()["firewall"]["repairs"]


def test_the_time_that_bans_have_left_survives_a_repair(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(attack("203.0.113.7", time.time() - 300))
        service.until_banned("203.0.113.7/32")
        nft.run("flush ruleset")
        until(lambda: standing()[0], "the table back")
        left = nft.elements("ban4")["203.0.113.7"].expires
        assert left is not None
        assert 290 <= left <= 300


def test_a_friends_door_ban_spares_the_phone_that_logged_in(tmp_path: Path) -> None:
    """Somebody who forges the friend's address keeps other ports of it from UDP SIP, and nothing else."""
    with (
        Service(tmp_path) as service,
        Peer(["198.51.100.1/24"], ["203.0.113.7/32", "198.51.100.2/24"]) as peer,
    ):
        subprocess.run(["ip", "route", "add", "203.0.113.7/32", "via", "198.51.100.2"], check=True)
        ears = {port: udp("198.51.100.1", port) for port in (5060, 9999)}
        service.write(attempt("203.0.113.7", kind="SuccessfulAuth", port=40000))
        until(lambda: service.status()["friends"], "a friend")
        forged = b"".join(attack("203.0.113.7", transport="UDP") for _ in range(9))
        service.write(forged)
        service.until_banned("203.0.113.7/32")
        assert "door" == service.bans()["203.0.113.7/32"]["scope"]
        for number, (port, target) in enumerate([(40001, 5060), (40000, 5060), (40001, 9999)]):
            peer.say("203.0.113.7", port, "198.51.100.1", target, f"word {number}")
        assert ["word 1", "word 2"] == [ears[5060].recv(100).decode(), ears[9999].recv(100).decode()]
        assert 1 == service.bans()["203.0.113.7/32"]["packets"]
        nft.run("flush ruleset")
        until(lambda: standing()[0], "the table back")
        until(lambda: nft.elements("spare4"), "the phone spared again")
        assert ["203.0.113.7 . 40000"] == list(nft.elements("spare4"))


def udp(address: str, port: int) -> socket.socket:
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind((address, port))
    ear.settimeout(5)
    return ear
