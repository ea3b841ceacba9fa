"""Pure: logger.conf -> the channels that Asterisk logs to, with their levels and format (main/logger.c)."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from amiguard.asterisk.sections import Place, fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.sections import Conf, Variable

Format = Literal["default", "plain", "json"]

_FORMATS: Final[dict[str, Format]] = {"plain": "plain", "json": "json"}
_BRACKETED: Final = re.compile(r"\[([^]]*)\]")


class Channel(NamedTuple):
    """One channel; levels in lower case; `path` is empty for console and syslog."""

    name: str
    path: str
    format: Format
    levels: frozenset[str]
    place: Place

    def carries(self, *levels: str) -> bool:
        """Whether all these levels go to it."""
        return "*" in self.levels or self.levels.issuperset(levels)


def channels(conf: Conf, directory: str, suffix: str = "") -> Iterator[Channel]:
    """What ``[logfiles]`` says.

    Args:
        conf: logger.conf.
        directory: `astlogdir`, which names are relative to.
        suffix: what `appendhostname` appends to them.
    """
    section = conf.section("logfiles")
    for variable in section.variables if section else ():
        yield _channel(variable, directory, suffix)


def _channel(variable: Variable, directory: str, suffix: str) -> Channel:
    name = fold(variable.name)
    format_, levels = _components(variable.value)
    elsewhere = name == "console" or name.startswith("syslog")
    path = "" if elsewhere else posixpath.join(directory, variable.name) + suffix
    return Channel(variable.name, path, format_, levels, Place(variable.file, variable.line))


def _components(text: str) -> tuple[Format, frozenset[str]]:
    """Format and levels as make_components() has them: text before the format is lost."""
    bracketed = _BRACKETED.search(text)
    format_ = _FORMATS.get(fold(bracketed[1]), "default") if bracketed else "default"
    levels = (fold(each).strip() for each in text[bracketed.end() if bracketed else 0 :].split(","))
    return format_, frozenset(
        "verbose" if level.startswith("verbose(") else level for level in levels if level
    )
