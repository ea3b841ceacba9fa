"""Pure: texts that a line must have for a regular expression to match it.

Most lines of a log tell of no failure, and looking for a text is quicker than
trying an expression.  What must be there is read off the tree that Python's
own parser makes of the expression.
"""

from __future__ import annotations

import re
from re import _constants, _parser  # type: ignore[attr-defined]  # private, yet there in all of 3.11 to 3.14
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHORTEST: Final = 3
"""Characters of a text that is worth looking for."""
_MOST: Final = 16
"""Texts of one expression, of which one must be there."""
_REPEATS: Final = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_WIDTHLESS: Final = (_constants.AT, _constants.ASSERT, _constants.ASSERT_NOT)
_BREAK: Final = "\n"
"""What no line has inside it, and so stands for anything unknown."""
_SEAM: Final = re.compile(r"(?<=\W)(?=\W)|\n")
"""Where a text may end: the line may have a date there, which the expression does not see."""


def needed(pattern: re.Pattern[str]) -> frozenset[str]:
    """Texts of which a line that the pattern matches has at least one; none if nobody can tell.

    They are of printable ASCII, and have no two characters in a row that are neither letter
    nor digit.  In a pattern that ignores case nobody can tell.
    """
    if pattern.flags & re.IGNORECASE:
        return frozenset()
    return _best(_parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))


def _best(items: Iterable[Any]) -> frozenset[str]:
    """Of all that must be there, what is the longest, and so the most seldom."""
    parts = list(_parts(items))
    runs = _SEAM.split("".join(part if isinstance(part, str) else _BREAK for part in parts))
    choices = [frozenset([run]) for run in runs] + [part for part in parts if not isinstance(part, str)]
    usable = [each for each in choices if each and len(each) <= _MOST and _rank(each)[0] >= _SHORTEST]
    return max(usable, key=_rank, default=frozenset())


def _rank(choice: frozenset[str]) -> tuple[int, int]:
    return min(map(len, choice)), -len(choice)


def _parts(items: Iterable[Any]) -> Iterator[str | frozenset[str]]:
    """What must be there, in its order: characters, and sets of which one member must be."""
    for what, value in items:
        if what is _constants.LITERAL:
            yield chr(value) if chr(value).isascii() and chr(value).isprintable() else _BREAK
        elif what is _constants.SUBPATTERN:
            _, added, _, inner = value
            yield from _parts(inner) if not added & re.IGNORECASE else _BREAK
        elif what in _REPEATS:
            least, _, inner = value
            yield _best(inner) if least else frozenset()
        elif what is _constants.BRANCH:
            yield _one_of(value[1])
        elif what not in _WIDTHLESS:
            yield _BREAK


def _one_of(branches: Iterable[Any]) -> frozenset[str]:
    """One text of each branch; none if a branch needs none."""
    found = [_best(branch) for branch in branches]
    return frozenset().union(*found) if all(found) else frozenset()
