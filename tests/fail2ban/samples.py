"""Edge: the samples that fail2ban's package carries for its own filters, each with what must come out.

They are read where they are installed, and are no part of this project.  A
comment before a line says what it is: `failJSON` whom it names and when,
`filterOptions` what a jail would give the filter from here on.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILTERS: Final = Path("/etc/fail2ban/filter.d")
LOGS: Final = Path("/usr/lib/python3/dist-packages/fail2ban/tests/files/logs")
ZONE: Final = ZoneInfo("Europe/Zurich")
NOW: Final = 1_124_013_600.0
"""When the samples are read, so that a date without a year is one of 2005 or 2004."""

_COMMENT: Final = re.compile(r"#+ ?(failJSON|fileOptions|filterOptions|addFILE):(.+)")
_CONDITION: Final = re.compile(r"""(name|opts\.get\('mode'\)) *(==|!=) *'([\w-]+)'""")


class Sample(NamedTuple):
    """A line, and what must come out of it under these options; `journal`: without a date, behind this."""

    line: str
    options: Mapping[str, str]
    journal: str | None
    who: str | None
    time: float | None


def names() -> list[str]:
    """The filters that have samples."""
    return sorted(path.stem for path in FILTERS.glob("*.conf") if (LOGS / path.stem).is_file())


def samples(name: str) -> Iterator[Sample]:
    """The samples of a filter, in their order."""
    yield from _Reader(name).file(LOGS / name)


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._common: dict[str, Any] = {}
        self._options: list[dict[str, Any]] = [{}]

    def file(self, path: Path) -> Iterator[Sample]:
        expected: dict[str, Any] = {}
        for line in path.read_bytes().decode("utf-8", "replace").split("\n"):
            if comment := _COMMENT.match(line):
                told = json.loads(comment[2])
                expected = told if comment[1] == "failJSON" else {}
                yield from self._heed(comment[1], told)
            elif expected or (line.strip() and not line.startswith("#")):
                yield from self._samples(line.rstrip("\r"), expected)
                expected = {}

    def _heed(self, word: str, told: Any) -> Iterator[Sample]:
        if word == "fileOptions":
            self._common = told
        elif word == "filterOptions":
            every = [self._common | each for each in (told if isinstance(told, list) else [told])]
            self._options = [each for each in every if self._holds(each.get("test.condition"), each)]
        elif word == "addFILE":
            yield from self.file(LOGS / told)

    def _samples(self, line: str, expected: Mapping[str, Any]) -> Iterator[Sample]:
        for options in self._options:
            if self._holds(expected.get("constraint"), options):
                given = {key: str(value) for key, value in options.items() if not key.startswith("test.")}
                journal = options.get("logtype") == "journal"
                prefix = options.get("test.prefix-line", "") if journal else None
                named = expected.get("match")
                yield Sample(
                    line, given, prefix, expected.get("host", "") if named else None, _time(expected)
                )

    def _holds(self, condition: str | None, options: Mapping[str, Any]) -> bool:
        if condition is None:
            return True
        found = _CONDITION.fullmatch(condition)
        assert found, condition
        value = self._name if found[1] == "name" else options.get("mode")
        return (value == found[3]) == (found[2] == "==")


def _time(expected: Mapping[str, Any]) -> float | None:
    if not (text := expected.get("time")):
        return None
    form = "%Y-%m-%dT%H:%M:%S.%f" if "." in text else "%Y-%m-%dT%H:%M:%S"
    return datetime.strptime(text, form).replace(tzinfo=ZONE).timestamp()
