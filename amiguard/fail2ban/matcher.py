"""Pure: one of fail2ban's filters at work: a line -> the failures that it tells of.

Regular expressions are searched as fail2ban does: after the date was cut out,
`prefregex` first, whose content the others see, the first `failregex` that
matches decides, and `ignoreregex` takes back.  Lines of one connection
(`<F-MLFID>`) are known as such, and together make a failure.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.fail2ban.connections import Connections
from amiguard.fail2ban.dates import Dates
from amiguard.fail2ban.ini import FilterError, Settings
from amiguard.fail2ban.tags import compiled

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping
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
    """

    who: str
    time: float | None


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
        self._date: Date | None = None
        self._lines: deque[str] = deque(maxlen=_lines(settings.get("maxlines")))
        prefix = (settings.get("prefregex") or "").strip()
        self._prefix = self._compiled(prefix) if prefix else None
        self._fail = [self._compiled(line) for line in _each(settings.get("failregex"))]
        self._ignore = [self._compiled(line) for line in _each(settings.get("ignoreregex"))]
        self._connections = Connections()
        if not self._fail:
            raise FilterError("it has no failregex")

    def read(self, line: str, now: float) -> Failure | None:
        """What a line, without its end, tells of.

        Args:
            line: one line.
            now: seconds since the epoch, for dates that leave out day or year.
        """
        rest, date = self._dates.cut(line[:LONGEST])
        if date is not None and date.text:
            self._date = date
        who = self.who(rest)
        return None if who is None else Failure(who, self._date and self._date.time(now, self._local))

    def who(self, rest: str) -> str | None:
        """Whom a line without its date names."""
        self._lines.append(rest)
        text = "\n".join((*self._lines, ""))
        before: dict[str, str | None] = {}
        if self._prefix:
            match = self._prefix.search(text)
            if not match:
                return None
            before = match.groupdict()
            text = f"{before.pop('content', None) or text[:-1]}\n"
        for pattern in self._fail:
            match = pattern.search(text)
            if match and not any(ignored.search(text) for ignored in self._ignore):
                self._lines.clear()
                return self._connections.failed(_merged({**before, **match.groupdict()}))
        return None

    def _compiled(self, text: str) -> re.Pattern[str]:
        return compiled(text, lines=self._lines.maxlen or 1)


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
