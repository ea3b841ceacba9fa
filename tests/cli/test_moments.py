"""Times are written as people write them."""

from __future__ import annotations

import pytest

from amiguard.cli.moments import moment

NOW = 1_795_299_699.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T22:21:39+00:00", NOW),
        ("2026-11-21T22:21:39Z", NOW),
        ("2026-11-21T23:21:39.500+01:00", NOW + 0.5),
        ("7d", NOW - 7 * 86_400),
        ("0s", NOW),
    ],
)
def test_a_time_or_how_long_ago(text: str, expected: float) -> None:
    assert expected == moment(text, NOW)


def test_a_date_begins_at_local_midnight() -> None:
    assert moment("2026-11-22", NOW) == moment("2026-11-22T00:00", NOW) == moment("2026-11-21", NOW) + 86_400


@pytest.mark.parametrize("text", ["", "yesterday", "forever", "10", "0001-01-01", "9999999w", "2026-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        moment(text, NOW)
