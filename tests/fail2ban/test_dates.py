"""Dates: what is cut out of a line, and which time it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import looked

from amiguard.fail2ban.dates import Dates
from amiguard.fail2ban.ini import FilterError

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EAST = timezone(timedelta(hours=1))


def read(line: str, pattern: str | None = None) -> tuple[str, datetime | None]:
    rest, date = Dates(pattern).cut(line)
    time = date.time(NOW.timestamp(), UTC) if date else None
    return rest, None if time is None else datetime.fromtimestamp(time, UTC)


def at(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=UTC)


USUAL = {
    "2026-11-21T22:21:39.487+0100": at(2026, 11, 21, 21, 21, 39),
    "2026/11/21 22:21:39,487": at(2026, 11, 21, 22, 21, 39),
    "2026.11.21  8:21:39": at(2026, 11, 21, 8, 21, 39),
    "Nov 21 22:21:39": at(2026, 11, 21, 22, 21, 39),
    "Sat Nov 21 22:21:39.487 2025": at(2025, 11, 21, 22, 21, 39),
    "Sat Nov 21 2025 22:21:39": at(2025, 11, 21, 22, 21, 39),
    "21/11/26 22:21:39": at(2026, 11, 21, 22, 21, 39),
    "21/Nov/2026:22:21:39 -0530": at(2026, 11, 22, 3, 51, 39),
    "21-Nov-2026 22:21:39.487": at(2026, 11, 21, 22, 21, 39),
    "11/21/2026:22:21:39": at(2026, 11, 21, 22, 21, 39),
    "1795299699.487": at(2026, 11, 21, 22, 21, 39) + timedelta(milliseconds=487),
    "261121 22:21:39": at(2026, 11, 21, 22, 21, 39),
    "20261121T222139": at(2026, 11, 21, 22, 21, 39),
    "Nov 21, 2026 10:21:39 PM": at(2026, 11, 21, 22, 21, 39),
    "Nov-21-26 22:21:39": at(2026, 11, 21, 22, 21, 39),
    "EST Nov 21 22:21:39": at(2026, 11, 22, 3, 21, 39),
    "@400000006b01cb730a5d3c1c": None,
}


@pytest.mark.parametrize(("text", "expected"), USUAL.items(), ids=USUAL)
def test_usual_dates_at_the_beginning_are_understood(text: str, expected: datetime | None) -> None:
    rest, time = read(f"{text} a line")
    assert " a line" == rest
    assert expected in {None, time}


@pytest.mark.parametrize("mark", ["[", "<", "("])
def test_a_mark_before_the_date_stays(mark: str) -> None:
    assert (f"{mark}] a", at(2026, 11, 21, 22, 21, 39)) == read(f"{mark}Nov 21 22:21:39] a", "{^LN-BEG}")


def test_the_date_nearest_to_the_beginning_is_taken() -> None:
    assert ("some  and 2025-01-01 00:00:00", at(2026, 11, 21, 22, 21, 39)) == read(
        "some 2026-11-21 22:21:39 and 2025-01-01 00:00:00"
    )


def test_a_line_without_a_date_is_left_as_it_is() -> None:
    assert ("no date", None) == read("no date")
    assert ("2026-11-21 22:21:39", None) == read("2026-11-21 22:21:39", "{NONE}")


@pytest.mark.parametrize(
    ("pattern", "line", "rest"),
    [
        (r"^L %d/%m/%Y - %H:%M:%S", "L 21/11/2026 - 22:21:39 x", " x"),
        (r"^[^\[]*\[({DATE})", "host [21/Nov/2026:22:21:39 +0000] x", "host [] x"),
        (r"^time=(%Y-%m-%d %H:%M:%S)", "time=2026-11-21 22:21:39 x", "time= x"),
        (r"{UNB}%H%M%S %d%m%Y", "x222139 21112026y", "xy"),
        ("%b %d %H:%M:%S\n%Y-%m-%d %H:%M:%S", "2026-11-21 22:21:39 x", " x"),
        (r"(?<=at=){EPOCH}(?=;)", "at=1795299699; x", "at=; x"),
        (r"at={LEPOCH}", "at=1795299699000 x", " x"),
        ("LEPOCH", "1795299699000000 x", " x"),
    ],
)
def test_a_datepattern_says_what_is_cut_out(pattern: str, line: str, rest: str) -> None:
    assert (rest, at(2026, 11, 21, 22, 21, 39)) == read(line, pattern)


def test_a_day_to_come_was_last_year() -> None:
    assert at(2026, 11, 23, 11) == read("Nov 23 11:00:00")[1]
    assert at(2025, 11, 24, 11) == read("Nov 24 11:00:00")[1]


def test_an_hour_to_come_was_yesterday() -> None:
    assert at(2026, 11, 22, 11) == read("11:00:00 x")[1]
    assert at(2026, 11, 21, 13) == read("13:00:00 x")[1]


def test_a_day_of_the_year_is_understood() -> None:
    assert at(2026, 2, 1) == read("2026-032", "%Y-%j")[1]


def test_a_date_without_zone_is_local() -> None:
    _, date = Dates(None).cut("Nov 21 22:21:39 x")
    assert at(2026, 11, 21, 21, 21, 39).timestamp() == date.time(NOW.timestamp(), EAST)


@pytest.mark.parametrize("line", ["Feb 30 11:00:00 x", "2026-02-30 11:00:00 x", "XYZ Nov 21 22:21:39 x"])
def test_what_is_no_time_has_none(line: str) -> None:
    assert read(line)[1] is None


@pytest.mark.parametrize("pattern", ["%Q", "(", "%d %d", "{EPOCH"])
def test_a_pattern_that_cannot_be_understood_is_refused(pattern: str) -> None:
    if pattern == "{EPOCH":
        assert ("x", None) == read("x", pattern)
    else:
        with pytest.raises(FilterError, match="datepattern"):
            Dates(pattern)


@given(
    st.lists(st.sampled_from([*USUAL, "29 ", "Feb ", ":", "-", "9" * 30, " "])).map("".join),
    st.floats(0, 4e9),
)
@looked(200)
def test_no_line_raises(line: str, now: float) -> None:
    _, date = Dates(None).cut(line)
    assert date is None or isinstance(date.time(now, UTC), float | None)
