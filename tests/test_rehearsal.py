"""A rehearsal gives the bans of the guard, and what they took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lab import attack, attempt, login
from recorded import cases

from amiguard import config
from amiguard.channel import Channel
from amiguard.comparison import Spread, difference, summary
from amiguard.judge.guard import Guard
from amiguard.model import Prefix, Verdict
from amiguard.rehearsal import FACTORS, Rehearsal, sweep

if TYPE_CHECKING:
    from amiguard.rehearsal import Judged

THEN = 1_600_000_000.0
NOW = 1_900_000_000.0
DEFAULTS = config.parse("", "defaults")
STRICT = config.parse('[allow]\nauthenticated_for = "0s"', "strict")


def judged(*logs: bytes, toml: config.Config = DEFAULTS) -> list[Judged]:
    rehearsal = Rehearsal(toml)
    for log in logs:
        rehearsal.begin()
        rehearsal.feed(log, NOW)
    return rehearsal.judged


@pytest.mark.parametrize("case", cases(), ids=str)
def test_its_bans_are_those_of_a_guard(case: object) -> None:
    data = case.read("json")  # type: ignore[attr-defined]
    found = Channel("log", Guard(DEFAULTS)).feed(data, NOW, backlog=True)
    assert [each.ban for each in found if isinstance(each, Verdict)] == [each.ban for each in judged(data)]


def test_it_counts_from_the_first_failure_since_the_last_ban() -> None:
    log = b"".join(attempt("203.0.113.7", THEN + n * 10) for n in range(5))
    again = b"".join(attempt("203.0.113.7", THEN + 1000 + n * 20) for n in range(5))
    first, second = judged(log, again)
    assert (pytest.approx(40.0), 5, pytest.approx(80.0), 5) == (
        first.took,
        first.tries,
        second.took,
        second.tries,
    )


def test_a_wide_ban_took_the_tries_of_all_its_sources() -> None:
    log = b"".join(attempt(f"2001:db8:1:{n:x}::1", THEN + n) for n in range(40))
    [wide] = judged(log)
    assert (48, 37) == (wide.ban.source.length, wide.tries)
    assert pytest.approx(36.0, abs=0.1) == wide.took


def test_proven_evidence_that_unproven_one_does_not_use_up_is_not_counted_twice() -> None:
    mixed = attempt("203.0.113.7", THEN) + attack("203.0.113.7", THEN + 1, transport="UDP")
    [door] = judged(mixed)
    assert ("door", 5) == (door.ban.scope, door.tries)


@pytest.mark.parametrize(
    ("before", "friend"),
    [
        (login("203.0.113.7", THEN), True),
        (login("203.0.113.7", THEN - 90_000), False),
        (login("203.0.113.7", THEN, transport="UDP"), True),
        (attack("203.0.113.7", THEN, times=4) + login("203.0.113.7", THEN + 1), False),
        (login("203.0.113.8", THEN), False),
    ],
    ids=["logged in", "two days ago", "over UDP with the password", "after failures", "another"],
)
def test_who_had_logged_in_would_be_cut_off(before: bytes, *, friend: bool) -> None:
    """Though the configuration knows no friends."""
    [ban] = judged(before + attack("203.0.113.7", THEN + 2), toml=STRICT)
    assert friend == ban.friend


def test_who_guesses_right_behind_his_ban_is_no_friend() -> None:
    """In a replay nobody is kept out."""
    log = attack("203.0.113.7", THEN) + login("203.0.113.7", THEN + 1)
    *_, again = judged(log + attack("203.0.113.7", THEN + 1000), toml=STRICT)
    assert not again.friend


def test_a_sweep_multiplies_both_thresholds_and_nothing_else() -> None:
    swept = sweep(DEFAULTS)
    assert [9.0 * factor for factor in FACTORS] == [each.score.fast.threshold for each in swept]
    assert [25.0 * factor for factor in FACTORS] == [each.score.slow.threshold for each in swept]
    assert DEFAULTS == swept[FACTORS.index(1.0)]


def test_sources_are_compared_by_their_first_ban() -> None:
    old = judged(attack("203.0.113.7", THEN), attack("203.0.113.8", THEN), attack("203.0.113.7", THEN + 1000))
    new = judged(attack("203.0.113.9", THEN), attack("203.0.113.7", THEN + 1000))
    found = difference(old, new)
    assert ["203.0.113.9"] == [str(each.ban.source) for each in found.gained]
    assert ["203.0.113.8"] == [str(each.ban.source) for each in found.lost]
    [(before, after)] = found.both
    assert pytest.approx(1000.0) == after.ban.since - before.ban.since


def test_a_summary_counts_each_source_once() -> None:
    sums = summary(judged(attack("203.0.113.7", THEN), attack("203.0.113.7", THEN + 1000)))
    assert (2, 1, (), 5.0) == (sums.bans, sums.sources, sums.friends, sums.tries.median)
    assert (0, 0, (), Spread(0.0, 0.0, 0.0)) == summary([])[:4]
    assert Spread(5.5, 9.1, 10) == Spread.of(range(1, 11))
    assert Prefix.parse("203.0.113.7") in {each.ban.source for each in judged(attack("203.0.113.7", THEN))}
