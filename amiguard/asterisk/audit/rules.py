"""Pure: all rules, and what they find in an installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit import (
    amireach,
    amirights,
    amisecrets,
    amisettings,
    logrules,
    oldrules,
    planrules,
    siprules,
    systemrules,
    webrules,
)
from amiguard.asterisk.audit.rule import Finding, Group, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.site import Site

_AREAS: Final = (
    amireach,
    amirights,
    amisecrets,
    amisettings,
    logrules,
    webrules,
    siprules,
    oldrules,
    planrules,
    systemrules,
)
_ORDER: Final = ("CFG", "AMI", "LOG", "HTTP", "ARI", "PJS", "SIP", "IAX", "DPL", "SYS")

RULES: Final[tuple[Rule, ...]] = tuple(
    sorted(
        (rule for area in _AREAS for rule in area.RULES),
        key=lambda rule: (_ORDER.index(rule.id.rstrip("0123456789")), rule.id),
    )
)
"""Every rule, in the order in which they are listed."""

BY_ID: Final = {rule.id: rule for rule in RULES}


def audit(site: Site) -> list[Finding]:
    """What is wrong, the worst first; rules whose files cannot be read have no say."""
    found = [
        finding for rule in RULES if not site.unread & {*rule.reads} for finding in _findings(rule, site)
    ]
    return sorted(found, key=lambda each: -each.severity)


def _findings(rule: Rule, site: Site) -> Iterator[Finding]:
    off = rule.group is Group.AMI and not site.manager.enabled
    for found in rule.check(site):
        severity = rule.severity if found.severity is None else found.severity
        text = f"{found.text} (the AMI is off)" if off else found.text
        shown = min(severity, Severity.LOW) if off else severity
        yield Finding(rule.id, shown, rule.title, text, found.lines, rule.gain, found.mend or rule.mend)
