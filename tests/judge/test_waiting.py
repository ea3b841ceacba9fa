"""What waits for its counterpart is taken once, the oldest first, and leaves in its order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from amiguard.judge.waiting import Queue


def filled(*times: float, limit: int = 10) -> Queue[float]:
    queue: Queue[float] = Queue(limit)
    for time in times:
        queue.add(time, time, ["a", f"{time:g}"])
    return queue


def test_the_oldest_that_is_not_too_old_is_taken_and_only_once() -> None:
    queue = filled(1.0, 2.0, 3.0)
    assert [2.0, 3.0, None] == [queue.take(["a"], 2.0) for _ in range(3)]


def test_what_was_taken_under_one_key_is_gone_under_the_other() -> None:
    queue = filled(1.0, 2.0)
    assert 1.0 == queue.take(["none", "1"], 0.0)
    assert [2.0, None] == [queue.take(["a"], 0.0), queue.take(["1"], 0.0)]


def test_who_was_never_taken_is_told_when_it_leaves() -> None:
    queue = filled(1.0, 2.0, 3.0)
    queue.take(["2"], 0.0)
    assert [1.0] == queue.leave(3.0)
    assert 1.0 == queue.forgotten
    assert [3.0] == queue.leave(9.0)
    assert (0, None) == (len(queue), queue.take(["a"], 0.0))


def test_the_oldest_makes_room() -> None:
    queue = filled(1.0, 2.0, limit=2)
    assert [1.0] == queue.add(3.0, 3.0, ["a"])
    assert (2, 1.0) == (len(queue), queue.forgotten)


def test_a_clock_that_was_set_changes_no_order() -> None:
    queue = filled(1.0, 2.0)
    queue.shift(-10.0)
    assert [-9.0, -8.0] == sorted(time - 10.0 for time in queue.leave(0.0))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["add", "take", "leave"]))))
def test_nothing_is_lost_and_nothing_is_given_twice(steps: list[tuple[str, str]]) -> None:
    queue: Queue[int] = Queue(5)
    seen: list[int] = []
    for n, (key, step) in enumerate(steps):
        if step == "add":
            seen += queue.add(n, n, [key, "any"])
        elif step == "leave":
            seen += queue.leave(n - 3)
        elif (item := queue.take([key, "any"], 0)) is not None:
            seen.append(item)
    assert sorted(seen + queue.leave(len(steps))) == [n for n, (_, step) in enumerate(steps) if step == "add"]
    assert queue._by_key == {}
