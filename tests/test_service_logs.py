"""Logs that are missing, unreadable, many, or of a clock that was set."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest
import written
from lab import Service, attack, attempt, until
from recorded import HONEST_PHONE, cases

from amiguard import config
from amiguard.channel import Channel
from amiguard.judge.guard import Guard
from amiguard.model import Prefix, Verdict

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

NOW = time.time()
LOOPBACK = {Prefix.parse("127.0.0.1"), Prefix.parse("::1")}
STRICT = """
[score]
fast = { half_life = "1d", threshold = 1.0 }
[ban]
durations = ["forever"]
door_max = "5200w"
[allow]
authenticated_for = "0s"
"""
"""One point is enough, nobody is a friend of an earlier case's, and no ban is over before we look."""


@pytest.mark.parametrize("channel", ["security", "json"])
def test_every_recorded_attack_bans_nobody_but_its_true_sources(tmp_path: Path, channel: str) -> None:
    """One service follows one log to which case after case is written, with `unban --all` between."""
    recorded = [case for case in cases() if case.read(channel)]
    with Service(tmp_path, STRICT) as service:
        found = {str(case): banned(service, case.read(channel)) for case in recorded}
        assert "Traceback" not in service.said
    assert {} == {
        str(case): found[str(case)]
        for case in recorded
        if not found[str(case)] <= case.sources - {HONEST_PHONE}
    }
    expected = {str(case): judged(case.read(channel)) for case in recorded}
    same = sum(found[name] == expected[name] for name in found)
    assert same > 0.95 * len(found)
    assert sum(map(bool, found.values())) > 0.5 * len(found)


def banned(service: Service, said: bytes) -> set[Prefix]:
    """Whom the service bans for it; a record that was cut has lost its newline."""
    service.write(said if said.endswith(b"\n") else said + b"\n")
    until(lambda: not service.status()["sources"][0]["behind"], "the case read")
    found = {Prefix.parse(ban["address"]) for ban in service.ask("list")[1]}
    service.ask("unban", all=True)
    return found


def judged(said: bytes) -> set[Prefix]:
    """Whom the pure core bans for it, when it has seen nothing else."""
    channel = Channel("log", Guard(config.parse(STRICT, "strict")))
    outcomes = channel.feed(said, time.time(), backlog=False)
    return {outcome.ban.source for outcome in outcomes if isinstance(outcome, Verdict)} - LOOPBACK


def test_a_log_that_does_not_exist_yet_is_followed_when_it_does(tmp_path: Path) -> None:
    with Service(tmp_path, logs=("deep/security",)) as service:
        source = service.status()["sources"][0]
        assert (str(service.log), "missing") == (source["name"], source["state"])
        assert ["blind"] == service.status()["sight"]
        service.log.parent.mkdir()
        service.write(attack("203.0.113.7"))
        service.until_banned("203.0.113.7/32")
        assert "following" == service.status()["sources"][0]["state"]


def test_what_is_no_file_is_said_once_and_the_other_log_is_followed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with Service(tmp_path, logs=("security", "folder")) as service:
        service.write(attack("203.0.113.7"))
        service.until_banned("203.0.113.7/32")
        service.await_news("WATCHDOG=1")
        service.await_news("WATCHDOG=1")
        states = {source["name"]: source["state"] for source in service.status()["sources"]}
        assert "unreadable" == states[str(tmp_path / "folder")]
        assert 1 == service.said.count(f"{tmp_path}/folder")


def test_the_same_events_in_several_logs_count_once(tmp_path: Path) -> None:
    with Service(tmp_path, logs=("security", "again", "security.json")) as service:
        records = [line for n in range(4) for line in (attempt("203.0.113.7", NOW + n / 1000),)]
        for line in records:
            service.write(line)
            service.write(line, tmp_path / "again")
            service.write(written.as_json(line.partition(b".c: ")[2].rstrip()), tmp_path / "security.json")
        service.until_read(12)
        assert ({}, 8) == (service.bans(), service.status()["repeats"])
        service.write(attempt("203.0.113.7", NOW + 1), tmp_path / "again")
        service.until_banned("203.0.113.7/32")


def test_hostile_bytes_stop_nobody(tmp_path: Path) -> None:
    chance = random.Random(7)
    with Service(tmp_path) as service:
        for _ in range(50):
            service.write(chance.randbytes(2000) + b"\n")
            service.write(attempt("203.0.113.9").replace(b"101", chance.randbytes(30)))
        service.write(b"\n" * 20 + b"".join(attempt("198.51.100.9") for _ in range(20)))
        service.write(attack("203.0.113.7"))
        service.until_banned("203.0.113.7/32")
        assert "Traceback" not in service.said
        assert service.status()["sources"][0]["ambiguous"]


def test_ambiguous_records_are_told_of_ten_times_a_minute(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(attempt("203.0.113.9").replace(b'"101"', b'"1"0"1"') * 500)
        until(lambda: service.status()["sources"][0]["ambiguous"] >= 400, "doubt")
        assert 10 <= service.said.count("ambiguous record") <= 20
        assert "are only counted" in service.said
