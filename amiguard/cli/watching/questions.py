"""Edge: asks the service in a thread of its own, so that a slow answer never holds up a key."""

from __future__ import annotations

import threading
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard.asking import ControlError, asking
from amiguard.cli.watching.scene import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EVERY: Final = 1.0
"""Seconds between two looks."""
_WAITING: Final = 8
"""Requests that wait for a service, and answers for a terminal, that takes nothing."""
_LOOK: Final = Request("watch", {})


class Answer(NamedTuple):
    """What came of a request: an object and rows of JSON, or why it was refused."""

    request: Request
    head: Mapping[str, Any]
    rows: tuple[str, ...] = ()
    error: str = ""

    @property
    def routine(self) -> bool:
        """Whether it is one of the looks, and of no key."""
        return self.request is _LOOK


class Questions:
    """Looks each second, and asks whatever else is to be asked."""

    def __init__(self, path: str) -> None:
        """Ask at the socket of this path."""
        self._path = path
        self._requests: Queue[Request] = Queue(_WAITING)
        self._answers: Queue[Answer] = Queue(_WAITING)
        # A service that hangs must not hold up our end.
        self._thread = threading.Thread(target=self._run, daemon=True, name="questions")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def ask(self, request: Request) -> bool:
        """Have something asked; False if too much waits already."""
        try:
            self._requests.put_nowait(request)
        except Full:
            return False
        return True

    def answers(self) -> Iterator[Answer]:
        """What has been answered since."""
        while not self._answers.empty():
            yield self._answers.get()

    def _run(self) -> None:
        while True:
            self._answers.put(self._answer(_LOOK))
            try:
                request = self._requests.get(timeout=EVERY)
            except Empty:
                continue
            self._answers.put(self._answer(request))

    def _answer(self, request: Request) -> Answer:
        try:
            with asking(self._path, request.command, **request.arguments) as (head, rows):
                return Answer(request, head, tuple(rows))
        except ControlError as error:
            return Answer(request, {}, error=str(error))
