"""README's table of attacks and floods is of the form that its generator writes."""

from __future__ import annotations

import re

import readme
import tested
from attacks import ATTACKS

_TIME = re.compile(r"([0-9.]+)?")
_SPAN = re.compile(r"[0-9]+(-[0-9]+)?")


def rows_below(head: str) -> list[list[str]]:
    """The cells of README's table that begins so."""
    _, _, rest = readme.TEXT.partition(f"{head}\n")
    _rule, *table = re.split("\n(?!\\|)", rest)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_readme_has_each_attack_with_its_guesses_and_times() -> None:
    rows = rows_below(tested.head())
    assert [[attack.name, attack.transport] for attack in ATTACKS] == [row[:2] for row in rows]
    columns = tested.head().count("|") - 1
    for row in rows:
        assert columns == len(row)
        assert _SPAN.fullmatch(row[2])
        assert all(_TIME.fullmatch(cell) for cell in row[3:])
        assert any(row[3:])


def test_readme_has_figures_of_floods_on_each_release() -> None:
    rows = rows_below(tested.flood_head())
    assert len(rows) > 5
    assert all(cell for row in rows for cell in row)
