"""`explain` asked of the real service, with the real kernel, and of what a service has left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import nft
import pytest
import written
from lab import Service, attack, attempt, eventtv, until
from netns import Peer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

SHOWN = {
    *("version", "address", "prefix", "verdict", "why", "rule", "held", "ban", "scales", "evidence_of"),
    *("decided", "before", "evidence", "checks", "history", "neighbours", "alarms"),
}
ATTACKER = "203.0.113.7"
THEN = 1_795_299_699.0


def explained(service: Service, address: str) -> dict[str, Any]:
    ran = service.command("explain", "--json", address)
    assert (0, "") == (ran.code, ran.err)
    told: dict[str, Any] = ran.json
    return told


def test_a_ban_is_explained_as_soon_as_it_stands(tmp_path: Path) -> None:
    """Though the store hears of it up to a second later."""
    with Service(tmp_path) as service:
        service.write(attack(ATTACKER) + attempt("203.0.113.8"))
        service.until_banned(f"{ATTACKER}/32")
        told = explained(service, ATTACKER)
        assert SHOWN == told.keys()
        assert ("banned", "fast", True, 5) == (
            told["verdict"],
            told["decided"],
            told["held"],
            len(told["evidence"]),
        )
        until(lambda: service.ask("history")[1], "the store to hear of it")
        later = explained(service, ATTACKER)
        assert [told["history"], told["evidence"]] == [later["history"], later["evidence"]]
        assert [{"address": "203.0.113.8", "kind": "suspect"}] == later["neighbours"]["named"]
        nft.run("flush", "set", "inet", "amiguard", "ban4")
        said = service.command("explain", ATTACKER).out
    assert "203.0.113.7 is banned\n" in said
    assert 'RemoteAddress="IPV4/TCP/203.0.113.7/5061"' in said


def test_it_needs_no_service_for_root(tmp_path: Path) -> None:
    with Service(tmp_path, '[allow]\nnetworks = ["192.0.2.0/24"]') as service:
        service.write(attack(ATTACKER) + attempt("203.0.113.8"))
        service.until_banned(f"{ATTACKER}/32")
        before = explained(service, ATTACKER)
        service.command("allow", "add", "198.51.100.9")
        service.stop()
        told = explained(service, ATTACKER)
        assert (before["evidence"], before["rule"]) == (told["evidence"], told["rule"])
        assert told["held"]
        assert 1 == len(explained(service, "203.0.113.8")["evidence"])
        assert {"never banned"} == {
            explained(service, each)["verdict"] for each in ("192.0.2.7", "198.51.100.9", "127.0.0.1")
        }
        nft.run("flush", "ruleset")
        assert not explained(service, ATTACKER)["held"]
        assert (
            "dropped    nothing: the kernel does not hold the ban" in service.command("explain", ATTACKER).out
        )


def test_without_service_and_store_it_says_so(tmp_path: Path) -> None:
    ran = Service(tmp_path).command("explain", ATTACKER)
    assert (4, "") == (ran.code, ran.out)
    assert "no service answers" in ran.err
    assert "amiguard.db" in ran.err


def test_what_is_no_address_is_refused(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        ran = service.command("explain", "nobody")
        assert (2, "") == (ran.code, ran.out)
        assert "not an address or prefix" in ran.err


def test_the_valid_answer_that_asterisk_logs_is_shown_nowhere(tmp_path: Path) -> None:
    """Nor is an escape byte that an attacker has sent."""
    secret = b"5ebe2294ecd0e0f08eab7690d2a6ee69"
    words = written.Words(
        b"AMI", b"a\x1b[2Jb", b"0x7f62", remote=b"IPV4/TCP/203.0.113.7/5061", eventtv=eventtv(THEN)
    )
    details = {"Challenge": b"1", "Response": b"2", "ExpectedResponse": secret}
    with Service(tmp_path) as service:
        service.write(written.as_json(written.record("ChallengeResponseFailed", words, **details)) * 3)
        service.until_read(3)
        until(lambda: explained(service, ATTACKER)["evidence"], "the evidence")
        told = [service.command("explain", *words).out for words in ([ATTACKER], ["--json", ATTACKER])]
    for said in told:
        assert "ChallengeResponseFailed" in said
        assert secret.decode() not in said
        assert "\x1b" not in said


def test_the_packets_that_a_ban_has_dropped_are_counted(tmp_path: Path) -> None:
    with Peer(["192.0.2.1/24"], ["192.0.2.7/24"]) as peer, Service(tmp_path) as service:
        service.write(attack("192.0.2.7"))
        service.until_banned("192.0.2.7/32")
        for _ in range(3):
            peer.say("192.0.2.7", 5060, "192.0.2.1", 5060, "let me in")

        def dropped() -> int:
            packets: int = explained(service, "192.0.2.7")["ban"]["packets"]
            return packets

        until(lambda: dropped() >= 3, "three dropped packets")
        said = service.command("explain", "192.0.2.7").out
    assert re.search(r"^dropped    [3-9]\d* packets, \d+ bytes$", said, re.MULTILINE)
