"""Pure: what a rule is, and what it finds."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.asterisk.audit.facts import Facts

if TYPE_CHECKING:
    from amiguard.asterisk.audit.quoting import Line
    from amiguard.asterisk.audit.site import Site

Check = Callable[["Site"], Iterable["Found"]]


class Severity(enum.IntEnum):
    """How bad it is; its names in lower case are those of ``--severity``."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """Its name as it is shown and asked for."""
        return self.name.lower()


class Found(NamedTuple):
    """What a rule has found once: a sentence, and the lines that decide.

    Severity and mend are the rule's own unless said.
    """

    text: str
    lines: tuple[Line, ...] = ()
    severity: Severity | None = None
    mend: str = ""


class Finding(NamedTuple):
    """What is shown of it."""

    rule: str
    severity: Severity
    title: str
    text: str
    lines: tuple[Line, ...]
    gain: str
    mend: str


@dataclass(frozen=True, slots=True)
class Example:
    """A configuration, a file after each ``=== NAME ===``, and what the machine says.

    `beside` is the latter in words.
    """

    text: str
    facts: Facts = field(default_factory=Facts)
    beside: str = ""


class Group(enum.Enum):
    """What must be on for a rule's findings to matter today."""

    AMI = "the AMI"
    ANY = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: as `--explain` takes it.
        severity: of its worst finding.
        title: what is wrong, in a few words.
        gain: what an attacker gains.
        mend: the lines that mend it.
        reads: files without which it cannot judge.
        check: finds it.
        bad: a configuration that it finds it in.
        good: the same one, mended.
        group: what must be on, or the findings are low.
    """

    id: str
    severity: Severity
    title: str
    gain: str
    mend: str
    reads: tuple[str, ...]
    check: Check
    bad: Example
    good: Example
    group: Group = Group.ANY


INFO: Final = Severity.INFO
LOW: Final = Severity.LOW
MEDIUM: Final = Severity.MEDIUM
HIGH: Final = Severity.HIGH
CRITICAL: Final = Severity.CRITICAL
