"""Edge: how much each test here endures: a taste in `make test`, all of it in `make torture`.

`make torture` sets `TORTURE` to a file for figures, and perhaps `SEED`.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_BOOK = os.environ.get("TORTURE", "")
SEED = int(os.environ.get("SEED", "20261122"))
"""What every choice at random comes from."""


def rounds(taste: int, all_of_it: int) -> int:
    """How often to do it."""
    return all_of_it if _BOOK else taste


def some(cases: Mapping[str, Any], few: int) -> dict[str, Any]:
    """What `parametrize` takes besides the name: `few` of the cases, or all."""
    names = sorted(random.Random(SEED).sample(sorted(cases), rounds(few, len(cases))))
    return {"argvalues": [cases[name] for name in names], "ids": names}


def taste(cases: list[Any]) -> list[Any]:
    """The first of the cases, or all."""
    return cases[: rounds(1, len(cases))]


def tell(what: str, **figures: float) -> None:
    """Put figures down for the table at the end; rounded to three places."""
    if _BOOK:
        row = {"what": what, **{name: round(value, 3) for name, value in figures.items()}}
        with Path(_BOOK).open("a", encoding="utf-8") as book:
            book.write(json.dumps(row) + "\n")
