"""Pure: what was looked up lately need not be looked up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Lately(dict[_Key, _Value]):
    """Answers that never change, asked for like a dictionary's; a hit costs no call.

    Who fills it with `limit` different questions empties it: then all are looked up
    once more, so that a flood costs what it would without us.
    """

    def __init__(self, look: Callable[[_Key], _Value], limit: int) -> None:
        super().__init__()
        self._look = look
        self._limit = limit

    def __missing__(self, key: _Key) -> _Value:
        if len(self) >= self._limit:
            self.clear()
        value = self[key] = self._look(key)
        return value
