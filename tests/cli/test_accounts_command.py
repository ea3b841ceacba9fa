"""`accounts` asked of the real service, of the store that it has left, and of old logs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import written
from lab import Service, eventtv, run, until

if TYPE_CHECKING:
    from pathlib import Path

HOME, ELSEWHERE, CLUMSY = "192.0.2.10", "198.51.100.9", "198.51.100.77"
ODD = "x\u202e".encode()


def said(kind: str, source: str, at: float, account: bytes, **details: bytes) -> bytes:
    words = written.Words(
        account=account, session=b"%.3f" % at, remote=f"IPV4/UDP/{source}/5060".encode(), eventtv=eventtv(at)
    )
    return written.as_json(written.record(kind, words, **details))


def scene(begin: float) -> bytes:
    """200 sources try one account three times each; then it logs in from elsewhere."""
    login = {"UsingPassword": b"1"}
    return b"".join(
        (
            said("SuccessfulAuth", HOME, begin - 60, b"1042", **login),
            *(
                said("ChallengeResponseFailed", f"203.0.113.{n}", begin + n * 10 + k, b"1042")
                for n in range(200)
                for k in range(3)
            ),
            *(said("InvalidAccountID", CLUMSY, begin + n, b"x%d" % n) for n in range(4)),
            said("InvalidAccountID", CLUMSY, begin + 5, ODD),
            said("SuccessfulAuth", HOME, begin + 2100, b"1042", **login),
            said("SuccessfulAuth", ELSEWHERE, begin + 2101, b"1042", **login),
        )
    )


def facts(told: dict[str, Any]) -> None:
    """What the scene must show, whoever is asked."""
    attack, *others = told["accounts"]
    assert ("1042", "PJSIP", True, "distributed", 600, 200) == tuple(
        attack[key] for key in ("account", "service", "exists", "attack", "failures", "sources")
    )
    assert {(f"203.0.113.{n}", 32, 3, False) for n in range(200)} == {
        (each["address"], each["prefix"], each["failures"], each["banned"]) for each in attack["from"]
    }
    assert {("x0", False), ("x\\u202e", False)} <= {(each["account"], each["exists"]) for each in others}
    [breach] = told["breaches"]
    assert ELSEWHERE == breach["source"]


@pytest.mark.kernel
def test_the_service_names_account_and_sources_and_so_does_the_store(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(scene(time.time() - 3600))
        service.until_read(608)
        told = until(lambda: service.command("accounts", "--json").json, "an answer")
        assert ["version", "accounts", "broken_phones", "breaches"] == list(told)
        facts(told)
        alarms = [alarm["kind"] for alarm in service.status()["alarms"]]
        assert ["breach", "distributed guessing"] == alarms
        assert "distributed guessing: 0.0.0.0/0: account 1042 (PJSIP) is guessed at" in service.said
        text = service.command("accounts").out
        assert {} == service.bans()
        service.stop()
        facts(service.command("accounts", "--json").json)
        assert text == service.command("accounts").out
    assert "\u202e" not in text
    assert "tried, but do not exist: " in text


@pytest.mark.kernel
def test_one_account_is_told_with_every_source(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(scene(time.time() - 3600))
        service.until_read(608)
        one = service.command("accounts", "1042", "--json").json
        assert (["1042"], 1) == ([each["account"] for each in one["accounts"]], len(one["breaches"]))
        assert 200 == service.command("accounts", "1042").out.count("\n  203.0.113.")
        other = service.command("accounts", "x1", "--json").json
        assert (["x1"], []) == ([each["account"] for each in other["accounts"]], other["breaches"])
        ran = service.command("accounts", "nobody")
        assert (3, "amiguard: nothing is known of nobody\n") == (ran.code, ran.err)


@pytest.mark.kernel
def test_what_is_a_day_old_is_not_told(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.write(scene(time.time() - 86_400 - 1000))
    with service:
        service.until_read(608)
        [attack] = service.command("accounts", "--json").json["accounts"]
        assert 90 < attack["sources"] < 110
        assert attack["failures"] == 3 * attack["sources"]


def test_a_replay_tells_the_same(tmp_path: Path) -> None:
    log, usual = tmp_path / "security.json", tmp_path / "usual.toml"
    log.write_bytes(scene(1_600_000_000.0))
    usual.touch()
    words = ("replay", str(log), "--accounts", "--config", str(usual))
    told = run(*words, "--json").json
    assert 608 == told["events"]
    facts(told)
    assert run(*words).out.startswith("ACCOUNT  SERVICE  ATTACK ")
