"""Pure: what the view knows and shows, and what each key does to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard.cli.columns import network
from amiguard.cli.explained import lines as explanation
from amiguard.cli.watching.rates import Rates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LATE: Final = 3.0
"""Seconds without an answer after which the view says so."""
PANES: Final = ("newest", "suspects")
"""Lists in which a row can be chosen, as the service names them."""
HELP: Final = (
    "Up, Down, k, j   another row; PgUp, PgDn: ten further",
    "Tab              the other list",
    "u                lift the ban of the chosen row",
    "a                never ban the chosen network, until `amiguard allow del`",
    "e, Enter         explain the chosen row",
    "q                quit; here: back",
    "",
    "Suspects are those that did something last, the nearest to a ban first. Friends and known peers",
    "among them are marked `spared`: their thresholds are higher. DONE is how much of one is reached.",
)
_FURTHER: Final = 10
_LEAVING: Final = ("q", "^[")


class Request(NamedTuple):
    """Something to ask of the service."""

    command: str
    arguments: Mapping[str, Any]


class Question(NamedTuple):
    """Something to be confirmed before it is asked of the service."""

    text: str
    request: Request


class Scene:
    """The state of the view; times are seconds of a clock that never goes back.

    Attributes:
        told: what the service told last; empty before it has.
        trouble: why it does not answer; empty while it does.
        rates: events a second.
        pane: the list in which a row is chosen.
        page: lines shown in place of all else, from line `top` on.
        question: what waits for a yes.
        message: what came of the last key.
        over: whether it is time to go.
    """

    def __init__(self, now: float) -> None:
        self.told: Mapping[str, Any] = {}
        self.trouble = ""
        self.rates = Rates()
        self.pane = PANES[0]
        self.page: Sequence[str] = ()
        self.top = 0
        self.question: Question | None = None
        self.message = ""
        self.over = False
        self._heard = now
        self._chosen: dict[str, str] = {}

    def tell(self, told: Mapping[str, Any], now: float) -> None:
        """The service tells how things stand."""
        self.told, self.trouble, self._heard = told, "", now
        self.rates.look(told)

    def fail(self, text: str) -> None:
        """The service does not tell how things stand."""
        self.trouble = text

    def grant(self, request: Request, rows: Sequence[str]) -> None:
        """A request was granted, with these rows of JSON."""
        told = [json.loads(row) for row in rows]
        if request.command == "explain":
            self.page, self.top = [line for one in told for line in explanation(one)], 0
        elif request.command == "unban":
            self.message = f"unbanned {', '.join(map(network, told))}"
        else:
            self.message = f"{request.arguments['network']} is never banned from now on"

    def refuse(self, text: str) -> None:
        """A request was refused."""
        self.message = text

    def silence(self, now: float) -> float:
        """Seconds since the last answer, where another should have come; else 0."""
        passed = now - self._heard
        return passed if self.trouble or passed > LATE else 0.0

    def rows(self, pane: str) -> Sequence[Mapping[str, Any]]:
        """The rows of a list."""
        rows: Sequence[Mapping[str, Any]] = self.told.get(pane, ())
        return rows

    def chosen(self, pane: str) -> int:
        """The place of the chosen row in a list: where it has moved to, or the first."""
        names = [network(row) for row in self.rows(pane)]
        return names.index(self._chosen[pane]) if self._chosen.get(pane) in names else 0

    def key(self, name: str) -> Request | None:
        """A key was pressed; gives what is to be asked of the service, if anything."""
        self.message = ""
        if self.question:
            question, self.question = self.question, None
            return question.request if name in {"y", "Y"} else None
        if name in _STEPS:
            self._move(_STEPS[name])
        elif name in _KEYS and not (self.page and name not in _LEAVING):
            return _KEYS[name](self)
        return None

    def other(self) -> None:
        """Choose in the other list."""
        self.pane = PANES[PANES.index(self.pane) - 1]

    def help(self) -> None:
        """Show what the keys do."""
        self.page, self.top = HELP, 0

    def leave(self) -> None:
        """Leave the page, or the view."""
        self.page, self.over = (), not self.page

    def explain(self) -> Request | None:
        """Ask why the chosen source is banned, or why not."""
        name = self._here()
        return Request("explain", {"address": name}) if name else None

    def unban(self) -> None:
        """Ask whether the chosen ban is to be lifted."""
        name = self._here()
        if name and self.pane == "newest":
            self._ask(f"unban {name}?", Request("unban", {"addresses": [name]}))
        elif name:
            self.message = f"{name} is not banned"

    def allow(self) -> None:
        """Ask whether the chosen network is never to be banned."""
        if name := self._here():
            request = Request("allow", {"action": "add", "network": name})
            self._ask(f"never ban {name}, and lift its ban?", request)

    def _move(self, steps: int) -> None:
        """Choose another row; on a page, scroll."""
        rows = self.rows(self.pane)
        if self.page:
            self.top = min(max(self.top + steps, 0), len(self.page) - 1)
        elif rows:
            place = min(max(self.chosen(self.pane) + steps, 0), len(rows) - 1)
            self._chosen[self.pane] = network(rows[place])

    def _ask(self, text: str, request: Request) -> None:
        self.question = Question(text, request)

    def _here(self) -> str:
        """The network of the chosen row; empty if there is no row."""
        rows = self.rows(self.pane)
        return network(rows[self.chosen(self.pane)]) if rows else ""


_STEPS: Final = {
    "KEY_UP": -1,
    "k": -1,
    "KEY_DOWN": 1,
    "j": 1,
    "KEY_PPAGE": -_FURTHER,
    "KEY_NPAGE": _FURTHER,
    " ": _FURTHER,
}
"""How far keys go, by their names in curses."""
_KEYS: Final[dict[str, Callable[[Scene], Request | None]]] = {
    "^I": Scene.other,
    "u": Scene.unban,
    "a": Scene.allow,
    "e": Scene.explain,
    "^J": Scene.explain,
    "?": Scene.help,
    "q": Scene.leave,
    "^[": Scene.leave,
}
