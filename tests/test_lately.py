"""What was looked up lately: remembered, and bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from amiguard.lately import Lately


@given(st.lists(st.integers(0, 20)), st.integers(1, 10))
def test_answers_are_as_if_each_was_looked_up_and_no_more_are_kept_than_allowed(
    asked: list[int], limit: int
) -> None:
    lately = Lately(str, limit)
    for question in asked:
        assert str(question) == lately[question]
        assert len(lately) <= limit


def test_a_question_is_looked_up_once_while_there_is_room() -> None:
    looked_up: list[int] = []
    lately = Lately(looked_up.append, 3)
    for question in (1, 2, 1, 3, 2):
        assert lately[question] is None
    assert [1, 2, 3] == looked_up
