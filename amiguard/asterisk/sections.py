"""Pure: what Asterisk has understood of a configuration file: sections of variables, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

_TRUE: Final = {"yes", "true", "y", "t", "1", "on"}


class Place(NamedTuple):
    """A line of a file; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Note(NamedTuple):
    """Something worth saying about a line, such as what Asterisk warns of and passes over."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Variable(NamedTuple):
    """``name = value``, and file and line where it was written, however many sections inherit it.

    Bytes that are not UTF-8 are surrogates, as in file names.
    """

    name: str
    value: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Section:
    """A section.  Several may have one name; a template, ``(!)``, is none to Asterisk's modules."""

    name: str
    place: Place
    template: bool
    variables: tuple[Variable, ...]

    def get(self, key: str) -> str | None:
        """The value of the first variable of that name, in any case."""
        return next((each.value for each in self.variables if fold(each.name) == fold(key)), None)

    def last(self, key: str) -> str | None:
        """The value of the last one: some modules take the first, some the last."""
        return next((each.value for each in reversed(self.variables) if fold(each.name) == fold(key)), None)


@dataclass(frozen=True, slots=True)
class Conf:
    """A configuration file with all that it includes.

    `notes` are Asterisk's warnings; `commands` those of ``#exec``, which nothing here runs;
    `cut` are lines that end at a ``;`` in the middle of a word.
    """

    sections: tuple[Section, ...]
    notes: tuple[Note, ...] = ()
    commands: tuple[Note, ...] = ()
    cut: frozenset[Place] = frozenset()

    def section(self, name: str) -> Section | None:
        """The first section of that name, in any case, that is no template."""
        named = (each for each in self.sections if fold(each.name) == fold(name))
        return next((each for each in named if not each.template), None)

    def get(self, section: str, key: str) -> str | None:
        """The first value of the key in the first section of that name."""
        found = self.section(section)
        return found.get(key) if found else None

    def last(self, section: str, key: str) -> str | None:
        """The last value of the key in the first section of that name."""
        found = self.section(section)
        return found.last(key) if found else None


def is_true(text: str | None) -> bool:
    """Whether a setting's value is true to Asterisk: ast_true(), main/utils.c."""
    return text is not None and fold(text) in _TRUE


def fold(text: str) -> str:
    """Lower case as Asterisk compares: ASCII letters alone."""
    return text.lower() if text.isascii() else to_text(to_bytes(text).lower())


def to_text(data: bytes) -> str:
    """Decode UTF-8; what is none becomes surrogates, so that nothing is lost."""
    return data.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """Undo `to_text`."""
    return text.encode("utf-8", "surrogateescape")
