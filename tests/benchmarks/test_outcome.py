"""Where all guessers are known: they are banned, who mistypes is not, and a live guard judges as a replay."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import groundtruth
import pytest
from groundtruth import KINDS, VICTIM
from lab import Service, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LONG = '[ban]\ndurations = ["1w"]\n'
"""Nobody is banned twice, and at the end all bans still run."""
SHARE = 8
"""One source in so many tells the same story."""


@pytest.fixture(scope="module")
def told() -> groundtruth.Story:
    return groundtruth.story(time.time() - 1, SHARE)


def since(bans: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Since when each address was banned first."""
    first: dict[str, float] = {}
    for ban in sorted(bans, key=lambda ban: str(ban["since"])):
        first.setdefault(ban["address"], datetime.fromisoformat(ban["since"]).timestamp())
    return first


def replayed(told: groundtruth.Story, root: Path, *words: str) -> Any:
    log = root / "story"
    log.write_text("".join(line for _, line in told.lines), encoding="ascii")
    config = root / "replayed.toml"
    config.write_text(LONG, encoding="utf-8")
    return run("replay", "--json", "--config", str(config), *words, str(log)).json


def test_eight_of_ten_lines_are_those_of_honest_phones(told: groundtruth.Story) -> None:
    failed = sum(
        "ResponseFailed" in line or "InvalidAccountID" in line or "<unknown>" in line
        for _, line in told.lines
    )
    assert 0.199 < failed / len(told.lines) < 0.201


def test_who_guesses_is_banned_and_who_mistypes_is_not(told: groundtruth.Story, tmp_path: Path) -> None:
    bans = since(replayed(told, tmp_path)["bans"])
    outcomes = {kind: groundtruth.outcome(told, kind, bans) for kind in KINDS}
    assert {kind.name: kind.sources // SHARE for kind in KINDS} == {
        kind.name: outcome.sources for kind, outcome in outcomes.items()
    }
    assert [kind.banned for kind in KINDS] == [each.banned == each.sources for each in outcomes.values()]
    assert [0, 0] == [outcome.banned for kind, outcome in outcomes.items() if not kind.banned]
    most = {kind.name: max(outcome.guesses) for kind, outcome in outcomes.items() if kind.banned}
    assert {"fast": 5, "enumerating": 7, "slow": 6} == most


def test_who_guesses_with_many_addresses_is_named(told: groundtruth.Story, tmp_path: Path) -> None:
    accounts = replayed(told, tmp_path, "--accounts")["accounts"]
    [victim] = [each for each in accounts if each["attack"] == "distributed"]
    kind = next(kind for kind in KINDS if kind.name == "distributed")
    assert (VICTIM, set(told.sources(kind))) == (
        victim["account"],
        {each["address"] for each in victim["from"]},
    )


@pytest.mark.kernel
def test_a_live_guard_judges_as_a_replay(told: groundtruth.Story, tmp_path: Path) -> None:
    with Service(tmp_path, LONG) as service:
        service.write("".join(line for _, line in told.lines).encode())
        service.until_read(len(told.lines))
        live = since(service.ask("list")[1])
        alarms = {alarm["kind"] for alarm in service.status()["alarms"]}
    assert since(replayed(told, tmp_path)["bans"]) == live
    assert {"distributed guessing"} == alarms
