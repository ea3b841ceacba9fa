"""Pure: rules about the dialplan: what a number that somebody dials can do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.manager import is_on
from amiguard.asterisk.audit.quoting import Line, quoted
from amiguard.asterisk.audit.rule import HIGH, Example, Found, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.dialplan import Step
    from amiguard.asterisk.audit.site import Site

_MOST_LINES: Final = 5
_DIALLED: Final = re.compile(r"\$\{EXTEN\b[^}]*\}")
_FILTER: Final = "${FILTER("
_BRACE: Final = re.compile(r"\$\{|\}")
_THEIRS: Final = re.compile(
    r"\$\{(?:EXTEN\b|CALLERID|CALLERIDNUM|DNID|SIPURI|SIP_HEADER|PJSIP_HEADER|SIPPEER|CDR\(src\))"
)
_PROGRAMS: Final = {"system", "trysystem"}
_RISKY: Final = {"dial", "mixmonitor", "monitor", "agi", "chanspy", "externalivr", "originate", *_PROGRAMS}
PUBLIC: Final = ("default", "public", "from-trunk", "from-sip-external", "from-pstn")
"""Contexts that strangers' calls come to, by convention."""


def dials_out(site: Site, context: str) -> tuple[Step, ...]:
    """The steps, in a context and all that it includes, which dial a number that the caller chooses."""
    steps = (step for each in site.dialplan.reached(context) for step in each.steps)
    found = [s for s in steps if s.application == "dial" and s.is_number and _DIALLED.search(s.arguments)]
    return tuple(found[:_MOST_LINES])


def leads_nowhere(site: Site, context: str) -> bool:
    """Whether a context has no step at all; without a dialplan in files nobody knows."""
    known = bool(site.dialplan.contexts)
    return known and not any(each.steps for each in site.dialplan.reached(context))


def shown(steps: tuple[Step, ...]) -> tuple[Line, ...]:
    """Their lines."""
    return tuple(quoted(step.variable) for step in steps)


def _injection(site: Site) -> Iterator[Found]:
    for context in site.dialplan.contexts.values():
        found = tuple(step for step in context.steps if step.is_open and _is_injectable(step))
        if found:
            text = f"[{context.name}] uses whatever was dialled, without FILTER(): lines {len(found)}"
            yield Found(text, shown(found[:_MOST_LINES]))


def _is_injectable(step: Step) -> bool:
    return step.application in _RISKY and _DIALLED.search(unfiltered(step.arguments)) is not None


def unfiltered(text: str) -> str:
    """An application's arguments without what has gone through ``${FILTER(...)}``."""
    before, filtered, rest = text.partition(_FILTER)
    depth = 1 if filtered else 0
    for brace in _BRACE.finditer(rest):
        depth += 1 if brace[0] != "}" else -1
        if not depth:
            return before + unfiltered(rest[brace.end() :])
    return before


def _public(site: Site) -> Iterator[Found]:
    names = dict.fromkeys(PUBLIC)
    guests = site.general("sip.conf", "context")
    if guests and is_on(site.general("sip.conf", "allowguest"), default=True):
        names[guests.value] = None
    for name in names:
        if steps := dials_out(site, name):
            yield Found(
                f"calls that come to [{name}] can go out again, to a number of the caller's choice",
                shown(steps),
            )


def _disa(site: Site) -> Iterator[Found]:
    for step in site.dialplan.steps:
        if step.application == "disa" and step.arguments.strip().lower().startswith("no-password"):
            yield Found(f"DISA without a PIN, at {step.pattern}", (quoted(step.variable),))


def _shell(site: Site) -> Iterator[Found]:
    for step in site.dialplan.steps:
        text = step.arguments
        runs = step.application in _PROGRAMS or "SHELL(" in text
        if runs and _THEIRS.search(unfiltered(text)):
            yield Found(
                "a program's command line has what the caller has chosen in it", (quoted(step.variable),)
            )


def _check(site: Site) -> Iterator[Found]:
    yield from _injection(site)
    yield from _public(site)
    yield from _disa(site)
    yield from _shell(site)


_PLAN: Final = "=== extensions.conf ===\n[internal]\n"

RULES: Final = (
    Rule(
        "DPL001",
        HIGH,
        "a dialplan that trusts what was dialled",
        "He dials `1&PJSIP/00882...@trunk` and calls on your bill, or `;` and a program; toll fraud costs"
        " thousands"
        " in a night.",
        "; what was dialled, only digits, and no outward call in a context that strangers reach:\n"
        "exten => _X.,1,Dial(PJSIP/${FILTER(0-9,${EXTEN})}@trunk)",
        ("extensions.conf", "sip.conf"),
        _check,
        Example(
            f"{_PLAN}exten => _X.,1,Dial(PJSIP/${{EXTEN}}@trunk)\n[default]\ninclude => internal\n"
            "exten => 9,1,DISA(no-password,internal)\n"
        ),
        Example(
            f"{_PLAN}exten => _X.,1,Dial(PJSIP/${{FILTER(0-9,${{EXTEN}})}}@trunk)\n[default]\n"
            "exten => 9,1,DISA(4711,internal)\n"
        ),
    ),
)
"""What they find."""
