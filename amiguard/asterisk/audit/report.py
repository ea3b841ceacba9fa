"""Pure: findings as text and JSON, rules as pages."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from amiguard.asterisk.audit.rule import Severity
from amiguard.views import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amiguard.asterisk.audit.quoting import Line
    from amiguard.asterisk.audit.rule import Example, Finding, Rule

_INDENT: Final = " " * 10


def rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as the JSON has them."""
    return [
        {
            "rule": each.rule,
            "severity": each.severity.word,
            "title": each.title,
            "text": each.text,
            "lines": [{"file": p.file, "line": p.line, "text": text} for p, text in each.lines],
            "gain": each.gain,
            "mend": each.mend,
        }
        for each in findings
    ]


def text(findings: Sequence[Finding]) -> Iterator[str]:
    """Findings line by line, by severity; what a rule says of all that it found comes once."""
    for severity, same in groupby(findings, key=lambda each: each.severity):
        yield severity.name
        for _, group in groupby(same, key=lambda each: (each.rule, each.mend)):
            yield from _group(list(group))
        yield ""


def summary(findings: Sequence[Finding]) -> str:
    """How many of each."""
    counts = Counter(each.severity for each in findings)
    return (
        ", ".join(f"{counts[each]} {each.word}" for each in reversed(Severity) if counts[each])
        or "no findings"
    )


def _group(findings: list[Finding]) -> Iterator[str]:
    for each in findings:
        yield f"  {each.rule:8}{printable(each.text)}"
        yield from (f"{_INDENT}{_line(line)}" for line in each.lines)
    yield f"{_INDENT}gain: {findings[0].gain}"
    first, *rest = findings[0].mend.splitlines()
    yield f"{_INDENT}mend: {first}"
    yield from (f"{_INDENT}      {line}" for line in rest)


def _line(line: Line) -> str:
    """``FILE:LINE  what stands there``; a file alone has no line."""
    place = str(line.place) if line.place.line else line.place.file
    return printable(f"{place}  {line.text}".rstrip())


def explained(rule: Rule) -> dict[str, Any]:
    """All about a rule, as the JSON has it."""
    return {
        "rule": rule.id,
        "severity": rule.severity.word,
        "title": rule.title,
        "reads": list(rule.reads),
        "gain": rule.gain,
        "mend": rule.mend,
        "found_in": rule.bad.text,
        "not_found_in": rule.good.text,
    }


def page(rule: Rule) -> str:
    """All about a rule, as Markdown."""
    return "\n".join(
        (
            f"## {rule.id}: {rule.title}",
            "",
            f"Severity: {rule.severity.word} at most. It reads: {', '.join(rule.reads) or 'all files'}.",
            "",
            f"**What an attacker gains.** {rule.gain}",
            "",
            "**What mends it.**",
            "",
            *_block(rule.mend),
            "",
            "**It is found in**",
            "",
            *_example(rule.bad),
            "",
            "**and not in**",
            "",
            *_example(rule.good),
        )
    )


def _example(example: Example) -> list[str]:
    return [*_block(example.text.rstrip()), *(["", f"where {beside}."] if (beside := example.beside) else [])]


def _block(body: str) -> list[str]:
    return ["```ini", *body.splitlines(), "```"]
