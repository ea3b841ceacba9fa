"""Pure: where in a line its date stands, and which time it is.

fail2ban cuts the date out of a line before it looks at the rest, so this
decides what a filter's expressions see.  See `datepattern` in fail2ban's
manual page jail.conf(5).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.fail2ban.ini import FilterError
from amiguard.fail2ban.timefields import FIELDS, time_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

_AT_BEGIN: Final = "{^LN-BEG}"
_UNBOUND: Final = "{UNB}"
_EPOCH: Final = {"": r"\d{10,11}(?:\.\d{3,6})?\b", "L": r"\d{10,11}(?:\d{3}(?:\d{3}|\.\d{1,6})?)?"}
"""Seconds since the epoch; the long form may go on with milli- or microseconds."""
_MILLIS, _MICROS = 13, 16
_TAI: Final = "@[0-9a-f]{24}"

_FRACTION: Final = r"(?:[.,]%f)?"
_ZONE: Final = r"(?:\s*%z)?"
_CLOCK: Final = "%k:%M:%S"


def _dashed(marks: str, *fields: str) -> str:
    """A day's fields with the same mark between them."""
    first, *others = fields
    return f"{first}(?P<_mark>[{marks}])" + "(?P=_mark)".join(others)


_SYSLOG: Final = f"(?:%a )?%b %d {_CLOCK}{_FRACTION}(?: %ExY)?"
_USUAL: Final = (
    _dashed("-/.", "%ExY", "%m", "%d") + f"(?:T|  ?)%H:%M:%S{_FRACTION}{_ZONE}",  # ISO 8601
    _SYSLOG,  # asctime
    f"(?:%a )?%b %d %ExY {_CLOCK}{_FRACTION}",
    _dashed("-/", "%d", "%m", "(?:%ExY|%Exy)") + f" {_CLOCK}",
    _dashed("-/", "%d", "%b", "%ExY") + f"[ :]?%H:%M:%S{_FRACTION}{_ZONE}",  # Apache, BIND
    "%m/%d/%ExY:%H:%M:%S",  # cPanel
    f"%m-%d-%ExY {_CLOCK}{_FRACTION}",
    "EPOCH",
    f"{_AT_BEGIN}%H:%M:%S",
    "^<%m/%d/%Exy@%H:%M:%S>",
    "%Exy%Exm%Exd  ?%H:%M:%S",  # MySQL
    "%b %d, %ExY %I:%M:%S %p",  # Tomcat
    f"^%b-%d-%Exy {_CLOCK}",  # ASSP
    f"%ExY%Exm%Exd(?:T|  ?)%ExH%ExM%ExS{_FRACTION}{_ZONE}",
    f"(?:%Z )?{_SYSLOG}",  # monit
    f"(?:%z )?{_SYSLOG}",
    "TAI64N",
)
"""The forms of date that fail2ban understands without a `datepattern`, the likelier ones first."""

_FIELD: Final = re.compile(rf"%(%|{'|'.join(name for name in FIELDS if len(name) > 1)}|[A-Za-z])")
_BY_NAME: Final = re.compile(r"%(?:Ex)?[aAbBp]")
_NAMED: Final = re.compile(r"\{?[A-Z0-9]+\}?|%.*%(?:EX)?[A-Z]", re.IGNORECASE)
"""A usual form by its name, or one of fields from end to end."""
_PLAIN_GROUP: Final = re.compile(r"(?<!\\)\((?!\?)")
_DATE: Final = re.compile(r"(?<!\\)\{DATE\}", re.IGNORECASE)
_SECONDS: Final = re.compile(r"(?<!\\)\{(L?)EPOCH\}", re.IGNORECASE)


class Form(NamedTuple):
    """One form of date; the first group is what is cut out."""

    pattern: re.Pattern[str]
    kind: str
    anchored: bool


class Date(NamedTuple):
    """A date that stood in a line, not yet understood: few lines are worth that."""

    form: Form
    match: re.Match[str]

    @property
    def text(self) -> str:
        """What was cut out."""
        return self.match[1]

    def time(self, now: float, local: tzinfo | None = None) -> float | None:
        """Seconds since the epoch; None where the form leaves out all, or there is no such time.

        Args:
            now: seconds since the epoch, for what a date leaves out.
            local: the zone of a date without one; None: this host's.
        """
        try:
            if self.form.kind == "tai":
                return float(int(self.text[2:17], 16))
            if self.form.kind == "epoch":
                return _seconds(self.match["epoch"])
            return time_of(self.match.groupdict(), now, local) if self.text else None
        except (ValueError, OverflowError):
            return None


class Dates:
    """The forms of date of one filter; remembers which one came last, for it will come again.

    Attributes:
        in_words: whether a date begins its line, or begins and ends with a letter or digit; then
            what is cut out stands between no letter or digit and another.
    """

    def __init__(self, patterns: str | None) -> None:
        """Make ready what a `datepattern` says; without one the usual forms.

        Raises:
            FilterError: it says what cannot be understood.
        """
        wanted = [line.strip() for line in (patterns or "").splitlines() if line.strip()]
        self._forms = [form for line in wanted or ["{DEFAULT}"] for form in _forms(line)]
        self.in_words = all(map(_in_words, wanted))
        self._last: Form | None = None

    def cut(self, line: str) -> tuple[str, Date | None]:
        """A line without its date, the one nearest to its beginning; and that date."""
        found = self._found(line)
        if found is None:
            return line, None
        begin, end = found.match.span(1)
        self._last = found.form
        return line[:begin] + line[end:], found

    def _found(self, line: str) -> Date | None:
        if self._last and self._last.anchored and (match := self._last.pattern.search(line)):
            return Date(self._last, match)
        nearest: Date | None = None
        for form in self._forms:
            match = form.pattern.search(line)
            if match and (nearest is None or match.start() < nearest.match.start()):
                nearest = Date(form, match)
                if form.anchored or not match.start():
                    break
        return nearest


def _in_words(line: str) -> bool:
    """Whether a line of a `datepattern` says so."""
    bare = line.upper().replace("({DATE})", "{DATE}")
    if _PLAIN_GROUP.search(bare):
        return False
    return bare.startswith(("^", _AT_BEGIN)) or bool(_NAMED.fullmatch(bare))


def _forms(line: str) -> Iterator[Form]:
    """What a line of a `datepattern` stands for."""
    name = line.upper() if "%" not in line else line
    if name == "{NONE}":
        yield Form(re.compile("^()"), "date", anchored=True)
    elif name in {"{DEFAULT}", _AT_BEGIN}:
        usual = [_form(pattern) for pattern in _USUAL]
        yield from (form for form in (_form(_begin(pattern)) for pattern in _USUAL) if form.anchored)
        yield from (form for form in usual if not form.anchored and name == "{DEFAULT}")
    elif _DATE.search(line):
        for pattern in _USUAL:
            yield _form(_inner(pattern).join(_DATE.split(line)))
    else:
        yield _form(line)


def _begin(pattern: str) -> str:
    return pattern if pattern.startswith((_AT_BEGIN, "^")) else _AT_BEGIN + pattern


def _inner(pattern: str) -> str:
    """A usual form as a part of another pattern."""
    bare = pattern.removeprefix(_AT_BEGIN).removeprefix("^")
    return {"EPOCH": "{EPOCH}", "TAI64N": _TAI}.get(bare, bare)


def _form(text: str) -> Form:
    begin, free = text.startswith(_AT_BEGIN), text.startswith(_UNBOUND)
    bare = text.removeprefix(_AT_BEGIN).removeprefix(_UNBOUND)
    kind, regex = _written(bare, begin=begin)
    regex = _grouped(regex)
    left = "" if free or _open_left(regex) else r"^\W{0,2}" if begin else r"(?=^|\b|\W)"
    right = "" if free or _open_right(regex) else r"(?=\b|\W|$)"
    regex = left + regex.removeprefix("**").removesuffix("**") + right
    try:
        pattern = re.compile(regex, re.IGNORECASE if _BY_NAME.search(bare) else 0)
    except (re.error, OverflowError) as error:
        raise FilterError(f"datepattern: {error}: {text}") from error
    return Form(pattern, kind, anchored=begin or regex.startswith("^"))


def _grouped(regex: str) -> str:
    """With a group around what is to be cut out: all of it, but for the ends of the line."""
    if _PLAIN_GROUP.search(regex):
        return regex
    head, tail = "^" * regex.startswith("^"), "$" * regex.endswith("$")
    return f"{head}({regex.removeprefix('^').removesuffix('$')}){tail}"


def _open_left(regex: str) -> bool:
    """Whether it says itself where it begins."""
    return regex.lstrip("(").removeprefix("?:").startswith(("^", "**"))


def _open_right(regex: str) -> bool:
    """Whether it says itself where it ends."""
    return regex.rstrip(")").endswith(("$", r"\b", r"\s", "**"))


def _written(bare: str, *, begin: bool) -> tuple[str, str]:
    """What kind of date a pattern is, and its expression with each field replaced."""
    name = bare.upper()
    if name in {"EPOCH", "LEPOCH"}:
        epoch = f"(?P<epoch>{_EPOCH[name.removesuffix('EPOCH')]})"
        if begin:
            return "epoch", rf"({epoch})"
        return "epoch", rf"((?:^|(?<=^\[)|(?<=\baudit\()){epoch})"
    if name == "TAI64N":
        return "tai", rf"({_TAI})"
    if match := _SECONDS.search(bare):
        # All of it is the date, and cut out.
        epoch = f"(?P<epoch>{_EPOCH[match[1].upper()]})"
        return "epoch", f"({bare[: match.start()]}{epoch}{bare[match.end() :]})"
    return "date", _FIELD.sub(_field, bare)


def _field(match: re.Match[str]) -> str:
    if match[1] == "%":
        return "%"
    if match[1] not in FIELDS:
        raise FilterError(f"datepattern: {match[0]} is not understood")
    return FIELDS[match[1]]


def _seconds(text: str) -> float:
    digits = text.partition(".")[0]
    if len(digits) >= _MICROS:
        return float(text) / 1_000_000
    return float(text) / 1000 if len(digits) >= _MILLIS else float(text)
