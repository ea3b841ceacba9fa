"""Pure: extensions.conf -> contexts, what they include, and what their extensions run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.asterisk.sections import Variable, fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.sections import Conf, Section

_APPLICATION: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\((.*)\)?)?\s*", re.DOTALL)
_CLASS: Final = re.compile(r"\[[^\]]*\]")
_NO_CONTEXT: Final = {"general", "globals"}
_LONG_NUMBER: Final = 7


class Step(NamedTuple):
    """One priority: the extension's pattern, the application in lower case, and its arguments."""

    pattern: str
    application: str
    arguments: str
    variable: Variable

    @property
    def is_open(self) -> bool:
        """Whether whoever dials chooses characters, and how many: ``_X.``, ``_!``."""
        return self.pattern.startswith("_") and self.pattern.endswith((".", "!"))

    @property
    def is_number(self) -> bool:
        """Whether its pattern fits telephone numbers of others, and not just extensions of ours."""
        length = len(_CLASS.sub("X", self.pattern[1:]).replace("-", ""))
        return self.is_open or (self.pattern.startswith("_") and length >= _LONG_NUMBER)


@dataclass(frozen=True, slots=True)
class Context:
    """One context; `includes` are the names of others."""

    name: str
    steps: tuple[Step, ...]
    includes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialplan:
    """All contexts, by name."""

    contexts: dict[str, Context]

    @property
    def steps(self) -> Iterator[Step]:
        """All that is run anywhere."""
        return (step for context in self.contexts.values() for step in context.steps)

    def reached(self, name: str) -> Iterator[Context]:
        """A context and what it includes, directly or not, each once."""
        seen: set[str] = set()
        left = [name]
        while left:
            context = self.contexts.get(left.pop())
            if context and context.name not in seen:
                seen.add(context.name)
                left += context.includes
                yield context


def dialplan(conf: Conf) -> Dialplan:
    """Read it; contexts of one name are one."""
    sections: dict[str, list[Variable]] = {}
    for section in conf.sections:
        if not section.template and fold(section.name) not in _NO_CONTEXT:
            sections.setdefault(section.name, []).extend(section.variables)
    return Dialplan({name: _context(name, lines) for name, lines in sections.items()})


def section_context(section: Section) -> str:
    """The context that a section of a channel driver sends calls to."""
    return section.last("context") or "default"


def _context(name: str, lines: list[Variable]) -> Context:
    includes = [re.split(r"[,|]", v.value)[0].strip() for v in lines if fold(v.name) == "include"]
    return Context(name, tuple(_steps(lines)), tuple(includes))


def _steps(lines: list[Variable]) -> Iterator[Step]:
    pattern = ""
    for line in lines:
        key, rest = fold(line.name), line.value
        if key == "exten":
            pattern, _, rest = rest.partition(",")
            pattern = pattern.partition("/")[0].strip()
        elif key != "same":
            continue
        _, _, call = rest.partition(",")
        if found := _APPLICATION.match(call):
            yield Step(pattern, fold(found[1]), (found[2] or "").removesuffix(")"), line)
