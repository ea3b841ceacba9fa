"""Pure: HTML out of elements; a text can become markup only by being escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID: Final = frozenset(("meta",))


class Markup(str):
    """Text that is markup already: only this module makes it."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: object) -> Markup:
    """An element.

    Args:
        name: its tag.
        children: markup stays as it is, any other text is escaped.
        attributes: `_` in a name stands for `-`, and is dropped at its end (`class_`); None leaves it out.
    """
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    end = "" if name in _VOID else f"</{name}>"
    return Markup(f"<{name}{words}>{joined(children)}{end}")


def joined(parts: Iterable[str]) -> Markup:
    """One after another."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def document(head: Iterable[str], body: Iterable[str]) -> Markup:
    """A whole page."""
    page = element("html", element("head", *head), element("body", *body), lang="en")
    return Markup(f"<!DOCTYPE html>\n{page}\n")


def style(sheet: str) -> Markup:
    """A style sheet of our own, which is no text to be escaped."""
    return Markup(f"<style>{sheet}</style>")
