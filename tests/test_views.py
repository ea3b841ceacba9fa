"""What is shown: times, durations, and nothing that a terminal obeys."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiguard import views
from amiguard.model import FOREVER, Ban, Prefix
from amiguard.store import BanRow

BAN = Ban(Prefix.parse("2001:db8::/64"), "door", "unproven", 1e9, 1e9 + 600, "a reason", "judged", 2, 9.123)


@given(st.one_of(st.binary(), st.text(st.characters(exclude_categories=()))))
def test_nothing_printable_moves_a_cursor(text: bytes | str) -> None:
    shown = views.printable(text)
    assert shown.isprintable()
    shown.encode()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert text == views.printable(text)


@given(st.text(st.characters(exclude_categories=())))
def test_a_document_is_one_line_of_ascii(text: str) -> None:
    shown = views.document({"text": text})
    assert shown.isascii()
    assert shown.isprintable()
    assert {"version": 1, "text": text} == json.loads(shown)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.4, "0s"),
        (59.6, "1m 0s"),
        (600, "10m 0s"),
        (3661, "1h 1m"),
        (86_400 * 7 - 1, "6d 23h"),
        (None, "for ever"),
        (FOREVER, "for ever"),
    ],
)
def test_a_duration_takes_two_words(seconds: float | None, text: str) -> None:
    assert text == views.span(seconds)


@given(st.floats(0, 5e9))
def test_a_moment_has_an_offset_and_its_milliseconds(time: float) -> None:
    shown = datetime.fromisoformat(views.moment(time) or "")
    assert shown.utcoffset() is not None
    assert time == pytest.approx(shown.timestamp(), abs=0.001)


def test_what_never_comes_has_no_moment() -> None:
    assert views.moment(FOREVER) is None


def test_a_running_ban_has_its_effect() -> None:
    shown = views.running(BAN, 12.34567, 3, 99)
    assert ("2001:db8::", 64, 9.12) == (shown["address"], shown["prefix"], shown["score"])
    assert (12.346, 3, 99) == (shown["remaining"], shown["packets"], shown["bytes"])
    assert views.running(BAN, None)["remaining"] is None


def test_a_past_ban_has_its_end_and_a_running_one_none() -> None:
    assert (None, None) == ending(BanRow(BAN), 1e9)
    assert (views.moment(BAN.until), "expired") == ending(BanRow(BAN), 1e9 + 601)
    assert (views.moment(1e9 + 5), "unbanned") == ending(BanRow(BAN, b"", 1e9 + 5, "unbanned"), 1e9 + 601)


def ending(row: BanRow, now: float) -> tuple[str | None, str | None]:
    shown = views.past(row, now)
    return shown["ended"], shown["why"]


@given(
    st.builds(
        Prefix.of,
        st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16),
        st.integers(0, 128),
    ),
    st.floats(0, 4e9) | st.just(FOREVER),
    st.text(),
    st.floats(0, 1e6),
    st.none() | st.floats(0, 1e9),
)
def test_the_fast_line_of_a_ban_is_the_slow_one(
    source: Prefix, until: float, reason: str, score: float, remaining: float | None
) -> None:
    ban = Ban(source, "door", "unproven", 1.79e9, until, reason, "judged", 2, score)
    assert json.dumps(views.running(ban, remaining, 3, 400)) == views.running_line(ban, remaining, 3, 400)
