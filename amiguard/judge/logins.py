"""Pure: what follows from a log-in, and from guesses at one account from many places."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from amiguard.judge import evidence, wording
from amiguard.judge.accounts import Accounts
from amiguard.judge.friends import DIALLED
from amiguard.model import Alarm, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amiguard.config import Config
    from amiguard.judge.accounts import Attack
    from amiguard.judge.alarms import Alarms
    from amiguard.judge.friends import Friend, Friends
    from amiguard.judge.peers import Peers
    from amiguard.judge.scorer import Scorer
    from amiguard.model import SecurityEvent

EVERYBODY: Final = Prefix.parse("0.0.0.0/0")
"""The source of an alarm that is about no source."""
_HALF: Final = 0.5
"""The part of a threshold from which on a log-in is a breach."""
_NAMED: Final = 3


class Logins:
    """Knows friends from guesses that came true.

    Attributes:
        accounts: those that are guessed at.
    """

    def __init__(
        self, config: Config, scorer: Scorer, friends: Friends, peers: Peers, alarms: Alarms
    ) -> None:
        self.accounts = Accounts()
        self._score, self._allow = config.score, config.allow
        self._scorer = scorer
        self._friends = friends
        self._peers = peers
        self._alarms = alarms

    def friend(self, source: Prefix, time: float) -> Friend | None:
        """Who has logged in, or belongs to the PBX anyway."""
        return self._friends.get(source, time) or self._peers.friend(source)

    def reaches(self, part: float, fast: float, slow: float, *, friend: bool) -> bool:
        """Whether one of the scores is this part (0 to 1) of its threshold, or more."""
        score, factor = self._score, self._allow.authenticated_factor if friend else 1.0
        return fast >= part * score.fast.threshold * factor or slow >= part * score.slow.threshold * factor

    def succeeded(self, event: SecurityEvent, time: float, source: Prefix) -> tuple[Alarm, ...]:
        """A log-in beyond forgery makes a friend, unless it is more likely a guess that came true."""
        alarm, breached = self._after_failures(source, time)
        account = _account(event)
        if not breached and self._of_a_guessed_account(event, account, time, source):
            alarm += self._guessed(event, time, source)
            breached = True
        if breached:
            self._peers.breached(source)
            return alarm
        _, address, port = event.remote
        self._peers.cleared(source)
        self._friends.succeeded(source, account, (address, port), time)
        return alarm

    def failed(
        self, event: SecurityEvent, time: float, source: Prefix, friend: Friend | None
    ) -> tuple[Alarm, ...]:
        """A failure may be a guess from many places; a friend's on his own account is a mistake."""
        if friend and _account(event) in friend.accounts:
            return ()
        if not self.accounts.failed(event, source, time):
            return ()
        alarm = Alarm("distributed guessing", EVERYBODY, time, "", about=event.account[: wording.NAME])
        if not self._alarms.due(alarm):
            return ()
        attack = self.accounts.attack(event)
        newest = ", ".join(str(each) for each, _ in islice(reversed(attack.sources), _NAMED))
        text = f"{_tried(attack)}: somebody has many addresses, the newest are {newest}"
        records = self._records(each for each, _ in reversed(attack.sources))
        return self._alarms.say(alarm._replace(text=text, evidence=records))

    def _after_failures(self, source: Prefix, time: float) -> tuple[tuple[Alarm, ...], bool]:
        """What to say of a log-in behind failures, and whether the source is no friend for it."""
        suspect = self._scorer.portrait(source, time)
        if suspect is None:
            return (), False
        friend = self.friend(source, time) is not None
        if not self.reaches(_HALF, suspect.fast, suspect.slow, friend=friend):
            return (), False
        text = f"logged in after failures worth {suspect.slow:.1f} points"
        alarm = self._alarms.say(Alarm("breach", source, time, text, suspect.evidence))
        # Who forges failures must not talk a friend out of being one.
        proven = self.reaches(_HALF, suspect.fast_proven, suspect.slow_proven, friend=friend)
        return alarm, proven or not friend

    def _of_a_guessed_account(
        self, event: SecurityEvent, account: bytes, time: float, source: Prefix
    ) -> bool:
        """Whether an account under attack has logged in from a network that is new to it."""
        return (
            self._allow.authenticated_for > 0  # else nobody remembers who logged in from where
            and self.accounts.attacked(event, time)
            and not self._friends.near(account, source)
            and next(self._peers.at(source), None) is None
        )

    def _guessed(self, event: SecurityEvent, time: float, source: Prefix) -> tuple[Alarm, ...]:
        attack = self.accounts.attack(event)
        text = f"{_tried(attack)}; now it has logged in from a network that is new to it"
        about = event.account[: wording.NAME]
        alarm = Alarm("breach", source, time, text, about=about)
        if not self._alarms.due(alarm):
            return ()
        others = (each for each, _ in reversed(attack.sources) if each != source)
        return self._alarms.say(alarm._replace(evidence=self._records((source, *others))))

    def _records(self, sources: Iterable[Prefix]) -> bytes:
        """The newest record of each source that is known, of as many as evidence may hold; oldest first."""
        found = (self._scorer.newest(source) for source in sources)
        records = list(islice((each for each in found if each), evidence.RECORDS))
        return b"".join(evidence.pack(each) for each in sorted(records, key=lambda each: each.event.time))


def _account(event: SecurityEvent) -> bytes:
    """The account as friends are remembered by it.

    chan_sip names the user that registers, but of a call the number dialled.
    """
    return DIALLED + event.account if event.service == b"SIP" else event.account


def _tried(attack: Attack) -> str:
    name = attack.account.decode("utf-8", "backslashreplace")
    service = attack.service.decode("ascii", "backslashreplace")
    sources = f"{attack.failures} failures from {len(attack.sources)} sources within a day"
    return f"account {name} ({service}) is guessed at, {sources}"
