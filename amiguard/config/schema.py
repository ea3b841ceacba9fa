"""Pure: TOML values read by a schema; every mistake is named with its place, all of them at once.

A *reader* takes what tomllib made of a value and gives what the program wants,
or raises `SchemaError`.  Readers for tables and lists are made of readers for
their parts; each part adds its step to the place of the mistakes inside it.
"""

from __future__ import annotations

import difflib
import re
import reprlib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

T = TypeVar("T")
Reader = Callable[[object], T]
Step = str | int

_TOML_BITS = 64
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Shown(reprlib.Repr):
    """A short repr: escaped, cut, and safe for integers too long to print in decimal."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80

    def repr_int(self, x: int, level: int) -> str:
        """Leave out what TOML itself forbids: more than 64 bits."""
        return super().repr_int(x, level) if x.bit_length() <= _TOML_BITS else "(a huge integer)"


show = _Shown().repr
"""Render a value of the file for a message: escaped as by repr(), at most about 80 characters a string."""


class Mistake(NamedTuple):
    """One wrong value: where it stands, what it is, and what is wrong with it."""

    place: tuple[Step, ...]
    value: object
    problem: str

    def __str__(self) -> str:
        return f"{''.join(map(_step, self.place)).removeprefix('.')} = {show(self.value)}: {self.problem}"


def _step(step: Step) -> str:
    """``.key``, or ``#n`` for the n-th of a list, counted from 1."""
    if isinstance(step, int):
        return f"#{step}"
    return f".{step if _BARE_KEY.fullmatch(step) else show(step)}"


class SchemaError(ValueError):
    """A value is not what its schema wants; `mistakes` holds at least one."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def mistake(value: object, problem: str, *place: Step) -> SchemaError:
    """The error that says what is wrong with `value`, which stands at `place` below what is being read."""
    return SchemaError([Mistake(place, value, problem)])


def wrong(value: object, expected: str, *place: Step) -> SchemaError:
    """The error that says what was expected instead of `value`; `place` as in `mistake`."""
    return mistake(value, f"expected {expected}", *place)


def meant(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A question that names the known word most like `word`, if one is like it; at cutoff 0 one always is."""
    nearest = difflib.get_close_matches(word[:64], list(known), n=1, cutoff=cutoff)
    return f", did you mean {nearest[0]}?" if nearest else ""


def read_each(parts: Iterable[tuple[Step, Reader[Any], object]]) -> list[Any]:
    """Read every part before complaining of any.

    Raises:
        SchemaError: with the mistakes of all the parts.
    """
    values, mistakes = [], []
    for step, read, value in parts:
        try:
            values.append(read(value))
        except SchemaError as error:
            mistakes += [m._replace(place=(step, *m.place)) for m in error.mistakes]
    if mistakes:
        raise SchemaError(mistakes)
    return values


@dataclass(frozen=True, slots=True)
class Row:
    """One key of a table: its default as TOML text, its reader, and what it is for."""

    key: str
    default: str
    read: Reader[Any]
    note: str = ""

    def value(self, table: Mapping[str, object]) -> object:
        """What the table says for this key, unread, or the default."""
        return table[self.key] if self.key in table else tomllib.loads(f"default = {self.default}")["default"]


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """Reads a TOML table by its rows and gives the values to `make`, by name.

    `make` may raise SchemaError where values do not go together.
    """

    make: Callable[..., T]
    rows: tuple[Row, ...]

    def __call__(self, value: object) -> T:
        """Read a table.

        Raises:
            SchemaError: it is none, a key is unknown, or a value is wrong.
        """
        if not isinstance(value, dict):
            raise wrong(value, "a table")
        known = [row.key for row in self.rows]
        parts: list[tuple[Step, Reader[Any], object]] = [
            (row.key, row.read, row.value(value)) for row in self.rows
        ]
        parts += [(key, partial(_refuse, key, known), value[key]) for key in value if key not in known]
        return self.make(**dict(zip(known, read_each(parts), strict=True)))


def _refuse(key: str, known: list[str], value: object) -> NoReturn:
    raise mistake(value, f"unknown key{meant(key, known)} (known: {', '.join(known)})")


def listing(item: Reader[T], expected: str, least: int = 0) -> Reader[tuple[T, ...]]:
    """A reader of lists with at least so many items."""

    def read(value: object) -> tuple[T, ...]:
        if not isinstance(value, list) or len(value) < least:
            raise wrong(value, expected)
        return tuple(read_each((number, item, each) for number, each in enumerate(value, 1)))

    return read


def boolean(value: object) -> bool:
    """Read true or false.

    Raises:
        SchemaError: it is neither.
    """
    if not isinstance(value, bool):
        raise wrong(value, "true or false")
    return value


def integer(low: int, high: int) -> Reader[int]:
    """A reader of integers from `low` to `high`, both included."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise wrong(value, f"an integer from {low} to {high}")
        return value

    return read


def number(low: float, high: float, *, above: bool = False) -> Reader[float]:
    """A reader of numbers from `low` (or above it) to `high`; an integer will do, NaN will not."""
    expected = f"a number above {low:g}, at most {high:g}" if above else f"a number from {low:g} to {high:g}"

    def read(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise wrong(value, expected)
        if above and value == low:
            raise wrong(value, expected)
        return float(value)

    return read


def text(expected: str, pattern: str) -> Reader[str]:
    """A reader of texts that the pattern matches from end to end."""
    matches = re.compile(pattern, re.DOTALL).fullmatch

    def read(value: object) -> str:
        if not isinstance(value, str) or not matches(value):
            raise wrong(value, expected)
        return value

    return read
