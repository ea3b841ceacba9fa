"""What two channels both tell counts once, and what happened twice counts twice."""

from __future__ import annotations

from collections import Counter

import made
from hypothesis import given
from hypothesis import strategies as st
from patience import looked

from amiguard.judge import counting
from amiguard.judge.counting import PASSED, Counting

EVENTS = [made.event(at=n / 4, session=b"%d" % n) for n in range(4)]


def tell(count: Counting, channel: str, event: made.SecurityEvent) -> bool:
    """Whether it was a repetition; judged at its own time."""
    return count.repeated(channel, event, event.time)


def opened(*channels: str) -> Counting:
    count = Counting()
    for channel in channels:
        count.open(channel)
    return count


@looked(100)
@given(st.lists(st.tuples(st.sampled_from(("log", "ami")), st.sampled_from(EVENTS)), max_size=40))
def test_in_any_order_the_greater_count_of_the_channels_holds(
    told: list[tuple[str, made.SecurityEvent]],
) -> None:
    count = opened("log", "ami")
    new = Counter(event for channel, event in told if not tell(count, channel, event))
    assert (
        Counter(each for channel, each in told if channel == "log")
        | Counter(each for channel, each in told if channel == "ami")
        == new
    )
    assert len(told) == new.total() + count.repeats


@looked(50)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(EVENTS)), max_size=40))
def test_so_it_does_with_three(told: list[tuple[str, made.SecurityEvent]]) -> None:
    count = opened("a", "b", "c")
    new = Counter(event for channel, event in told if not tell(count, channel, event))
    counts = [Counter(event for each, event in told if each == channel) for channel in "abc"]
    assert counts[0] | counts[1] | counts[2] == new


def test_a_single_channel_repeats_nothing() -> None:
    count = opened("log")
    assert not any(tell(count, "log", EVENTS[0]) for _ in range(5))


def test_what_a_log_tells_before_we_know_that_the_ami_is_there_counts_once() -> None:
    count = opened("log")
    count.expect()
    assert not tell(count, "log", EVENTS[0])
    count.open("ami", live=True)
    assert tell(count, "ami", EVENTS[0])


def test_when_a_channel_is_down_nobody_waits_for_it() -> None:
    count = opened("log", "ami")
    assert not tell(count, "log", EVENTS[0])
    count.close("ami")
    assert not tell(count, "log", EVENTS[0])
    assert not tell(count, "log", made.event(at=PASSED + 1))
    count.open("ami")
    assert not tell(count, "ami", EVENTS[0])  # what was told before it came up is forgotten


def test_what_a_channel_told_just_before_it_died_counts_once() -> None:
    """And what it had no time to tell, in the very same millisecond, is no repetition."""
    count = covered()
    same = [made.event(at=1.0, session=session) for session in (b"1", b"1", b"2")]
    assert not tell(count, "ami", same[0])
    count.close("ami")
    assert [True, False, False] == [tell(count, "log", event) for event in same]


def test_an_event_is_forgotten_when_both_channels_have_passed_it() -> None:
    count = opened("log", "ami")
    old, late = made.event(), made.event(at=PASSED + 1)
    assert not tell(count, "log", old)
    assert not tell(count, "log", late)
    assert tell(count, "ami", old)  # its channel had not passed it yet
    assert tell(count, "ami", late)
    assert not tell(count, "ami", old)


def test_a_quiet_channel_may_say_how_far_it_has_come() -> None:
    count = opened("log", "ami")
    tell(count, "log", made.event())
    count.caught_up("log", made.START + 60)
    count.caught_up("ami", made.START + 60)
    assert not tell(count, "ami", made.event())


def test_a_flood_that_both_channels_tell_needs_no_memory() -> None:
    count = opened("log", "ami")
    for n in range(counting.ENTRIES + 100):
        for channel in ("log", "ami"):
            tell(count, channel, made.event(session=b"%d" % n))
    assert (0, counting.ENTRIES + 100) == (count.shortened, count.compared)


_CROWD = [made.event(session=session, at=n * 2.0) for n in range(4) for session in (b"a", b"b")]
_STEPS = st.tuples(st.sampled_from(("log", "ami")), st.sampled_from(_CROWD), st.booleans())


@looked(100)
@given(st.lists(_STEPS, max_size=40))
def test_a_session_is_remembered_as_long_as_any_event_of_it(
    steps: list[tuple[str, made.SecurityEvent, bool]],
) -> None:
    count = opened("log", "ami")
    for channel, event, counts in steps:
        if counts:
            tell(count, channel, event)
        else:
            count.note(channel, event)
        known = {each.session for each in count._entries}
        assert known == {each.session for each in _CROWD if count.remembers(each.session)}


def test_what_is_older_than_the_memory_is_bounded_too() -> None:
    """A log that goes back in time moves no watermark."""
    count = opened("log", "ami")
    for n in range(counting.ENTRIES + 100):
        tell(count, "log", made.event(at=-n / 100))
    assert count.shortened == 100


def test_a_flood_that_one_channel_does_not_tell_is_bounded_and_reported() -> None:
    count = opened("log", "ami")
    for n in range(counting.ENTRIES + 100):
        tell(count, "log", made.event(session=b"%d" % n))
    assert count.shortened == 100
    assert [False, True] == [count.remembers(session) for session in (b"99", b"100")]
    assert tell(count, "ami", made.event(session=b"100"))
    assert not tell(count, "ami", made.event(session=b"99"))


def test_the_guard_counts_only_what_is_worth_points() -> None:
    judge = made.guard()
    judge.counting.open("log")
    judge.counting.open("ami")
    for channel in ("log", "ami"):
        for event in (made.event("ChallengeSent"), made.event(), made.event()):
            judge.observe(event, event.time, channel)
    assert judge.counting.repeats == 2
    assert judge.scorer.scores(event.remote.address, made.START) == (4, 4)


def test_a_time_that_nobody_believes_neither_forgets_nor_keeps() -> None:
    count = opened("log", "ami")
    far = made.event(at=1e9)
    for channel in ("log", "ami"):
        count.repeated(channel, far, made.START)
    assert not tell(count, "log", EVENTS[0])
    assert tell(count, "ami", EVENTS[0])
    for channel in ("log", "ami"):
        count.caught_up(channel, made.START + 60)
    assert not count.repeated("ami", far, made.START)  # forgotten like all of its minute


def covering(count: Counting, start: float = 0.0) -> None:
    count.open("ami", live=True)
    count.covers("ami", made.START + start)


def covered(start: float = 0.0) -> Counting:
    count = opened("log")
    covering(count, start)
    return count


def stream(first: int, last: int) -> list[made.SecurityEvent]:
    return [made.event(at=float(n), session=b"%d" % n) for n in range(first, last)]


def test_a_log_that_catches_up_minutes_later_doubles_nothing_that_the_ami_has_told() -> None:
    count = covered()
    events = stream(1, 600)
    assert not any(tell(count, "ami", event) for event in events)
    count.caught_up("log", events[-1].time + 60)  # so that every single one is forgotten
    count.caught_up("ami", events[-1].time + 60)
    assert all(tell(count, "log", event) for event in events)


def test_what_the_ami_could_not_tell_the_log_tells() -> None:
    count = covered(start=100)
    before, while_lost = stream(1, 100), stream(200, 300)
    for event in stream(100, 200):
        tell(count, "ami", event)
    count.lost("ami")
    count.covers("ami", made.START + 300)
    for event in stream(301, 400):
        tell(count, "ami", event)
    count.caught_up("log", made.START + 500)
    count.caught_up("ami", made.START + 500)
    assert not any(tell(count, "log", event) for event in before + while_lost)


def test_coverage_survives_a_restart_and_is_bounded() -> None:
    count = covered()
    for n in range(1, 200):
        tell(count, "ami", made.event(at=float(2 * n), session=b"%d" % n))
        count.lost("ami")
        count.covers("ami", made.START + 2 * n + 1)
    assert len(count.spans) <= counting.SPANS
    again = opened("log")
    again.restore(count.spans)
    late = made.event(at=2 * 199.0, session=b"199")
    assert tell(again, "log", late)
    assert not tell(again, "log", made.event(at=500.0))


def test_an_ami_that_is_down_for_good_costs_the_log_nothing() -> None:
    count = covered()
    tell(count, "ami", EVENTS[0])
    count.close("ami")
    new = [tell(count, "log", made.event(at=1000.0)) for _ in range(3)]
    assert new == [False, False, False]


def test_a_log_that_comes_later_doubles_nothing_that_the_ami_alone_has_told() -> None:
    count = Counting()
    covering(count)
    events = stream(1, 5)
    assert not any(tell(count, "ami", event) for event in events)
    count.open("log")
    assert all(tell(count, "log", event) for event in events)
    assert not tell(count, "log", made.event(at=6.0))


def test_after_the_clock_was_set_back_two_channels_still_count_once() -> None:
    judge = made.guard()
    for channel in ("log", "ami"):
        judge.counting.open(channel)
        judge.counting.caught_up(channel, made.START)
    judge.shift(-made.HOUR)
    event = made.event(at=1 - made.HOUR)
    assert [False, True] == [tell(judge.counting, channel, event) for channel in ("log", "ami")]


def test_what_was_covered_before_the_clock_was_set_back_hides_nothing_after_it() -> None:
    count = covered()
    count.caught_up("ami", made.START + 60)
    count.close("ami")
    count.restore(count.spans)
    count.shift(-made.HOUR)
    covering(count, 60 - made.HOUR)
    assert not tell(count, "log", made.event(at=30))


def test_what_only_one_channel_tells_is_known_of_the_other_when_both_have_passed_it() -> None:
    count = covered()
    for n in range(3):
        tell(count, "log", made.event(at=n + 1.0))
    for n in range(2):
        tell(count, "ami", made.event(at=n + 1.0))
    tell(count, "ami", made.event(at=4.0))
    assert (2, {}) == (count.compared, count.untold)
    for channel in ("log", "ami"):
        count.caught_up(channel, made.START + 60)
    assert (4, {"ami": 1, "log": 1}) == (count.compared, count.untold)


def test_a_channel_that_was_not_there_has_left_nothing_untold() -> None:
    count = covered(start=10)
    tell(count, "log", made.event(at=9.0))
    tell(count, "log", made.event(at=11.0))
    count.lost("ami")
    tell(count, "log", made.event(at=12.0))
    for channel in ("log", "ami"):
        count.caught_up(channel, made.START + 60)
    assert {} == count.untold
    count.close("ami")
    tell(count, "log", made.event(at=61.0))
    count.caught_up("log", made.START + 120)
    assert (3, {}) == (count.compared, count.untold)


def test_what_is_told_late_is_told() -> None:
    count = covered()
    tell(count, "ami", made.event(at=1.0))
    for channel in ("log", "ami"):
        count.caught_up(channel, made.START + 60)
    assert {"log": 1} == count.untold
    assert tell(count, "log", made.event(at=1.0))
    assert {} == +count.untold


def test_the_log_s_copy_of_what_led_to_a_ban_is_no_disagreement() -> None:
    judge = made.guard()
    judge.counting.open("log")
    covering(judge.counting)
    events = [made.event(at=n / 10, transport=b"TCP") for n in range(5)]
    for channel in ("ami", "log"):
        for event in events:
            judge.observe(event, event.time, channel)
    assert 1 == len(list(judge.bans))
    assert (5, {}) == (judge.counting.compared, judge.counting.untold)


def test_a_few_untold_events_are_noise_and_so_is_a_small_part() -> None:
    count = covered()
    for n in range(counting.NOISE):
        assert [] == count.lacking
        tell(count, "ami", made.event(at=n / 100))
        for channel in ("log", "ami"):
            count.caught_up(channel, made.START + n / 100 + 60)
    assert ["log"] == count.lacking
    for n in range(int(counting.NOISE / counting.PART)):
        for channel in ("log", "ami"):
            tell(count, channel, made.event(at=120 + n))
    assert [] == count.lacking


def test_of_the_last_moment_before_a_crash_just_what_the_ami_alone_has_told_is_passed_over() -> None:
    before = opened("log")
    before.open("ami", live=True)
    before.covers("ami", EVENTS[0].time)
    for channel, copies in (("log", 1), ("ami", 3)):
        for _ in range(copies):
            tell(before, channel, EVENTS[0])
    assert [2] == [span.ahead for span in before.spans]

    after = opened("log")
    after.restore(before.spans)
    assert [True, True, False, False] == [tell(after, "log", EVENTS[0]) for _ in range(4)]
    assert [0] == [span.ahead for span in after.spans]
