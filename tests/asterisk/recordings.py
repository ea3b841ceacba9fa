"""Edge: what a real Asterisk says of one attempt, told again and again through simulated days."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import made
from lab import eventtv, until

from amiguard.channel import Channel
from amiguard.model import Alarm, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from realsite import Site

    from amiguard.judge.guard import Outcome

Attempt = list[bytes]
"""The lines of a JSON log that one attempt has left."""

_TIME = re.compile(rb'EventTV=\\"[^"]*\\"')
_NONCE = re.compile(rb'(Challenge=\\"\d+/)[0-9a-f]{8}')
_WITHIN = 0.05


@contextlib.contextmanager
def recorded(site: Site, source: str, events: int) -> Iterator[Attempt]:
    """Gives what the log says of an address while this is under way: so many events, which are awaited."""
    before = len(_lines(site, source))
    attempt: Attempt = []
    yield attempt
    until(lambda: len(_lines(site, source)) >= before + events, f"{events} events")
    attempt += _lines(site, source)[before:]


class Days:
    """A guard of its own that lives through them.

    Attributes:
        outcomes: all that followed.
    """

    def __init__(self, toml: str = "") -> None:
        self.guard = made.guard(toml)
        self.outcomes: list[Outcome] = []
        self._channel = Channel("security.json", self.guard)

    def live(self, attempts: Iterable[tuple[float, Attempt]]) -> None:
        """Have attempts begin at these seconds, in order, each event 50 ms after the one before."""
        for begin, attempt in attempts:
            for n, line in enumerate(attempt):
                now = made.START + begin + n * _WITHIN
                told = _TIME.sub(rb'EventTV=\\"%s\\"' % eventtv(now), line)
                told = _NONCE.sub(rb"\g<1>%08x" % int(begin), told)  # each attempt has a challenge of its own
                self.outcomes += self._channel.feed(told, now, backlog=False)

    @property
    def bans(self) -> list[str]:
        """Why somebody was banned, each time."""
        return [each.ban.reason for each in self.outcomes if isinstance(each, Verdict)]

    @property
    def alarms(self) -> list[Alarm]:
        """What was said."""
        return [each for each in self.outcomes if isinstance(each, Alarm)]


def every(seconds: float, days: float, attempt: Attempt, begin: float = 0.0) -> list[tuple[float, Attempt]]:
    """The same attempt at regular intervals."""
    return [(begin + n * seconds, attempt) for n in range(int(days * made.DAY / seconds))]


def _lines(site: Site, source: str) -> Attempt:
    file = site.pbx.log / "security.json"
    lines = file.read_bytes().splitlines(keepends=True) if file.exists() else []
    return [line for line in lines if b"/" + source.encode() + b"/" in line]
