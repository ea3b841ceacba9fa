"""Pure: lines of a configuration as they may be shown: no secret stands in them, and nothing hostile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.asterisk.sections import Place, fold

if TYPE_CHECKING:
    from amiguard.asterisk.sections import Section, Variable

MASK: Final = "****"
_LONGEST: Final = 200
_SECRET: Final = re.compile(r"secret|pass(?!word_format)|md5_?cred|digest|(?<!call)token|cred$|(?:^|_)pin$")
_USERINFO: Final = re.compile(r":(?!-?\d+(?::-?\d+)?\})[^@]*@")
"""``user:secret@``, but not the ``:1}@`` of a shortened variable."""
_PIN: Final = re.compile(r"(?i)\b(DISA|Authenticate|VMAuthenticate)\((?!no-password)[^,)]*")


class Line(NamedTuple):
    """A line that decides something."""

    place: Place
    text: str


def quoted(variable: Variable) -> Line:
    """``name = value`` with what may be a secret masked."""
    return Line(Place(variable.file, variable.line), masked(variable.name, variable.value)[:_LONGEST])


def is_secret(name: str) -> bool:
    """Whether a key of that name holds a secret."""
    return _SECRET.search(fold(name)) is not None


def heading(section: Section) -> Line:
    """``[name]``."""
    return Line(section.place, f"[{section.name}]")


def masked(name: str, value: str) -> str:
    """A pair without its secret."""
    key = fold(name)
    if key == "register":
        return f"{name} => {MASK}@{value.rpartition('@')[2]}"
    if is_secret(name):
        return f"{name} = {MASK if value else ''}".rstrip()
    arrow = "=>" if key in {"exten", "same", "include"} else "="
    shown = _PIN.sub(rf"\1({MASK}", _USERINFO.sub(f":{MASK}@", value))
    return f"{name} {arrow} {shown}"
