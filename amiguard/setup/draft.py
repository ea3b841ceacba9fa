"""Pure: a plan in the making: files as they shall be, each change with its reason, and what is to be said."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from amiguard.asterisk.conf import ConfError
from amiguard.setup import tree
from amiguard.setup.view import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from amiguard.asterisk.sections import Conf
    from amiguard.setup.view import View


class Draft:
    """Collects changes; several of one file become one.

    Attributes:
        view: the installation.
        notes: what only an administrator can do, or should know.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.notes: list[str] = []
        self._changes: dict[str, Change] = {}

    @property
    def changes(self) -> tuple[Change, ...]:
        """What differs from what was found."""
        return tuple(change for change in self._changes.values() if change.before != change.after)

    def changed(self, *folders: str) -> bool:
        """Whether anything in these folders is to change."""
        return any(change.path.startswith(folder) for change in self.changes for folder in folders)

    def place(self, name: str) -> str:
        """The path of a file of Asterisk's."""
        return posixpath.join(self.view.directory, name)

    def text(self, path: str) -> bytes | None:
        """What a file shall hold; None if there is none."""
        change = self._changes.get(path)
        return change.after if change else self.view.texts.get(path)

    def conf(self, name: str, trial: Mapping[str, bytes] | None = None) -> Conf:
        """A file of Asterisk's as it shall be, with what is tried.

        Raises:
            ConfError: Asterisk would discard it.
        """
        planned = {path: change.after for path, change in self._changes.items()}
        return tree.conf({**self.view.texts, **planned, **(trial or {})}, self.view.directory, name)

    def put(self, path: str, after: bytes, why: str, *, mode: int = 0o644, like: str = "") -> None:
        """Have a file hold this."""
        known = self._changes.get(path)
        if known:
            self._changes[path] = known._replace(after=after, why=f"{known.why}; {why}")
        else:
            self._changes[path] = Change(path, self.view.texts.get(path), after, why, mode, like)

    def put_first(
        self, name: str, tries: Iterable[tuple[str, bytes]], good: Callable[[Conf], bool], why: str
    ) -> bool:
        """Of several ways to change a file, or one that it includes, take the first that Asterisk reads so.

        Args:
            name: of a file of Asterisk's.
            tries: path and text of one file each.
            good: whether what Asterisk has read then is what is wanted.
            why: the reason of the change.
        """
        for path, after in tries:
            try:
                read = self.conf(name, {path: after})
            except ConfError:
                continue
            if good(read):
                self.put(path, after, why, like=self.place(name))
                return True
        return False
