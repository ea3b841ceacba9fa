"""Pure: fail2ban's configuration language: sections of options that refer to each other.

Files are laid over one another, later ones win.  A value refers to others in
two ways: `%(name)s`, also of another section (`%(section/name)s`) or of what it
overrides (`%(known/name)s`), and `<name>`, which is replaced after that, from
the inside out.  See fail2ban's manual page jail.conf(5).
"""

from __future__ import annotations

import re
from configparser import Error, RawConfigParser
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEFAULT: Final = "DEFAULT"
_INCLUDES: Final = "INCLUDES"
_REFERENCE: Final = re.compile(r"%(?:(%)|\(([^()]+)\)s)")
_KNOWN: Final = re.compile(r"%\(known/([^()]+)\)s")
_TAG: Final = re.compile(r"<([^ <>]+)>")
_DEPTH: Final = 12
_LONGEST: Final = 64 * 1024
"""Characters of a value with all that it refers to: a few references could make gigabytes."""


class FilterError(ValueError):
    """A filter that cannot be used; the text says where and why."""


def read(text: str, name: str) -> dict[str, dict[str, str]]:
    """The sections of one file, each a table of its options; values as they are written.

    Raises:
        FilterError: it is not in this language.
    """
    parser = RawConfigParser(inline_comment_prefixes=";", default_section="")  # no section is in all others
    try:
        parser.read_string(text, name)
    except Error as error:
        raise FilterError(str(error).replace("\n", " ")) from error
    return {section: dict(parser[section]) for section in parser.sections()}


def includes(sections: Mapping[str, Mapping[str, str]], when: str) -> list[str]:
    """The files that are to be read `before` or `after` this one."""
    return sections.get(_INCLUDES, {}).get(when, "").split()


class Layers:
    """Files laid over one another."""

    def __init__(self) -> None:
        self._sections: dict[str, dict[str, str]] = {_DEFAULT: {}}

    def add(self, sections: Mapping[str, Mapping[str, str]]) -> None:
        """Lay a file's sections over those before.

        Raises:
            FilterError: what overrides each other makes far too much.
        """
        for name, options in sections.items():
            before = self._sections.setdefault(name, {})
            before.update({option: _with_known(value, before) for option, value in options.items()})

    def sections(self) -> list[str]:
        """All sections, in the order in which they came."""
        return list(self._sections)

    def options(self, section: str) -> set[str]:
        """What a section has, without the defaults."""
        return set(self._sections.get(section, ()))

    def get(self, section: str, option: str, given: Mapping[str, str]) -> str | None:
        """An option's value, its `%(...)s` replaced; None where there is none.

        Raises:
            FilterError: it refers to what is not there, or to itself.
        """
        if "/" in option:
            section, _, option = option.partition("/")
            given = {}
        raw = self._raw(section, option, given)
        return None if raw is None else self._replaced(section, raw, given, _DEPTH)

    def _raw(self, section: str, option: str, given: Mapping[str, str]) -> str | None:
        other, slash, name = option.rpartition("/")
        if slash:
            places: tuple[Mapping[str, str], ...] = (self._sections.get(other, {}),)
        else:
            places = (given, self._sections.get(section, {}))
        for place in (*places, self._sections[_DEFAULT]):
            if name.lower() in place:
                return place[name.lower()]
        return None

    def _replaced(self, section: str, raw: str, given: Mapping[str, str], depth: int) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1]:
                return "%"
            found = self._raw(section, match[2], given) if depth else None
            if found is None:
                raise FilterError(f"[{section}]: {match[0]} refers to nothing, or to itself")
            return self._replaced(section, found, given, depth - 1)

        return _short(_REFERENCE.sub(value, raw), section)


class Settings:
    """A section's values with all references resolved, those of `<name>` too."""

    def __init__(self, layers: Layers, given: Mapping[str, str]) -> None:
        """Take up `[Definition]`, `[Init]` and what a jail gives, which wins."""
        self._layers = layers
        initial = {name: layers.get("Init", name, given) or "" for name in layers.options("Init")}
        self._given = {**initial, **given}

    def get(self, option: str) -> str | None:
        """An option's value; None where there is none.

        Raises:
            FilterError: it refers to what is not there, or to itself.
        """
        value = self._plain(option)
        return None if value is None else self._resolved(value, option)

    def _plain(self, option: str) -> str | None:
        if option in self._given:
            return self._given[option]
        return self._layers.get("Definition", option, self._given)

    def _resolved(self, value: str, option: str) -> str:
        """Replace tags from the inside out: `<a-<b>>` asks for b first."""
        for _ in range(_DEPTH * _DEPTH):
            found = next(self._tags(value), None)
            if found is None:
                return value
            tag, replacement = found
            value = _short(value.replace(f"<{tag}>", replacement), option)
        raise FilterError(f"{option}: it refers to itself")

    def _tags(self, value: str) -> Iterator[tuple[str, str]]:
        """The tags in a value that stand for an option; all others are the regular expression's."""
        for match in _TAG.finditer(value):
            if (replacement := self._plain(match[1])) is not None:
                yield match[1], replacement


def _with_known(value: str, before: Mapping[str, str]) -> str:
    """A value with what it says of the values that are overridden with it."""
    return _short(_KNOWN.sub(lambda match: before.get(match[1].lower(), match[0]), value), value[:40])


def _short(value: str, where: str) -> str:
    if len(value) > _LONGEST:
        raise FilterError(f"{where}: longer than {_LONGEST} characters with all that it refers to")
    return value
