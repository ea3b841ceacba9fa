"""Edge: a guesser who keeps the books, so that what amiguard counted can be held against it."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import sipwords
from lab import Service, until
from sipphone import Line, Phone

from amiguard.judge.suspects import Suspect
from amiguard.store import Store

if TYPE_CHECKING:
    from networks import Host
    from realsite import Site
    from sipwords import Request

NOBODY_IS_BANNED = """
[score]
fast = { half_life = "3650d", threshold = 1e6 }
slow = { half_life = "3650d", threshold = 1e6 }
"""
"""Settings with which each guess leaves its points, and no more."""

_POINTS = 2.0  # of a wrong password
_ANSWER = 2.0
_BUSY = 503
_BATCH = 100


class Barrage:
    """Wrong passwords for phone 101, one after another over TCP; a context manager.

    Attributes:
        sent: guesses that went out.
        answered: of these, those that Asterisk has refused.
        busy: requests that Asterisk did not look at, having too much to do.
        connections: how often it had to connect.
    """

    def __init__(self, attacker: Host, server: str) -> None:
        self.sent = 0
        self.answered = 0
        self.connections = 0
        self.busy = 0
        self.source = attacker.address4
        self._attacker = attacker
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def goes_on(self, guesses: int = 200) -> None:
        """Wait for so many further answers."""
        wanted = self.answered + guesses
        until(lambda: self.answered >= wanted, f"{guesses} guesses more")

    def _run(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError), Line(self._attacker, self._server, "TCP") as line:
                self.connections += 1
                self._guess(Phone(line, "101"))
            time.sleep(0.01)

    def _guess(self, phone: Phone) -> None:
        """Answer one challenge again and again, wrongly each time."""
        first = phone.request("REGISTER")
        request = first.answering(self._ask(phone, first), "wrong")
        while not self._over.is_set():
            self.sent += 1
            answer = self._ask(phone, request)
            self.answered += 1
            request = request.answering(answer, "wrong")

    def _ask(self, phone: Phone, request: Request) -> bytes:
        """Ask again while Asterisk is too busy to look at it."""
        while sipwords.status(answer := phone.ask(request, _ANSWER)) == _BUSY:
            self.busy += 1
            request = replace(request, number=request.number + 1)
        return answer


class Flood:
    """As many guesses as the line takes, over one TCP connection, whose answers nobody reads at once.

    Args:
        attacker: who.
        server: the PBX's address.
    """

    def __init__(self, attacker: Host, server: str) -> None:
        self.source = attacker.address4
        self._attacker = attacker
        self._server = server

    def send(self, guesses: int) -> None:
        """Send so many guesses and hear an answer to each.

        Raises:
            TimeoutError: Asterisk did not answer.
        """
        with Line(self._attacker, self._server, "TCP") as line:
            phone = Phone(line, "101")
            first = phone.request("REGISTER")
            request = first.answering(phone.ask(first, _ANSWER), "wrong")
            for batch in range(0, guesses, _BATCH):
                numbers = range(batch + 3, batch + 3 + _BATCH)
                line.send(b"".join(bytes(replace(request, number=n)) for n in numbers))
                for _ in numbers:
                    line.hear(_ANSWER)


def raised(site: Site, source: str) -> int:
    """How many guesses Asterisk's JSON log has."""
    return sum(each.kind == "ChallengeResponseFailed" for each in site.pbx.raised(source))


def counted(service: Service, source: str) -> float:
    """How many guesses amiguard holds against an address, after it was told all; ends it."""
    assert 0 == service.stop()
    with Store.open(service.root / "state") as store:
        [suspect] = [row for row in store.load().scores if source == row.source.address]
    return round(Suspect.unpack(suspect.state).slow / _POINTS, 2)


def until_settled(service: Service) -> None:
    """Wait until the log is read to its end and neither channel tells anything more."""
    seen = [{}]

    def settled() -> bool:
        sources = service.status()["sources"]
        seen.append({each["kind"]: each["events"] for each in sources})
        time.sleep(0.3)
        return seen[-2] == seen[-1] and not any(each.get("behind") for each in sources)

    until(settled, "a settled service")
