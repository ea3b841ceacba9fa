"""Edge: what is listened to - logs and AMIs - and how it reaches the warden."""

from __future__ import annotations

import logging
import math
import time
from collections import ChainMap
from typing import TYPE_CHECKING, Final, cast

from amiguard.amichannel import AmiChannel
from amiguard.asterisk.discover import discover
from amiguard.channel import Channel, LogChannel
from amiguard.config import NOTICE
from amiguard.judge.forgery import Forgery
from amiguard.judge.timing import UNDERWAY
from amiguard.logs import Logs
from amiguard.noticechannel import NoticeChannel
from amiguard.peerwatch import PeerWatch
from amiguard.sources.ami_inbox import Batch, Lost, Passed, State, Status
from amiguard.sources.follow import Follower
from amiguard.sources.tail import Refused
from amiguard.views import printable
from amiguard.vigil import Vigil

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
    from typing import Any

    from amiguard.channel import Followed
    from amiguard.config import Config
    from amiguard.feed import Feeds
    from amiguard.hearing import Hearing
    from amiguard.judge.guard import Guard
    from amiguard.sources.ami_client import AmiClient
    from amiguard.sources.journals import Journals
    from amiguard.sources.position import Position
    from amiguard.sources.tail import Source
    from amiguard.warden import Warden

_log = logging.getLogger("amiguard")

_OVER_HTTP: Final = "AMI over HTTP is on: records in anything but JSON can be forged and prove nothing"
_HIDDEN: Final = {
    "hidden": "Asterisk has hidden failed log-ins from us, and does not say whose they were;"
    " `amiguard status` counts them",
    "overflows": "Asterisk throws log records away, for they come too fast;"
    " mend: a greater logger_queue_limit in logger.conf",
}
"""What `Notices` counts of which the administrator should hear."""
_LACKS: Final = "see `security` in logger.conf for a log, eventfilter in manager.conf for the AMI"
_ANSWERING: Final = (State.LISTENING, State.DEAF)
_REFUSING: Final = (State.REFUSED, State.DEAF, State.AUTHLIMIT)
"""States of an AMI that do not pass by themselves."""
_READ: Final = ("following", "missing")
"""States of a log of which nothing may be left unread."""


class Ears:
    """All channels of a session.

    Attributes:
        warnings: what the administrator should know about the Asterisk beside us.
    """

    def __init__(
        self, config: Config, guard: Guard, warden: Warden, hearing: Hearing, wake: asyncio.Event
    ) -> None:
        """Learn what there is to listen to.

        Args:
            config: which logs and AMIs.
            guard: who judges.
            warden: who acts.
            hearing: is told which channels there are.
            wake: set when much has changed, and the store should hear of it.
        """
        installation = discover()
        manager = installation.manager
        hearing.over_http = manager is not None and manager.over_http
        self._forgery = Forgery(self._json_heard) if hearing.over_http else None
        self._logs = Logs(config, installation)
        guard.notices.listening = any(log.filter == NOTICE for log in config.logs)
        guard.iax2_port = installation.iax2_port
        hearing.patterns = (*self._logs.patterns, *self._logs.journals)
        self.warnings = (*self._logs.warnings, *((_OVER_HTTP,) if hearing.over_http else ()))
        self._peers = PeerWatch(installation.directory, warden.know)
        self._config = config
        self._guard = guard
        self._warden = warden
        self._hearing = hearing
        self._wake = wake
        self._said: set[str] = set()
        self._vigil = Vigil(hearing, warden)
        self._feeds: Feeds | None = None
        self._followers: list[Follower | Journals] = []

    def tasks(self, positions: Mapping[str, Position]) -> Iterator[Coroutine[Any, Any, None]]:
        """What must run; the logs go on from these positions."""
        busy: set[str] = set()
        logs = self._logs
        self._followers = [Follower(logs.patterns, positions, logs.refusal, busy, self._somebody_fails)]
        if logs.journals:
            self._followers.append(self._journals(positions, busy))
        sources = (cast("dict[str, Source]", each.tails) for each in self._followers)
        self._hearing.tails = ChainMap(*sources)
        self._feeds = self._made_feeds(busy, self._hurry)
        yield from map(self._follow, self._followers)
        yield from self._feeds.tasks() if self._feeds else ()
        for client in self._clients():
            yield client.run()
            yield self._listen(client)
            self._peers.listen(client)
        yield self._peers.run()

    async def begun(self) -> None:
        """Wait until every log was looked at once."""
        for each in self._followers:
            await each.begun.wait()

    def roll_call(self) -> None:
        """See which channels are read to their end, which are gone, and what notices alone tell of."""
        now = time.time()
        self._mark(now)
        self._compare()
        self._vigil.look()
        if self._guard.notices.listening:
            self._warden.effect("notices", self._guard.unheard(now, self._passed(now)), now)
            self._say_hidden()

    def _mark(self, now: float) -> None:
        tails, channels = self._hearing.tails, self._hearing.channels
        for path in [path for path in channels if path not in tails]:
            channels.pop(path).counting.close(path)
            self._warden.ledger.closed(path)
        self._open(path for path, tail in tails.items() if tail.state == "following")
        for path, channel in channels.items():
            if channel.counting.busy and tails[path].state in _READ and not tails[path].behind:
                channel.counting.caught_up(path, channel.timing.passed(now))

    def _passed(self, now: float) -> float:
        """The time up to which all security logs have told what happened."""
        tails, ours = self._hearing.tails, self._guard.counting
        told = (
            each.timing.passed(now) if tails[path].at_end else each.timing.latest or -math.inf
            for path, each in self._hearing.channels.items()
            if each.counting is ours
        )
        return min(told, default=now - UNDERWAY)

    def _open(self, paths: Iterable[str]) -> None:
        tails, channels = self._hearing.tails, self._hearing.channels
        for path in paths:
            if path not in channels and not isinstance(tails[path], Refused):
                channels[path] = self._channel(path)

    def _compare(self) -> None:
        """Say once of each channel that it lacks what others tell."""
        counting = self._guard.counting
        for name in set(counting.lacking) - self._said:
            self._said.add(name)
            told = f"{counting.untold[name]} of {counting.compared} events"
            _log.warning("%s has not told %s that another channel told: %s", printable(name), told, _LACKS)

    def _say_hidden(self) -> None:
        """Say once what is kept from us."""
        for name, text in _HIDDEN.items():
            if getattr(self._guard.notices, name) and name not in self._said:
                self._said.add(name)
                _log.warning("%s", text)

    def _hurry(self) -> None:
        for each in self._followers:
            each.hurry()

    def _somebody_fails(self) -> bool:
        """Whether a score has grown since the store last heard of it, a second ago at most."""
        return bool(self._guard.scorer.changed)

    def _journals(self, positions: Mapping[str, Position], busy: set[str]) -> Journals:
        from amiguard.sources.journals import Journals  # noqa: PLC0415 - who has none need not load it

        read = self._logs.journal
        return Journals({name: read(name, positions.get(name)) for name in self._logs.journals}, busy)

    async def _follow(self, logs: Follower | Journals) -> None:
        channels = self._hearing.channels
        with logs as follower:
            async for path, chunk in follower:
                # All of them before the first is heard: what a second log repeats must not count twice.
                self._open(follower.tails)
                channel = channels[path]
                if isinstance(channel, LogChannel):
                    self._warden.hear(channel, chunk, time.time())
                elif self._feeds:
                    self._feeds.put(channel, chunk)
                self._wake_if_crowded()

    def _channel(self, path: str) -> Followed:
        log = self._logs.entry(path)
        if log.foreign and self._feeds:
            return self._feeds.channel(path, log)
        if log.filter == NOTICE:
            return NoticeChannel(path, self._guard)
        return Channel(path, self._guard, self._forgery)

    def _made_feeds(self, busy: set[str], free: Callable[[], None]) -> Feeds | None:
        """What reads logs by filters of fail2ban's kind; None where nobody asks for that."""
        foreign = [log for log in self._config.logs if log.foreign]
        if not foreign:
            return None
        from amiguard.feed import Feeds  # noqa: PLC0415 - who uses no filter need not load what reads them

        return Feeds(foreign, self._guard, self._warden, busy, free)

    def _clients(self) -> Iterator[AmiClient]:
        """Who speaks with an AMI, one for each."""
        if not self._config.ami:
            return
        from amiguard.sources.ami_client import AmiClient  # noqa: PLC0415 - who has no AMI need not load it

        challenges, repeats = self._guard.skips_challenges, self._guard.skips_repeats
        hushed = None if self._forgery else self._guard.hushes  # what may be forged is no matter of one's ban
        for ami in self._config.ami:
            yield AmiClient(ami, skip_challenges=challenges, skip_repeats=repeats, hushed=hushed)

    async def _listen(self, client: AmiClient) -> None:
        """What an AMI tells counts as it comes; how it stands with it is said when it changes."""
        channel = AmiChannel(client.name, self._guard, client.is_own, client.skipped, self._forgery)
        self._hearing.amis.append(channel)
        async for item in client:
            match item:
                case Status():
                    self._say(channel, item)
                    channel.turn(item)
                    if item.state in _ANSWERING:
                        self._peers.ring()
                case Lost():
                    _log.warning("%s: events came too fast; the log must tell them", channel.name)
                    channel.lose(item)
                case Passed():
                    channel.passed(item.time)
                case Batch():
                    self._warden.effect(channel.name, channel.hear(item), item.receipt)
            self._wake_if_crowded()

    def _json_heard(self) -> bool:
        """Whether a JSON log tells events; one that cannot be read any more does not."""
        tails = self._hearing.tails
        return any(
            channel.shows == "json" and path in tails and tails[path].state == "following"
            for path, channel in self._hearing.channels.items()
        )

    def _wake_if_crowded(self) -> None:
        if self._warden.ledger.crowded:
            self._wake.set()

    def _say(self, channel: AmiChannel, status: Status) -> None:
        """Log a change once, not with each attempt."""
        if status.state is State.LISTENING:
            _log.info("%s: listening", channel.name)
        elif status.state is not State.CONNECTING and status[:2] != channel.trouble:
            channel.trouble = status[:2]
            _log.warning("%s: %s: %s", channel.name, status.state, printable(status.reason))
            if status.state in _REFUSING:
                text = f"{channel.name}: {status.state}: {status.reason}"
                self._warden.reporter.tell("ami", time.time(), text)
