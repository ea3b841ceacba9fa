"""Pure: ``read = ...`` and ``write = ...`` of manager.conf -> the classes that Asterisk makes of them.

As get_perm() and ast_instring() in main/manager.c do, which is not what they seem to do.
"""

from __future__ import annotations

from typing import Final

CLASSES: Final = (
    "system", "call", "log", "verbose", "command", "agent", "user", "config", "dtmf", "reporting", "cdr",
    "dialplan", "originate", "agi", "cc", "aoc", "test", "security", "message",
)  # fmt: skip
_LABELS: Final = (*CLASSES, "all", "none")

DANGEROUS: Final = {
    "system": "Originate of System(...)",
    "command": "Command: dialplan add extension",
    "config": "UpdateConfig of extensions.conf",
    "originate": "Originate of other applications (GHSA-c4cg-9275-6w44)",
    "agi": "AGI: EXEC System",
}
"""Classes that end in a shell, and the way there."""


def effective(text: str) -> frozenset[str]:
    """The classes that the list grants."""
    granted = {label for label in _LABELS if _grants(text, label)}
    return frozenset(CLASSES) if "all" in granted else frozenset(granted - {"none"})


def tokens(text: str) -> list[str]:
    """What Asterisk compares: an empty end is no token."""
    found = text.split(",")
    return found if found[-1] else found[:-1]


def empty(text: str) -> bool:
    """Whether a token is empty, and so the beginning of every class."""
    return "" in tokens(text)


def prefixes(text: str) -> dict[str, list[str]]:
    """Tokens that stand for more than themselves, and for what; only the last must be spelt out."""
    parts = [part for part in text.split(",")[:-1] if part and part not in _LABELS]
    found = {part: [label for label in _LABELS if label.startswith(part)] for part in parts}
    return {part: labels for part, labels in found.items() if labels}


def dropped(text: str) -> list[str]:
    """Tokens that grant nothing: they have a blank, or no class has such a name."""
    parts = tokens(text)
    last = {parts[-1]} if parts and not text.endswith(",") else set()
    return [
        part
        for part in parts
        if part and part not in _LABELS and (part in last or not any(x.startswith(part) for x in _LABELS))
    ]


def listed(classes: frozenset[str]) -> str:
    """Classes in Asterisk's order, as they are written."""
    if len(classes) == len(CLASSES):
        return "all"
    return ",".join(each for each in CLASSES if each in classes) or "none"


def _grants(text: str, label: str) -> bool:
    *firsts, last = text.split(",")
    return last == label or any(label.startswith(part) for part in firsts)
