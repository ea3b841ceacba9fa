"""Pure: a filter as a jail asks for it: `NAME[option=value, ...]`."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from amiguard.fail2ban.ini import FilterError

_WHOLE: Final = re.compile(r"([^\[\]]+?)((?:\[[^\]]*\])*)", re.DOTALL)
_OPTION: Final = re.compile(r"""\s*([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^,"']*?))\s*(?:,|$)""", re.DOTALL)


class Asked(NamedTuple):
    """A filter's name or path, and what it is given instead of its own `[Init]`."""

    filter: str
    given: dict[str, str]

    @property
    def name(self) -> str:
        """The name alone, for people and for `score.points`."""
        return self.filter.rpartition("/")[2].removesuffix(".conf")


def asked(text: str) -> Asked:
    """Read what a jail says in `filter = ...`, as fail2ban's jail.conf(5) has it.

    Raises:
        FilterError: it is of another form.
    """
    match = _WHOLE.fullmatch(text.strip())
    if not match:
        raise FilterError(f"{text}: not of the form NAME[option=value, ...]")
    given: dict[str, str] = {}
    for part in re.findall(r"\[([^\]]*)\]", match[2]):
        given |= _options(part.strip(), text)
    return Asked(match[1], given)


def _options(part: str, text: str) -> dict[str, str]:
    found, at = {}, 0
    while at < len(part):
        option = _OPTION.match(part, at)
        if not option:
            raise FilterError(f"{text}: {part[at:]!r} is not of the form option=value")
        found[option[1].lower()] = next(value for value in option.groups()[1:] if value is not None)
        at = option.end()
    return found
