"""A counter that begins anew now and then loses little of what it counted, and doubles nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from amiguard.meter import Meter


@given(st.lists(st.integers(0, 1000)))
def test_what_a_counter_grows_by_adds_up_to_what_it_shows(steps: list[int]) -> None:
    meter, shown, counted = Meter(), 0, 0
    for step in steps:
        shown += step
        counted += meter.grown(shown)
    assert shown == counted


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1000))))
def test_nothing_is_counted_that_never_happened(steps: list[tuple[bool, int]]) -> None:
    meter, shown, happened, counted = Meter(), 0, 0, 0
    for anew, step in steps:
        shown = step if anew else shown + step
        happened += step
        counted += meter.grown(shown)
    assert counted <= happened


def test_one_that_began_anew_counts_from_there() -> None:
    meter = Meter()
    assert [100, 7, 0, 5] == [meter.grown(count) for count in (100, 7, 7, 12)]
