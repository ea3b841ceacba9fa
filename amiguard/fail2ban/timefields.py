"""Pure: the fields of a date: `%d`, `%H` and their like, as patterns, and what they make a time of."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ZONES: Final = {
    -10: "HST",
    -9: "AKST",
    -8: "PST AKDT",
    -7: "MST PDT",
    -6: "CST MDT",
    -5: "EST CDT",
    -4: "AST EDT",
    -3: "ADT BRT ART",
    0: "Z UTC GMT WET",
    1: "CET WEST BST",
    2: "CEST EET",
    3: "EEST MSK",
    5: "PKT",
    8: "AWST HKT SGT",
    9: "JST KST",
    10: "AEST",
    11: "AEDT",
    12: "NZST",
    13: "NZDT",
}
"""Hours east of Greenwich, by the usual names."""
_HOURS: Final = {name: hours for hours, names in _ZONES.items() for name in names.split()}
_ABBREVIATED: Final = 3


_OFFSET: Final = r"[+-][01]\d(?::?\d\d)?"
_LETTERS: Final = r"[A-Z](?:[A-Z]{2,4})?"


def _names(names: tuple[str, ...], length: int | None = None) -> str:
    return "|".join(name[:length] for name in names)


def _fields() -> Iterator[tuple[str, str]]:
    """Each field's name behind the `%`, with its pattern; the group is named for what it says."""
    numbers = {
        "d": r"[12]\d|3[01]|[ 0]?[1-9]",
        "m": r"1[0-2]|0?[1-9]",
        "y": r"\d\d",
        "Y": r"\d{4}",
        "j": r"[12]\d\d|3[0-5]\d|36[0-6]|0?[1-9]\d|0{0,2}[1-9]",
        "H": r"2[0-3]|[01]?\d",
        "I": r"1[0-2]|0?[1-9]",
        "M": r"[0-5]?\d",
        "S": r"[0-5]?\d|6[01]",
        "f": r"\d{1,6}",
        "p": "am|pm",
        "a": _names(_DAYS, _ABBREVIATED),
        "A": _names(_DAYS),
        "b": _names(_MONTHS, _ABBREVIATED),
        "B": _names(_MONTHS),
        "z": rf"Z|UTC|GMT|{_OFFSET}",
    }
    yield from ((name, f"(?P<{name}>{pattern})") for name, pattern in numbers.items())
    padded = {"d": r"0[1-9]|[12]\d|3[01]", "m": r"0[1-9]|1[0-2]", "H": r"[01]\d|2[0-3]", "y": r"\d\d"}
    exact = padded | {"M": r"[0-5]\d", "S": r"[0-5]\d|6[01]", "Y": r"(?:19|20)\d\d"}
    exact["z"] = rf"(?:{_LETTERS})?{_OFFSET}|{_LETTERS}"
    yield from ((f"Ex{name}", f"(?P<{name}>{pattern})") for name, pattern in exact.items())
    for prefix in ("", "Ex"):
        yield f"{prefix}k", rf" ?(?P<H>{numbers['H']})"
        yield f"{prefix}l", rf" ?(?P<I>{numbers['I']})"
    yield "Z", r"(?P<z>Z|[A-Z]{3,5})"
    yield "ExZ", rf"(?P<z>{_LETTERS})"


FIELDS: Final = dict(_fields())
"""What stands for each `%` in a date pattern; `Ex...` are those of exact width."""
_ZONE: Final = re.compile(r"([A-Za-z]*)(?:([+-])(\d\d):?(\d\d)?)?")


def time_of(said: Mapping[str, str | None], now: float, local: tzinfo | None) -> float:
    """The time that these fields say, in whole seconds since the epoch.

    What a date leaves out is that of `now`: without a day it is the last time of
    that hour, without a year the last such day.

    Args:
        said: what each field matched.
        now: seconds since the epoch.
        local: the zone of a date without one; None: this host's.

    Raises:
        ValueError: there is no such time, or the zone is unknown.
    """
    fields = {name: value for name, value in said.items() if value}
    zone = _zone(fields["z"]) if "z" in fields else local
    today = datetime.fromtimestamp(now, UTC).astimezone(zone)
    hour = int(fields.get("H", 0)) if "I" not in fields else _hour12(int(fields["I"]), fields.get("p", ""))
    clock = {"hour": hour, "minute": int(fields.get("M", 0)), "second": min(int(fields.get("S", 0)), 59)}
    date = _date(fields, today).replace(**clock, microsecond=0)  # type: ignore[arg-type]  # the table's names
    if not fields.keys() & {"d", "j", "m", "b", "B"}:
        date -= timedelta(days=date > today)
    elif not fields.keys() & {"y", "Y"} and date > today + timedelta(days=1):
        date = date.replace(year=date.year - 1)
    return date.astimezone(UTC).timestamp() if zone else date.replace(tzinfo=None).timestamp()


def _date(fields: Mapping[str, str], today: datetime) -> datetime:
    year = today.year
    if "Y" in fields:
        year = int(fields["Y"])
    elif "y" in fields:
        year = 2000 + int(fields["y"])
    if "j" in fields:
        return today.replace(year=year, month=1, day=1) + timedelta(days=int(fields["j"]) - 1)
    return today.replace(year=year, month=_month(fields) or today.month, day=int(fields.get("d", today.day)))


def _month(fields: Mapping[str, str]) -> int:
    """1 to 12; 0 where none is said."""
    name = (fields.get("b") or fields.get("B") or "").lower()
    if name:
        return 1 + next(at for at, month in enumerate(_MONTHS) if month.startswith(name))
    return int(fields.get("m", 0))


def _hour12(hour: int, half: str) -> int:
    return hour % 12 + (12 if half.lower() == "pm" else 0)


def _zone(text: str) -> timezone:
    match = _ZONE.fullmatch(text)
    if not match or match[1].upper() not in {"", *_HOURS}:
        raise ValueError(f"unknown zone {text!r}")
    minutes = int(match[3] or 0) * 60 + int(match[4] or 0)
    east = timedelta(hours=_HOURS.get(match[1].upper(), 0), minutes=-minutes if match[2] == "-" else minutes)
    return timezone(east)
