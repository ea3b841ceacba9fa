"""Edge: what README shows: blocks of code, examples, tables, the map of the house."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


class Example(NamedTuple):
    """A command of amiguard's, and what it prints."""

    words: tuple[str, ...]
    output: str


def blocks(language: str) -> list[str]:
    """The blocks of code in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def examples() -> Iterator[Example]:
    """Every command that is shown with its output, in their order."""
    for block in blocks("console"):
        for each in block.split("$ amiguard ")[1:]:
            command, _, output = each.partition("\n")
            yield Example(tuple(shlex.split(command)), output)


def mentioned() -> Iterator[tuple[str, ...]]:
    """The words of every `amiguard ...`, shown or named."""
    lines = [line.removeprefix("sudo ") for block in blocks("sh") for line in block.splitlines()]
    typed = [line for line in lines if line.startswith("amiguard ")]
    for line in (*typed, *re.findall(r"`(amiguard [^`]+)`", TEXT)):
        yield tuple(shlex.split(line)[1:])
    yield from (example.words for example in examples())


def table(*heads: str) -> list[tuple[str, ...]]:
    """The rows of the table with these heads."""
    _, _, rest = TEXT.partition(f"| {' | '.join(heads)} |\n")
    rows = rest.partition("\n\n")[0].splitlines()[1:]
    return [tuple(cell.strip() for cell in row.strip("|").split(" | ")) for row in rows]


def paths() -> set[str]:
    """Files and folders of ours that are named."""
    folders = re.findall(r"(?<![/\w])((?:amiguard|filters|systemd|tests|\.ci)/[\w./-]*[\w/])", TEXT)
    return {*folders, *re.findall(r"`([A-Z]+(?:\.md)?)`", TEXT)}


def house() -> list[str]:
    """What the map of the house names, as paths; its indents say what is where."""
    lines = re.findall(r"^    (amiguard/\n(?:    .*\n)+)", TEXT, re.MULTILINE)[0].splitlines()
    found: list[str] = []
    parents: list[str] = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        name = line.split()[0]
        del parents[max(indent // 2 - 2, 0) :]
        found.append("".join((*parents, name)))
        parents.append(name)
    return found
