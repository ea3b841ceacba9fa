"""Time in equal steps: few enough to be drawn, none lost, none twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from made import START

from amiguard.report.timeline import OTHERS, Ruler, Tracks

DAY = 86_400.0
SPANS = st.floats(3600.0, 366 * DAY)


@given(SPANS)
def test_steps_cover_the_whole_time_and_are_at_most_as_many_as_can_be_drawn(span: float) -> None:
    ruler = Ruler(START - span, START)
    assert 1 <= len(ruler.starts) <= 62
    assert ruler.starts[0] <= START - span < ruler.starts[0] + ruler.step
    assert ruler.starts[-1] <= START < ruler.starts[-1] + ruler.step
    assert {ruler.step} >= {b - a for a, b in zip(ruler.starts, ruler.starts[1:], strict=False)}


@given(SPANS, st.floats(0, 1))
def test_a_time_is_in_the_step_that_holds_it(span: float, part: float) -> None:
    ruler, time = Ruler(START - span, START), START - span * part
    at = ruler.index(time)
    assert ruler.starts[at] <= time < ruler.starts[at] + ruler.step


def test_days_begin_at_midnight_where_we_are() -> None:
    ruler = Ruler(START - 40 * DAY, START)
    assert DAY == ruler.step
    assert {0.0} == {start % DAY for start in ruler.starts}


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(-DAY, 2 * DAY), st.integers(1, 99))),
    st.integers(2, 9),
)
def test_everything_is_counted_once_whatever_is_put_together(
    done: list[tuple[str, float, int]], most: int
) -> None:
    tracks = Tracks(Ruler(START - DAY, START))
    for name, ago, times in done:
        tracks.add(name, START - ago, times)
    series = tracks.timeline(most).series
    assert len(series) <= most
    assert sum(times for *_, times in done) == sum(each.total for each in series)
    alone = [each for each in series if each.name != OTHERS]
    assert {each.name: each.total for each in alone} == {
        each.name: sum(times for name, _, times in done if name == each.name) for each in alone
    }


def test_the_most_frequent_come_first() -> None:
    tracks = Tracks(Ruler(START - DAY, START))
    for name, times in (("few", 1), ("most", 9), ("some", 4), ("fewer", 1)):
        tracks.add(name, START, times)
    assert [("most", 9), ("some", 4), (OTHERS, 2)] == [
        (one.name, one.total) for one in tracks.timeline(3).series
    ]
