"""What the commands print with a service running, and how they end."""

from __future__ import annotations

import re
import subprocess
from datetime import datetime
from typing import TYPE_CHECKING

import nft
import pytest
from lab import PROGRAM, Service, attack, attempt, run, until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

DONE, FAILED, USAGE, NOTHING, SILENT = range(5)
LISTED = {
    *("address", "prefix", "scope", "proof", "since", "until", "remaining", "reason"),
    *("origin", "strike", "score", "packets", "bytes"),
}
HOSTILE = 'a\x1b[2J\x07"\n\r\u202e<b>\udcff'


def test_list_has_the_contracts_shape(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        assert {"version": 1, "bans": []} == service.command("list", "--json").json
        assert "nobody is banned\n" == service.command("list").out
        service.write(attack("203.0.113.7") + attack("2001:db8:1:2::9"))
        service.until_banned("203.0.113.7/32", "2001:db8:1:2::/64")
        service.command("ban", "198.51.100.0/24", "--for", "forever", "--reason", "enough")
        listed = service.command("list", "--json").json
        table = service.command("list").out
    assert {"version", "bans"} == listed.keys()
    assert 1 == listed["version"]
    bans = {ban["address"]: ban for ban in listed["bans"]}
    assert {"203.0.113.7", "2001:db8:1:2::", "198.51.100.0"} == bans.keys()
    assert all(LISTED == ban.keys() for ban in bans.values())
    judged, forever = bans["203.0.113.7"], bans["198.51.100.0"]
    facts = ("prefix", "scope", "proof", "origin", "strike", "packets", "bytes")
    assert (32, "house", "proven", "judged", 1, 0, 0) == tuple(judged[fact] for fact in facts)
    assert 64 == bans["2001:db8:1:2::"]["prefix"]
    assert datetime.fromisoformat(judged["since"]).utcoffset() is not None
    lasts = datetime.fromisoformat(judged["until"]) - datetime.fromisoformat(judged["since"])
    assert 600 == pytest.approx(lasts.total_seconds(), abs=0.01)
    assert 590 < judged["remaining"] <= 600
    assert judged["score"] == pytest.approx(10, abs=0.1)
    assert (None, None, "enough", "operator") == tuple(
        forever[fact] for fact in ("until", "remaining", "reason", "origin")
    )
    assert re.search(r"^2001:db8:1:2::/64 +house +proven +(9m|10m)", table, re.MULTILINE)
    assert re.search(r"^198\.51\.100\.0/24 .*for ever.*enough$", table, re.MULTILINE)


def test_status_has_the_contracts_shape(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(attempt("203.0.113.7"))
        service.until_read(1)
        status = service.command("status", "--json").json
        text = service.command("status").out
    assert {"version", "since", "sight", "sources", "tracked", "friends", "bans", "firewall"} <= status.keys()
    assert (1, 1, 0, 0) == tuple(status[key] for key in ("version", "tracked", "friends", "bans"))
    assert {"state": "ok", "repairs": 0} == status["firewall"]
    (source,) = status["sources"]
    facts = ("kind", "name", "state", "events", "ambiguous", "lag")
    assert ("log", str(service.log), "following", 1, 0, 0.0) == tuple(source[fact] for fact in facts)
    assert str(service.log) in text


def test_history_has_bans_newest_first_with_their_ends(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        assert {"version": 1, "bans": []} == service.command("history", "--json").json
        assert "no ban is remembered\n" == service.command("history").out
        service.command("ban", "203.0.113.7")
        service.command("ban", "203.0.113.8")
        service.command("unban", "203.0.113.7")
        remembered = until(lambda: two_ends(service), "the store to hear of it")
        one = service.command("history", "203.0.113.7", "--json").json
        last = service.command("history", "--limit", "1", "--json").json
        text = service.command("history").out
    assert ["203.0.113.8", "203.0.113.7"] == [ban["address"] for ban in remembered]
    assert [(None, None), ("unbanned", True)] == [
        (ban["why"], ban["ended"] and ban["since"] <= ban["ended"] < ban["until"]) for ban in remembered
    ]
    assert ["203.0.113.7"] == [ban["address"] for ban in one["bans"]]
    assert ["203.0.113.8"] == [ban["address"] for ban in last["bans"]]
    assert ("runs" in text, "unbanned" in text) == (True, True)


def two_ends(service: Service) -> list[dict[str, str]]:
    bans: list[dict[str, str]] = service.command("history", "--json").json["bans"]
    return bans if len(bans) == 2 and bans[-1]["why"] else []


def test_ban_and_unban_reach_the_kernel(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        banned = service.command("ban", "2001:db8:7:8::9", "--for", "1h", "--json").json["ban"]
        assert ("2001:db8:7:8::", 64) == (banned["address"], banned["prefix"])
        assert {"2001:db8:7:8::": 3600} == {key: one.timeout for key, one in nft.elements("ban6").items()}
        service.command("ban", "203.0.113.0/25")
        assert {"203.0.113.0/25"} == set(nft.elements("net4"))
        assert (NOTHING, "amiguard: no ban holds any of these addresses\n") == ended(
            service, "unban", "192.0.2.1"
        )
        lifted = service.command("unban", "203.0.113.77", "2001:db8:7:8:aa::1", "--json").json
        assert {"version", "unbanned"} == lifted.keys()
        assert {"203.0.113.0", "2001:db8:7:8::"} == {ban["address"] for ban in lifted["unbanned"]}
        assert ({}, {}) == (nft.elements("ban6"), nft.elements("net4"))
        service.command("ban", "203.0.113.7")
        assert "unbanned 203.0.113.7\n" == service.command("unban", "--all").out
        assert (DONE, "") == ended(service, "unban", "--all")


def ended(service: Service, *words: str) -> tuple[int, str]:
    ran = service.command(*words)
    return ran.code, ran.err


def test_a_mapped_address_is_the_ipv4_address(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.command("ban", "::ffff:203.0.113.7")
        assert {"203.0.113.7"} == set(nft.elements("ban4"))


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["127.0.0.1", "--force"], FAILED, "never banned: loopback"),
        (["0.0.0.0/0", "--force"], FAILED, "never banned"),
        (["::1", "--force"], FAILED, "never banned"),
        (["203.0.113.0/7"], USAGE, "bits set"),
        (["12.0.0.0/7"], FAILED, "wider than /8; --force"),
        (["2001:d00::/23"], USAGE, "bits set"),
        (["2001:c00::/23"], FAILED, "wider than /24; --force"),
        (["10.9.9.9", "--force"], FAILED, "allow.networks"),
        (["localhost"], USAGE, "not an address or prefix"),
        (["fe80::1%eth0"], USAGE, "zone"),
        (["203.0.113.7", "--for", "soon"], USAGE, "soon"),
        (["203.0.113.7", "--for", "0s"], USAGE, "at least 1s"),
        (["203.0.113.7", "--for", "9999999w"], USAGE, "9999999w"),
        ([""], USAGE, "not an address or prefix"),
    ],
)
def test_bans_that_are_refused(tmp_path: Path, words: list[str], code: int, why: str) -> None:
    with Service(tmp_path, '[allow]\nnetworks = ["10.0.0.0/8"]') as service:
        ran = service.command("ban", *words)
        assert (code, "") == (ran.code, ran.out)
        assert why in ran.err
        assert {} == service.bans()


def test_force_bans_very_many_and_a_friend(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        assert DONE == service.command("ban", "12.0.0.0/7", "--force").code
        service.write(attempt("203.0.113.7", kind="SuccessfulAuth"))
        until(lambda: service.status()["friends"], "a friend")
        refused = service.command("ban", "203.0.113.0/24")
        assert FAILED == refused.code
        assert "203.0.113.7 is a friend" in refused.err
        assert DONE == service.command("ban", "203.0.113.7", "--force").code
        assert {"12.0.0.0/7", "203.0.113.7/32"} == service.bans().keys()


def test_allow_lifts_what_is_inside_and_keeps_it_out(tmp_path: Path) -> None:
    with Service(tmp_path, '[allow]\nnetworks = ["192.0.2.0/24"]') as service:
        configured = {"network": "192.0.2.0/24", "origin": "configuration"}
        assert {"version": 1, "allows": [configured]} == service.command("allow", "list", "--json").json
        service.write(attack("203.0.113.7") + attack("198.51.100.7"))
        service.until_banned("203.0.113.7/32", "198.51.100.7/32")
        added = service.command("allow", "add", "203.0.113.0/24", "--json").json
        assert [{"network": "203.0.113.0/24", "origin": "run time"}, configured] == added["allows"]
        assert {"198.51.100.7/32"} == service.bans().keys()
        assert {"192.0.2.0/24", "203.0.113.0/24"} == set(nft.elements("allow4"))
        assert FAILED == service.command("ban", "203.0.113.9", "--force").code
        service.write(attack("203.0.113.7"))
        service.until_read(15)
        assert {"198.51.100.7/32"} == service.bans().keys()
        service.stop()
        service.start()
        assert 2 == len(service.command("allow", "list", "--json").json["allows"])
        assert DONE == service.command("allow", "del", "203.0.113.0/24").code
        assert NOTHING == service.command("allow", "del", "203.0.113.0/24").code
        assert {"192.0.2.0/24"} == set(nft.elements("allow4"))
        service.write(attack("203.0.113.7"))
        service.until_banned("203.0.113.7/32")


def test_allowing_an_address_leaves_the_ban_around_it(tmp_path: Path) -> None:
    """The allowed one passes before any ban is looked at."""
    with Service(tmp_path) as service:
        service.command("ban", "203.0.113.0/24")
        service.command("ban", "203.0.113.7")
        service.command("allow", "add", "203.0.113.7")
        assert {"203.0.113.0/24"} == service.bans().keys()


@pytest.mark.parametrize("network", ["203.0.113.7/24", "nowhere", "", "fe80::1%eth0"])
def test_what_is_no_network_is_not_allowed(tmp_path: Path, network: str) -> None:
    with Service(tmp_path) as service:
        ran = service.command("allow", "add", network)
        assert USAGE == ran.code
        assert ran.err.startswith("amiguard: not a")
        assert [] == service.status()["allows"]


def test_to_allow_half_of_the_world_needs_force(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        for network, bound in (("0.0.0.0/0", 8), ("2000::/3", 24)):
            refused = f"amiguard: {network} is wider than /{bound}; --force does it all the same\n"
            assert (FAILED, refused) == ended(service, "allow", "add", network)
            assert [] == service.status()["allows"]
            assert DONE == service.command("allow", "add", network, "--force").code
            assert DONE == service.command("allow", "del", network).code


def test_hostile_text_is_never_printed_as_it_is(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.ask("ban", address="203.0.113.7", reason=HOSTILE)
        service.write(attempt("203.0.113.8").replace(b"101", b"\x1b[2J\xff\x9b"))
        until(lambda: service.status()["sources"][0]["ambiguous"], "doubt")
        until(lambda: service.ask("history")[1], "the ban remembered")
        outputs = [
            service.command(*words).out
            for words in (["list"], ["list", "--json"], ["history"], ["history", "--json"], ["status"])
        ]
        assert 0 == service.stop()
        outputs.append(service.said)
        outputs += [service.command(command).out for command in ("list", "history")]
        outputs.append(service.command("unban", "203.0.113.7").out)
    assert all(text.replace("\n", "").isprintable() and text.isascii() for text in outputs), [
        text for text in outputs if not text.replace("\n", "").isprintable()
    ]
    assert sum("\\x1b[2J" in text for text in outputs) >= 4


def test_a_silent_service_is_exit_code_4(tmp_path: Path) -> None:
    missing = tmp_path / "amiguard.toml"
    missing.write_text(f'[service]\nsocket = "{tmp_path}/none.sock"\nstate_dir = "{tmp_path}/state"')
    for words in (["status"], ["ban", "203.0.113.7"], ["allow", "list"], ["allow", "add", "10.0.0.0/8"]):
        ran = run(*words, "--config", str(missing))
        assert (SILENT, "") == (ran.code, ran.out)
        assert re.fullmatch(r"amiguard: no service answers on [^\n]+\n", ran.err)


def test_a_pager_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        for n in range(1, 255):
            service.ask("ban", address=f"203.0.113.{n}", reason="x" * 500)
        command = [*PROGRAM, "list", "--json", "--config", str(service.config)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listing:
            assert listing.stdout.read(10)
            listing.stdout.close()
            assert b"" == listing.stderr.read()
        assert DONE == listing.returncode
