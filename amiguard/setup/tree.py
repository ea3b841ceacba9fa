"""Pure: files by their paths, read as Asterisk would read them from a disk."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from amiguard.asterisk.conf import ConfMissingError, load
from amiguard.asterisk.sections import Conf

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def conf(texts: Mapping[str, bytes], directory: str, name: str) -> Conf:
    """A configuration file with all that it includes; empty if there is none.

    Raises:
        ConfError: Asterisk would discard it.
    """

    def read(wanted: str) -> Iterator[tuple[str, bytes]]:
        pattern = posixpath.normpath(posixpath.join(directory, wanted))
        return ((path, texts[path]) for path in sorted(texts) if matches(path, pattern))

    try:
        return load(name, read)
    except ConfMissingError:
        return Conf(())


def matches(path: str, pattern: str) -> bool:
    """Whether a pattern means this path, as in glob(3): no ``*`` crosses a slash or finds a hidden file."""
    names, patterns = path.split("/"), pattern.split("/")
    return len(names) == len(patterns) and all(
        fnmatchcase(name, wanted) and (wanted.startswith(".") or not name.startswith("."))
        for name, wanted in zip(names, patterns, strict=True)
    )
