"""How the service's log is written."""

from __future__ import annotations

import logging
import re

import pytest

from amiguard.cli.loglines import JournalLines, Lines

RECORD = logging.LogRecord("amiguard", logging.WARNING, "", 0, "%s", ("one\ntwo",), None)


def test_each_line_of_a_record_has_time_and_level() -> None:
    first, second = Lines().format(RECORD).split("\n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} WARNING one", first)
    assert first.replace("one", "two") == second


@pytest.mark.parametrize(
    ("level", "rank"), [(logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.DEBUG, 7)]
)
def test_the_journal_gets_the_level_of_each_line(level: int, rank: int) -> None:
    record = logging.LogRecord("amiguard", level, "", 0, "%s", ("one\ntwo",), None)
    assert f"<{rank}>one\n<{rank}>two" == JournalLines().format(record)
