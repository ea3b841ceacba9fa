"""When the bell is worth hearing."""

from amiguard.sources.pace import BUSY, CALM, STEP, Pace, until_beat


def test_rare_rings_are_not_busy() -> None:
    pace = Pace()
    for ring in range(100):
        pace.rang(ring * 1.01 / BUSY * 1.5)
        assert not pace.busy


def test_many_rings_within_a_second_are_busy() -> None:
    pace = Pace()
    for ring in range(BUSY):
        pace.rang(100 + ring * 0.01)
        assert not pace.busy
    pace.rang(100.5)
    assert pace.busy


def test_a_quiet_second_ends_it() -> None:
    pace = Pace()
    for _ in range(BUSY + 1):
        pace.rang(100)
    pace.rest(100.5)
    assert pace.busy
    pace.heard(100.7)
    pace.rest(101.6)
    assert pace.busy
    pace.rest(101.7)
    assert not pace.busy


def test_a_failure_makes_looks_frequent_for_a_second() -> None:
    pace = Pace()
    assert STEP == pace.step
    for now, failures, step in [
        (100.0, False, CALM),
        (100.1, True, STEP),
        (100.2, False, STEP),
        (101.0, True, STEP),
        (101.9, False, STEP),
        (102.0, False, CALM),
    ]:
        pace.rest(now, failures=failures)
        assert step == pace.step


def test_all_who_wait_for_a_beat_wake_at_the_same_moment() -> None:
    assert {105.0} == {now + until_beat(now, 1.0) for now in (104.0, 104.25, 104.75)}
    assert {120.0} == {now + until_beat(now, 40.0) for now in (80.0, 104.25, 119.5)}
