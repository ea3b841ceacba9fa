"""An event is judged at its own time, where that can be believed."""

from __future__ import annotations

import pytest

from amiguard.judge.timing import NEWEST, OLDEST, Timing

NOW = 1_795_300_000.0
DAY = 86_400.0


@pytest.mark.parametrize("age", [0.0, 1.0, OLDEST, -NEWEST])
def test_live_an_events_own_time_counts_within_a_day_and_two_seconds(age: float) -> None:
    timing = Timing()
    assert NOW - age == timing.judge(NOW - age, NOW, backlog=False)
    assert timing.skewed == 0


@pytest.mark.parametrize("age", [OLDEST + 1, -NEWEST - 0.1, NOW, -1e12])
def test_live_any_other_is_judged_at_its_receipt_and_counted(age: float) -> None:
    timing = Timing()
    assert timing.judge(NOW - age, NOW, backlog=False) == NOW
    assert timing.skewed == 1


def test_a_backlog_may_be_years_old() -> None:
    timing = Timing()
    year = [NOW - 365 * DAY + n * DAY for n in range(300)]
    assert year == [timing.judge(time, NOW, backlog=True) for time in year]
    assert timing.skewed == 0


def test_in_a_backlog_an_event_far_before_those_read_is_judged_at_the_latest() -> None:
    timing = Timing()
    timing.judge(NOW - DAY, NOW, backlog=True)
    assert timing.judge(NOW - 3 * DAY, NOW, backlog=True) == NOW - DAY
    assert timing.skewed == 1


def test_in_a_backlog_an_event_yet_to_come_moves_nothing() -> None:
    timing = Timing()
    timing.judge(NOW - DAY, NOW, backlog=True)
    assert timing.judge(NOW + DAY, NOW, backlog=True) == NOW - DAY
    assert timing.latest == NOW - DAY


def test_the_first_of_a_backlog_is_at_most_its_receipt() -> None:
    assert Timing().judge(NOW + DAY, NOW, backlog=True) == NOW
