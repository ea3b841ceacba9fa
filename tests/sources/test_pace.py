"""When the bell is worth hearing."""

from amiguard.sources.pace import BUSY, Pace


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
