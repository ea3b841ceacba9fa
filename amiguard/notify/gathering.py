"""Pure: when news is told: the first of a kind at once, what follows in one message; bounded throughout."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amiguard.notify.kinds import Kind

GATHER: Final = 2.0
"""Seconds that the first news waits for others, so that what happens at once is told at once."""
LISTED: Final = 10
"""News of a kind that one message tells; of the others it tells the number."""
RETRY: Final = 60.0
"""Seconds until a message that found nobody is tried again; twice as long each time, an hour at most."""
_LONGEST: Final = 3600.0


class News(NamedTuple):
    """Something an administrator may want to be told.

    `time` is in seconds since the epoch, `source` whom it is about (empty: nobody).
    `text` may hold what an attacker wrote, and `evidence` is packed.
    """

    kind: Kind
    time: float
    text: str
    source: str = ""
    evidence: bytes = b""


class Digest(NamedTuple):
    """One message: the news it tells, and how many more of each kind there were."""

    news: tuple[News, ...]
    more: Mapping[Kind, int] = {}


class Gathering:
    """What one receiver is still to be told.

    A kind that was told rests for `pause` seconds.  Each kind rests by itself, so
    that a flood of one is one message and holds up no other.  Every `now` is in
    seconds of a clock that only goes forward.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._news: dict[Kind, list[News]] = {}
        self._more: Counter[Kind] = Counter()
        self._ready: dict[Kind, float] = {}
        self._rests: dict[Kind, float] = {}
        self._retry = RETRY
        self._held = -math.inf

    def __len__(self) -> int:
        return sum(map(len, self._news.values())) + self._more.total()

    def add(self, news: News, now: float) -> None:
        """Something has happened."""
        kind = news.kind
        if kind not in self._news:
            self._ready[kind] = max(now + GATHER, self._rests.get(kind, now))
        self._list(news)

    def wait(self, now: float) -> float | None:
        """Seconds until something is to be told; None while there is nothing."""
        if not self._news:
            return None
        return max(min(self._ready[kind] for kind in self._news) - now, self._held - now, 0.0)

    def take(self, now: float) -> Digest:
        """All there is to tell, of kinds that rest too: it costs no message more."""
        digest = Digest(tuple(news for each in self._news.values() for news in each), dict(self._more))
        self._rests.update(dict.fromkeys(self._news, now + self._pause))
        self._news, self._more = {}, Counter()
        return digest

    def told(self) -> None:
        """The last message has arrived."""
        self._retry, self._held = RETRY, -math.inf

    def put_back(self, digest: Digest, now: float) -> None:
        """The message found nobody; it is told again later, with what has come since."""
        later, self._news = self._news, {}
        for news in (*digest.news, *(each for kind in later.values() for each in kind)):
            self._list(news)
        self._more.update(digest.more)
        self._ready.update(dict.fromkeys(self._news, now))
        self._held, self._retry = now + self._retry, min(self._retry * 2, _LONGEST)

    def _list(self, news: News) -> None:
        listed = self._news.setdefault(news.kind, [])
        if len(listed) < LISTED:
            listed.append(news)
        else:
            self._more[news.kind] += 1
