"""README's table of attacks is of the form that its generator writes."""

from __future__ import annotations

import re

import readme
import tested
from attacks import ATTACKS

_TIME = re.compile(r"([0-9.]+)?")
_SPAN = re.compile(r"[0-9]+(-[0-9]+)?")


def test_readme_has_each_attack_with_its_guesses_and_times() -> None:
    _, _, rest = readme.TEXT.partition(f"{tested.head()}\n")
    _rule, *table = rest.partition("<!-- /real -->")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert [[attack.name, attack.transport] for attack in ATTACKS] == [row[:2] for row in rows]
    columns = tested.head().count("|") - 1
    for row in rows:
        assert columns == len(row)
        assert _SPAN.fullmatch(row[2])
        assert all(_TIME.fullmatch(cell) for cell in row[3:])
        assert any(row[3:])
