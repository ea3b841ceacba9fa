"""Edge: the channels there are, how they stand, and what none of them can show."""

from __future__ import annotations

import time
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from amiguard import views
from amiguard.sight import sight
from amiguard.silence import Silence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amiguard.amichannel import AmiChannel
    from amiguard.channel import Followed
    from amiguard.sources.tail import Source


class Hearing:
    """What is listened to; the ears keep it up to date.

    Attributes:
        since: when this began, in seconds since the epoch.
        channels: what understands a log that was found, by its path.
        tails: what reads it, by its path.
        patterns: the paths and globs that are looked for, and the names of journals.
        amis: what understands an AMI, in the order of the configuration.
        over_http: whether AMI over HTTP is on.
        silence: who tells nothing any more.
    """

    def __init__(self, since: float) -> None:
        self.since = since
        self.channels: dict[str, Followed] = {}
        self.tails: Mapping[str, Source] = {}
        self.patterns: tuple[str, ...] = ()
        self.amis: list[AmiChannel] = []
        self.over_http = False
        self.silence = Silence(time.monotonic())

    @property
    def caught_up(self) -> bool:
        """Whether all that was in the logs when we came is read."""
        return all(tail.caught_up or tail.state == "unreadable" for tail in self.tails.values())

    @property
    def skewed(self) -> int:
        """Events of logs that were not judged at their own time, for nobody could believe it."""
        return sum(channel.timing.skewed for channel in self.channels.values())

    def settled(self, now: float) -> bool:
        """Whether no log is in the middle of a record, from where nobody could go on."""
        return all(channel.settled(now) for channel in self.channels.values())

    def sight(self) -> list[str]:
        """What we cannot see: what none of the channels that tell something now can show."""
        logs = [c for path, c in self.channels.items() if path in self.tails and c.events]
        amis = [ami for ami in self.amis if ami.listening]
        forms = (*(log.shows for log in logs if log.shows), *("ami" for _ in amis))
        return sight(forms, over_http=self.over_http)

    def silent(self) -> list[dict[str, Any]]:
        """Who has fallen silent, as `status` shows it."""
        return [views.silent(one) for one in self.silence.silent(time.monotonic())]

    def sources(self, now: float) -> Iterator[dict[str, Any]]:
        """A row for each channel, as `status` shows it; for what was not found yet, too."""
        seen = dict(self.tails)
        for path, tail in seen.items():
            yield self._log(path, tail, now)
        for pattern in self.patterns:
            if pattern not in seen and not any(PurePath(path).match(pattern) for path in seen):
                yield _row("log", pattern, "missing")
        for ami in self.amis:
            yield _row(
                "ami",
                ami.address,
                str(ami.status.state),
                reason=views.printable(ami.status.reason),
                events=ami.events,
                ambiguous=ami.ambiguous.total(),
                missed=ami.missed,
            )

    def _log(self, path: str, tail: Source, now: float) -> dict[str, Any]:
        channel, behind = self.channels.get(path), tail.behind
        reason = views.printable(tail.reason or (channel.trouble if channel else ""))
        # Before the first event of a backlog it is known to be as old as we are.
        latest = (channel.timing.latest if channel else None) or self.since
        lag = round(max(now - latest, 0.0), 3) if behind else 0.0
        row = _row("log", path, tail.state, reason=reason, lag=lag, behind=behind)
        if channel is None:
            return row
        told = {"events": channel.events, "ambiguous": channel.ambiguous.total()}
        return {**row, **told, "form": channel.form if channel.events else None}


def _row(kind: str, name: str, state: str, **known: Any) -> dict[str, Any]:
    nothing = {"reason": "", "form": None, "events": 0, "ambiguous": 0, "lag": 0.0, "behind": 0}
    return {"kind": kind, "name": name, "state": state, **nothing, **known}
