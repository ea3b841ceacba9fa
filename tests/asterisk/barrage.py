"""Edge: a guesser who keeps the books, so that what amiguard counted can be held against it."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Self

import sipwords
from lab import Service, until
from realsite import until_told
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
_CHALLENGE = 401
_BUSY = 503
_BATCH = 100


class Account(NamedTuple):
    """Whose password is guessed, and how; `port` is by default PJSIP's."""

    user: str = "101"
    transport: str = "TCP"
    port: int | None = None


PHONE = Account()


class Barrage:
    """Wrong passwords, one after another; a context manager.

    Attributes:
        sent: guesses that went out.
        answered: of these, those that Asterisk has refused.
        busy: requests that Asterisk did not look at, having too much to do.
        connections: how often it had to connect.
    """

    def __init__(self, attacker: Host, server: str, account: Account = PHONE) -> None:
        self.sent = 0
        self.answered = 0
        self.connections = 0
        self.busy = 0
        self.source = attacker.address4
        self._attacker = attacker
        self._server = server
        self._account = account
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
        user, transport, port = self._account
        while not self._over.is_set():
            with (
                contextlib.suppress(OSError),
                Line(self._attacker, self._server, transport, port) as line,
            ):
                self.connections += 1
                self._guess(Phone(line, user))
            time.sleep(0.01)

    def _guess(self, phone: Phone) -> None:
        """Answer each challenge wrongly; ask for one where a refusal brings none, as chan_sip's."""
        answer = b""
        while not self._over.is_set():
            if sipwords.status(answer) != _CHALLENGE:
                request = phone.request("REGISTER")
                answer = self._ask(phone, request)
            request = request.answering(answer, "wrong")
            self.sent += 1
            answer = self._ask(phone, request)
            self.answered += 1

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


def counted(service: Service, source: str, points: float = _POINTS) -> float:
    """How many guesses amiguard holds against an address, after it was told all; ends it.

    Args:
        service: the guard.
        source: an IPv4 address.
        points: what each guess weighs.
    """
    assert 0 == service.stop()
    with Store.open(service.root / "state") as store:
        [suspect] = [row for row in store.load().scores if source == row.source.address]
    return round(Suspect.unpack(suspect.state).slow / points, 2)


def until_settled(site: Site, service: Service) -> None:
    """Wait until neither channel tells anything more, though the one that is behind has told all."""
    until_told(site, service)
    seen = [{}]

    def settled() -> bool:
        seen.append({each["kind"]: each["events"] for each in service.status()["sources"]})
        time.sleep(0.3)
        return seen[-2] == seen[-1]

    until(settled, "a settled service")
