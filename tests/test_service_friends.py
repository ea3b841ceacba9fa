"""Who is spared is shown, each with the reason, and what he has done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import written
from lab import Service, eventtv

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernel

OFFICE = "198.51.100.9"


def said(kind: str, at: float, account: str, transport: str = "UDP", **details: bytes) -> bytes:
    """A line of the log about the office."""
    words = written.Words(
        account=account.encode(),
        session=b"%.3f" % at,
        remote=f"IPV4/{transport}/{OFFICE}/5062".encode(),
        eventtv=eventtv(at),
    )
    return written.classic(written.record(kind, words, **details))


def login(at: float, account: str = "101") -> bytes:
    return said("SuccessfulAuth", at, account, UsingPassword=b"1")


def mistyped(begin: float, count: int, every: float) -> bytes:
    """A phone with an old password."""
    return b"".join(
        said("ChallengeResponseFailed", begin + n * every, "1042", Response=b"%d" % n) for n in range(count)
    )


def test_a_broken_phone_is_told_and_not_banned(tmp_path: Path) -> None:
    begin = time.time() - 3600
    with Service(tmp_path) as service:
        service.write(login(begin) + mistyped(begin + 30, 60, 60))
        service.until_read(61)
        [phone] = service.command("status", "--json").json["broken_phones"]
        expected = {"address": OFFICE, "account": "1042", "every": 60.0, "failures": 60}
        assert expected.items() <= phone.items()
        text = f"account 1042 at {OFFICE} has failed every 60 s since "
        assert f"broken phone    {text}" in service.command("status").out
        assert 1 == service.said.count("broken phone: ")
        assert {} == service.bans()
        service.reload()
        assert [phone] == service.status()["broken_phones"]


def test_list_all_tells_who_is_spared_and_why(tmp_path: Path) -> None:
    now = time.time()
    with Service(tmp_path, '[allow]\nnetworks = ["192.0.2.0/24"]') as service:
        service.write(login(now - 5))
        service.until_read(1)
        listed = service.command("list", "--all", "--json").json
        assert ["version", "bans", "spared", "alarms"] == list(listed)
        told = {each["address"]: each for each in listed["spared"]}
        expected = {"kind": "friend", "origin": "log-in", "accounts": 1}
        assert expected.items() <= told[OFFICE].items()
        assert {"never banned"} == {told[each]["kind"] for each in ("127.0.0.0/8", "192.0.2.0/24")}
        assert "allow.networks" == told["192.0.2.0/24"]["origin"]
        assert [told[OFFICE]] == service.command("status", "--json").json["friendly"]
        assert f"\n{OFFICE} " in service.command("list", "--all").out
        service.stop()
        assert 4 == service.command("list", "--all").code
        assert 0 == service.command("list").code


def test_a_shared_source_under_attack_is_said_once_with_the_evidence(tmp_path: Path) -> None:
    """From ten accounts' address 200 wrong passwords come for two of them."""
    now = time.time() - 60
    logins = b"".join(login(now + n / 10, f"10{n}") for n in range(10))
    guesses = [
        said("ChallengeResponseFailed", now + 5 + n / 10, f"90{n % 2}", "TLS", Response=b"%d" % n)
        for n in range(200)
    ]
    with Service(tmp_path) as service:
        service.write(logins + b"".join(guesses))
        service.until_read(210)
        assert 1 == service.said.count("suppressed: ")
        assert {} == service.bans()
        status = service.command("status", "--json").json
        assert "shared source" == status["friendly"][0]["kind"]
        [alarm] = status["alarms"]
        assert ("suppressed", OFFICE) == (alarm["kind"], alarm["source"])
        assert alarm["text"].startswith("not banned, it is a shared source, whose users are many: ")
        assert {"900", "901"} == set(alarm["text"].partition("; attacked: ")[2].split(", "))
        assert 8 == len(alarm["evidence"])
        record = {"event": "ChallengeResponseFailed", "proof": "proven", "points": 2.0, "port": 5062}
        assert all(record.items() <= each.items() for each in alarm["evidence"])
        text = service.command("list", "--all").out
        assert "8 records, last ChallengeResponseFailed 90" in text
        assert "alarms          1; " in service.command("status").out
        service.reload()
        assert [alarm] == service.status()["alarms"]
        service.write(b"".join(guesses))
        service.until_read(200)
        assert 1 == service.said.count("suppressed: "), "after a restart it is not said again"
