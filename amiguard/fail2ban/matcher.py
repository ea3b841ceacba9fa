"""Pure: one of fail2ban's filters at work: a line -> the failures that it tells of.

Regular expressions are searched as fail2ban does: after the date was cut out,
`prefregex` first, whose content the others see, the first `failregex` that
matches decides, and `ignoreregex` takes back.  Lines of one connection
(`<F-MLFID>`) are known as such, and together make a failure.
"""

from __future__ import annotations

import copy
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.fail2ban.connections import Connections
from amiguard.fail2ban.dates import Dates
from amiguard.fail2ban.ini import FilterError, Settings
from amiguard.fail2ban.literals import needed
from amiguard.fail2ban.tags import compiled

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

    from amiguard.fail2ban.dates import Date
    from amiguard.fail2ban.ini import Layers

LONGEST: Final = 16 * 1024
"""Characters of a line; of a longer one the rest is not looked at."""
_MOST_LINES: Final = 100
_ALTERNATIVE: Final = "alt_"


class Failure(NamedTuple):
    """A failure that a line tells of.

    `who` is an address, else a name or whatever else the filter takes for an
    identity.  `time` is that of the line, or of the last one that had a date.
    `user` is the account, where the line names one.
    """

    who: str
    time: float | None
    user: str = ""


class _Expression(NamedTuple):
    """A `failregex`, and the texts of which a line must have one for it to match."""

    pattern: re.Pattern[str]
    needs: tuple[str, ...]


_ANY: Final = ("",)
"""What every line has: nobody knows what is needed."""


class Matcher:
    """A filter, ready for lines."""

    def __init__(
        self, layers: Layers, given: Mapping[str, str] | None = None, local: tzinfo | None = None
    ) -> None:
        """Make a filter ready.

        Args:
            layers: its file and all that belongs to it.
            given: what a jail says in brackets behind the filter's name.
            local: the zone of dates that name none; None: this host's.

        Raises:
            FilterError: it cannot be used.
        """
        settings = Settings(layers, given or {})
        self._local = local
        self._dates = Dates(settings.get("datepattern"))
        self._height = _lines(settings.get("maxlines"))
        prefix = (settings.get("prefregex") or "").strip()
        self._prefix = self._compiled(prefix) if prefix else None
        patterns = [self._compiled(line) for line in _each(settings.get("failregex"))]
        self._fail = [_Expression(pattern, tuple(needed(pattern)) or _ANY) for pattern in patterns]
        self._ignore = [self._compiled(line) for line in _each(settings.get("ignoreregex"))]
        if not self._fail:
            raise FilterError("it has no failregex")
        self._needs = self._needed()
        before = tuple(needed(self._prefix)) if self._prefix else ()
        self._prefix_needs = [need.encode() for need in before or _ANY]
        self._begin()

    def twin(self) -> Matcher:
        """The same filter for another log."""
        other = copy.copy(self)
        other._begin()  # noqa: SLF001 - it is one of us
        return other

    def _begin(self) -> None:
        """Forget what was read."""
        self._date: Date | None = None
        self._known: tuple[tuple[str, float] | None, float | None] = None, None
        self._lines: deque[str] = deque(maxlen=self._height)
        self._connections = Connections()

    def worth(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Where the lines begin and end that may tell of something; the others need not be read.

        Args:
            data: lines, each with its LF.
        """
        if self._needs is None:
            yield from _spans(data)
            return
        begins = {data.rfind(b"\n", 0, at) + 1 for need in self._needs for at in _places(need, data)}
        for begin in sorted(begins):
            end = data.index(b"\n", begin)
            if any(data.find(need, begin, end) >= 0 for need in self._prefix_needs):
                yield begin, end

    def read(self, line: str, now: float) -> Failure | None:
        """What a line, without its end, tells of.

        Args:
            line: one line.
            now: seconds since the epoch, for dates that leave out day or year.
        """
        rest, date = self._dates.cut(line[:LONGEST])
        if date is not None and date.text:
            self._date = date
        found = self.named(rest)
        return found and found._replace(time=self._time(now))

    def named(self, rest: str) -> Failure | None:
        """What a line without its date tells of."""
        if self._height == 1:
            text = f"{rest}\n"
        else:
            self._lines.append(rest)
            text = "\n".join((*self._lines, ""))
        before: dict[str, str | None] = {}
        if self._prefix:
            match = self._prefix.search(text)
            if not match:
                return None
            before = match.groupdict()
            text = f"{before.pop('content', None) or text[:-1]}\n"
        for pattern, needs in self._fail:
            for need in needs:
                if need in text:
                    break
            else:
                continue  # to look for a text is quicker than to try
            match = pattern.search(text)
            if match and not any(ignored.search(text) for ignored in self._ignore):
                self._lines.clear()
                return self._told(_merged({**before, **match.groupdict()}))
        return None

    def _time(self, now: float) -> float | None:
        """The time of the last date; lines of one second often have the same, and it is worked out once."""
        if self._date is None:
            return None
        key = (self._date.text, now)
        if key != self._known[0]:
            self._known = key, self._date.time(now, self._local)
        return self._known[1]

    def _told(self, said: dict[str, str | None]) -> Failure | None:
        who = self._connections.failed(said)
        return None if who is None else Failure(who, None, said.get("user") or "")

    def _needed(self) -> tuple[bytes, ...] | None:
        """Texts of which each line has one that may tell of something; None if nobody knows."""
        if self._height > 1 or not self._dates.in_words or any(each.needs is _ANY for each in self._fail):
            return None
        texts = frozenset().union(*(each.needs for each in self._fail))
        return tuple(text.encode() for text in texts if not any(part in text for part in texts - {text}))

    def _compiled(self, text: str) -> re.Pattern[str]:
        return compiled(text, lines=self._height)


def _spans(data: bytes) -> Iterator[tuple[int, int]]:
    begin = 0
    while (end := data.find(b"\n", begin)) >= 0:
        yield begin, end
        begin = end + 1


def _places(need: bytes, data: bytes) -> Iterator[int]:
    """A place of the text in each line that has it."""
    at = data.find(need)
    while at >= 0:
        yield at
        at = data.find(need, data.index(b"\n", at))


def _each(value: str | None) -> list[str]:
    return [line for line in (value or "").splitlines() if line.strip()]


def _lines(value: str | None) -> int:
    if value is None:
        return 1
    if not value.strip().isdigit() or not 1 <= int(value) <= _MOST_LINES:
        raise FilterError(f"maxlines = {value!r}: a number from 1 to {_MOST_LINES}")
    return int(value)


def _merged(said: dict[str, str | None]) -> dict[str, str | None]:
    """With `<F-ALT_NAME>` under the name that it is another way to say."""
    for name in [name for name in said if name.startswith(_ALTERNATIVE)]:
        plain = name.removeprefix(_ALTERNATIVE).rstrip("0123456789").rstrip("_")
        said[plain] = said.get(plain) or said[name]
    return said
