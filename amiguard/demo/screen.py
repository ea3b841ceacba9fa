"""Edge: the demo's output: a picture that moves, or plain lines where no terminal can show it."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Final, Protocol, Self

import click

from amiguard.demo.picture import HEIGHT, WIDTH, flowing, frame
from amiguard.demo.script import PORTS, Way
from amiguard.demo.tale import announcement

if TYPE_CHECKING:
    from amiguard.demo.tale import Tale
    from amiguard.model import Scope

_HIDE_CURSOR, _SHOW_CURSOR, _ERASE_BELOW = "\x1b[?25l", "\x1b[?25h", "\x1b[J"
_SAY: Final = {True: "packets pass", False: "packets are dropped"}


class Screen(Protocol):
    """Shows a tale as it goes on; a context manager."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *error: object) -> None:
        """Leave the terminal as it was."""

    def show(self, tale: Tale) -> None:
        """Show how it stands."""


def screen(beats: int) -> Screen:
    """The best that standard output can show; `beats` is how long the tale will be."""
    size = shutil.get_terminal_size()
    if sys.stdout.isatty() and size.columns >= WIDTH and size.lines >= HEIGHT:
        return _Live(beats)
    return _Lines()


class _Live:
    """A picture, drawn over the one before."""

    def __init__(self, beats: int) -> None:
        self._beats = beats
        self._height = 0

    def __enter__(self) -> Self:
        click.echo(_HIDE_CURSOR, nl=False)
        return self

    def __exit__(self, *error: object) -> None:
        click.echo(_SHOW_CURSOR, nl=False)

    def show(self, tale: Tale) -> None:
        lines = frame(tale, self._beats)
        back = f"\x1b[{self._height}F" if self._height else ""
        click.echo(f"{back}{_ERASE_BELOW}" + "\n".join(lines))
        self._height = len(lines)


class _Lines:
    """A line for each thing that happens."""

    def __init__(self) -> None:
        self._caption = ""
        self._scopes: dict[str, Scope] = {}
        self._breaches = 0
        self._flowing: dict[tuple[str, Way], bool] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def show(self, tale: Tale) -> None:
        news = [*self._scene(tale), *self._alarms(tale), *self._bans(tale), *self._traffic(tale)]
        for line in news:
            click.echo(f"{tale.elapsed:5.1f} s  {line}")

    def _scene(self, tale: Tale) -> list[str]:
        changed = tale.caption != self._caption
        self._caption = tale.caption
        return [tale.caption] if changed else []

    def _alarms(self, tale: Tale) -> list[str]:
        told, self._breaches = self._breaches, len(tale.breaches)
        return list(tale.breaches.values())[told:]

    def _bans(self, tale: Tale) -> list[str]:
        before, self._scopes = self._scopes, {ban["address"]: ban["scope"] for ban in tale.bans.values()}
        return [
            announcement(tale.bans[one]) for one, scope in self._scopes.items() if before.get(one) != scope
        ]

    def _traffic(self, tale: Tale) -> list[str]:
        return [line for who in tale.cast for way in PORTS for line in self._lane(tale, who.address, way)]

    def _lane(self, tale: Tale, address: str, way: Way) -> list[str]:
        now = flowing(tale, address, way)
        before = self._flowing.get((address, way))
        if now is not None:
            self._flowing[address, way] = now
        if now is None or before is None or now == before:
            return []
        return [f"{address} {way.upper()} port {PORTS[way]}: {_SAY[now]}"]
