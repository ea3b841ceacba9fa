"""Pure: rows as columns of text, and what stands in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A line each, heads first; columns are as wide as they must be, the last as long as it likes."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def network(told: Mapping[str, Any]) -> str:
    """The network that `address` and `prefix` of a row name."""
    whole = told["prefix"] == (128 if ":" in told["address"] else 32)
    return str(told["address"]) if whole else f"{told['address']}/{told['prefix']}"
