"""Pure: texts that a line must have for a regular expression to match it.

Most lines of a log tell of no failure, and looking for a text is quicker than
trying an expression.  What must be there is read off the tree that Python's
own parser makes of the expression.
"""

from __future__ import annotations

import re
from re import _constants, _parser  # type: ignore[attr-defined]  # private, yet there in all of 3.11 to 3.14
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHORTEST: Final = 3
"""Characters of a text that is worth looking for."""
_MOST: Final = 8
"""Texts of one expression, of which one must be there."""
_REPEATS: Final = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_WIDTHLESS: Final = (_constants.AT, _constants.ASSERT, _constants.ASSERT_NOT)
_SEAM: Final = re.compile(r"(?<=\W)(?=\W)")
"""Where a text may end: the line may have a date there, which the expression does not see."""


class _Part(NamedTuple):
    """A part of an expression: all that it can be, or texts of which it has one; nothing if unknown."""

    exact: frozenset[str] = frozenset()
    choice: frozenset[str] = frozenset()


_UNKNOWN: Final = _Part()
_NOTHING: Final = frozenset(("",))


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
    choices, run = [], _NOTHING
    for exact, choice in _parts(items):
        if exact and len(run) * len(exact) <= _MOST:
            run = _joined(run, exact)
        else:
            choices += [_whole(run), choice or _whole(exact)]
            run = _NOTHING
    usable = [each for each in (*choices, _whole(run)) if len(each) <= _MOST and _rank(each)[0] >= _SHORTEST]
    return max(usable, key=_rank, default=frozenset())


def _rank(choice: frozenset[str]) -> tuple[int, int]:
    return min(map(len, choice), default=0), -len(choice)


def _whole(run: frozenset[str]) -> frozenset[str]:
    """The longest piece of each of these that a date cannot stand in."""
    return frozenset(max(_SEAM.split(text), key=len) for text in run)


def _joined(run: frozenset[str], more: frozenset[str]) -> frozenset[str]:
    return frozenset(before + behind for before in run for behind in more)


def _parts(items: Iterable[Any]) -> Iterator[_Part]:
    """What must be there, in its order."""
    for what, value in items:
        if what is _constants.SUBPATTERN:
            _, added, _, inner = value
            yield from _parts(inner) if not added & re.IGNORECASE else [_UNKNOWN]
        elif what not in _WIDTHLESS:
            yield _part(what, value)


def _part(what: Any, value: Any) -> _Part:
    if what is _constants.LITERAL:
        return _Part(_characters([value]))
    if what is _constants.IN and all(kind is _constants.LITERAL for kind, _ in value):
        return _Part(_characters(code for _, code in value))
    if what in _REPEATS and value[0]:
        return _Part(choice=_best(value[2]))
    if what is _constants.BRANCH:
        return _either(value[1])
    return _UNKNOWN


def _characters(codes: Iterable[int]) -> frozenset[str]:
    found = frozenset(map(chr, codes))
    return found if all(each.isascii() and each.isprintable() for each in found) else frozenset()


def _either(branches: Iterable[Any]) -> _Part:
    """All that the branches can be, where they are plain texts; else one text of each."""
    exact = [_exact(branch) for branch in branches]
    if all(exact):
        return _Part(frozenset().union(*exact))
    found = [_best(branch) for branch in branches]
    return _Part(choice=frozenset().union(*found) if all(found) else frozenset())


def _exact(items: Iterable[Any]) -> frozenset[str]:
    """All that these can be, if that is not too much; nothing if it is."""
    run = _NOTHING
    for exact, _ in _parts(items):
        run = _joined(run, exact)
        if len(run) > _MOST:
            return frozenset()
    return run if run != _NOTHING else frozenset()
