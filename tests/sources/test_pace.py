"""When the bell is worth hearing, and when somebody is waited for."""

import pytest

from amiguard.sources.pace import ALERT, CALM, MOST, Pace, until_beat


def follow(pace: Pace, since: float, finds: int, *, failures: bool) -> bool:
    """A second in which there is so often something to read; whether it ends by the clock."""
    for find in range(finds):
        pace.found()
        pace.rest(since + find / finds, failures=failures)
    pace.rest(since + 1, failures=failures)
    return pace.busy


@pytest.mark.parametrize(("step", "failures"), [(ALERT, True), (CALM, False)])
def test_the_clock_is_for_a_busy_log_and_the_bell_for_a_quiet_one(step: float, failures: bool) -> None:
    pace = Pace()
    pace.rest(100, failures=failures)
    for since, finds, busy in [
        (100, MOST // 2 + 1, False),
        (101, MOST, False),
        (102, MOST + 1, True),
        (103, MOST // 2 + 1, True),
        (104, MOST // 2, False),
        (105, MOST, False),
    ]:
        assert busy == follow(pace, since, finds, failures=failures)
        assert step == pace.step


def test_many_finds_are_busy_before_the_second_is_over() -> None:
    pace = Pace()
    pace.rest(100, failures=False)
    for _ in range(MOST + 1):
        assert not pace.busy
        pace.found()
        pace.rest(100.5, failures=False)
    assert pace.busy


def test_a_failure_makes_alert_for_a_second() -> None:
    pace = Pace()
    for now, failures, step in [
        (100.0, False, CALM),
        (100.1, True, ALERT),
        (100.2, False, ALERT),
        (101.0, True, ALERT),
        (101.9, False, ALERT),
        (102.0, False, CALM),
    ]:
        pace.rest(now, failures=failures)
        assert step == pace.step


def test_all_who_wait_for_a_beat_wake_at_the_same_moment() -> None:
    assert {105.0} == {now + until_beat(now, 1.0) for now in (104.0, 104.25, 104.75)}
    assert {120.0} == {now + until_beat(now, 40.0) for now in (80.0, 104.25, 119.5)}
