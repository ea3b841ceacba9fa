"""Pure: `SecurityEvent` -> verdicts and alarms; the whole of what amiguard thinks.

Same stream, same bans: there is no clock in here, and whoever feeds it says at
which time an event is to be judged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from amiguard.judge import evidence, wording
from amiguard.judge.alarms import Alarms
from amiguard.judge.bans import Bans
from amiguard.judge.counting import Counting
from amiguard.judge.friends import DAY, Flow, Friend, Friends
from amiguard.judge.hushed import Hushed
from amiguard.judge.logins import EVERYBODY, Logins
from amiguard.judge.notices import IAX2, Notices
from amiguard.judge.peers import Peers
from amiguard.judge.phones import Phones
from amiguard.judge.points import Points
from amiguard.judge.scorer import Scorer
from amiguard.judge.shield import Shield, Standing
from amiguard.judge.tallies import Tallies
from amiguard.model import Alarm, Offence, Prefix, Scope, Verdict
from amiguard.sources import security
from amiguard.sources.kinds import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from amiguard.config import Config
    from amiguard.judge.evidence import Told
    from amiguard.model import Peer, SecurityEvent
    from amiguard.sources.noticelines import Notice

Outcome = Verdict | Alarm

WIDE_FACTOR: Final = 8.0
"""Thresholds of a /48 are those of a source times this: it has 65,536 sources of its own."""
SIP_PORT: Final = 5060
IAX2_PORT: Final = 4569
_SIP_PORTS: Final = 32
_LOCALS: Final = 256
_FULL: Final = "as many bans run as there may be; only proven evidence bans until some are over"
_LAST_PORT: Final = 65_535
_ENOUGH: Final = 0.25
"""The part from which a friend's requests in vain count no more: evidence enough, and no breach."""


class Guard:
    """Judges events one by one; owns all state of judgement."""

    def __init__(self, config: Config, scorer: type[Scorer] = Scorer) -> None:
        """Begin with nothing known; `scorer` is what adds up."""
        score, ban, allow = config.score, config.ban, config.allow
        self.config = config
        self.points = Points(score.points)
        self.scorer = scorer(score)
        self.wide = scorer(replace(score, max_sources=max(score.max_sources // 8, 1)))
        self.bans = Bans(ban, score.max_sources)
        self.friends = Friends(lasts=allow.authenticated_for, limit=score.max_sources)
        self.peers = Peers(ban.ipv4_prefix, ban.ipv6_prefix)
        self.phones = Phones()
        self.alarms = Alarms()
        self.logins = Logins(config, self.scorer, self.friends, self.peers, self.alarms)
        self.tallies = Tallies()
        self.counting = Counting()
        self.hushed = Hushed(self.bans, self.scorer, self.counting)
        self.notices = Notices()
        self.shield = Shield(ban.ipv4_prefix, ban.ipv6_prefix)
        self.shield.protect("allow.networks", allow.networks)
        self._standings = self.shield.standings
        self.sip_ports = {SIP_PORT}
        """UDP ports on which SIP, or IAX2, was seen to be served: what a door ban closes."""
        self.iax2_port = IAX2_PORT
        self._locals: set[bytes] = set()

    @property
    def skips_challenges(self) -> bool:
        """Whether ChallengeSent for a known account need not be told."""
        return self.points.worthless("ChallengeSent")

    @property
    def skips_repeats(self) -> bool:
        """Whether of log-ins alike the first within half an hour is enough: friends stay friends for long."""
        return self.config.allow.authenticated_for >= DAY

    @property
    def hushes(self) -> Hushed | None:
        """Who is banned, and need not be told of."""
        return self.hushed

    def observe(
        self, event: SecurityEvent, time: float, channel: str = "", forgeable: bool = False
    ) -> tuple[Outcome, ...]:
        """Judge an event.

        Args:
            event: what Asterisk said.
            channel: where it said so, as `counting` knows it.
            time: when, in seconds since the epoch, as `Timing` has it.
            forgeable: whoever is on AMI over HTTP could have written the whole
                record: it proves nothing and makes no friend.

        Returns:
            What follows from it: mostly nothing.
        """
        standing = self._standings[event.remote.address]
        source, protection = standing.source, standing.protection
        if protection is not None and protection.shelter == "ignored":
            return ()
        if event.local not in self._locals:
            self._learn_port(event)
        proven = not forgeable and security.proven(event)
        ban = self.bans.covering(source, time)
        if ban is not None:
            if ban.scope == "house" or not proven:
                self._shut_out(event, source, evidence.told_by(channel), proven=proven)
                self.counting.note(channel, event)
                if self.notices.listening:
                    self.notices.told(event, max(time, ban.since))
                elif self.hushes and not forgeable and ban.source == source:
                    self.hushes.note(event, ban)
                return ()
            time = max(time, ban.since)
        if event.kind == "SuccessfulAuth" and not event.tampered:
            return self.logins.succeeded(event, time, source) if proven else ()
        points = self.points.of(event)
        if not points or (self.counting.busy and self.counting.repeated(channel, event, time)):
            return ()
        if self.notices.listening:
            self.notices.told(event, time)
        return self._failure(event, time, standing, points, evidence.told_by(channel), proven=proven)

    def overhear(self, notice: Notice, log: str, since: float) -> tuple[Outcome, ...]:
        """Judge a notice, at once or when `unheard` is asked; the arguments are those of `Notices.hear`."""
        if self._standings[notice.address].ignored:
            return ()
        event = self.notices.hear(notice, log, since)
        return self.blame(event) if event else ()

    def unheard(self, now: float, passed: float) -> Iterator[Outcome]:
        """Judge the notices of which no security event tells; the arguments are those of `Notices.due`."""
        for event in self.notices.due(now, passed):
            yield from self.blame(event)

    def known(self, peers: Iterable[Peer]) -> None:
        """These belong to the PBX, and are treated as friends; those known before no longer."""
        self.peers.know(peers)

    def flows(self, source: Prefix, time: float) -> set[Flow]:
        """Address and port of the phones and trunks in a source that a closed door is to spare."""
        friend = self.friends.get(source, time)
        return {*(friend.recent_flows(time) if friend else ()), *self.peers.flows(source)}

    def scoring(self, network: Prefix) -> Scorer:
        """Where networks of this length are scored."""
        wide = network.is_ipv6 and network.length == self.config.score.wide6
        return self.wide if wide else self.scorer

    def forgive(self, source: Prefix) -> None:
        """The source's scores are 0, the one of its surrounding /48 too."""
        self.scorer.forget(source)
        self.wide.forget(source.within(self.config.score.wide6))

    def shift(self, delta: float) -> None:
        """The host's clock was set by `delta` seconds (below 0: back)."""
        self.bans.shift(delta)
        self.counting.shift(delta)
        self.alarms.shift(delta)
        self.notices.shift(delta)
        if delta < 0:
            self.scorer.shift(delta)
            self.wide.shift(delta)
            self.friends.shift(delta)
            self.peers.shift(delta)
            self.phones.shift(delta)
            self.logins.accounts.shift(delta)

    def _learn_port(self, event: SecurityEvent) -> None:
        """Note the UDP port on which SIP is served; nothing a sender writes is in this field."""
        if event.tampered:
            return
        if len(self._locals) >= _LOCALS:
            self._locals.clear()
        self._locals.add(event.local)
        _, *transport, _, port = event.local.split(b"/")
        if event.service == b"AMI" or transport != [b"UDP"] or len(self.sip_ports) >= _SIP_PORTS:
            return
        if 0 < int(port) <= _LAST_PORT:
            self.sip_ports.add(int(port))

    def blame(
        self, event: SecurityEvent, *, told: Told = "notice", proven: bool = False
    ) -> tuple[Outcome, ...]:
        """Judge what no security event tells of: by a notice, which proves nothing, or by a filter."""
        standing = self._standings[event.remote.address]
        if standing.ignored:
            return ()
        if event.service == IAX2:
            self.sip_ports.add(self.iax2_port)
        ban = self.bans.covering(standing.source, event.time)
        if ban and (ban.scope == "house" or not proven):
            self._shut_out(event, standing.source, told, proven=proven)
            return ()
        time = max(event.time, ban.since) if ban else event.time
        points = self.points.of(event)
        return self._failure(event, time, standing, points, told, proven=proven) if points else ()

    def _shut_out(self, event: SecurityEvent, source: Prefix, told: Told, *, proven: bool) -> None:
        """What somebody does who is banned is evidence, where it pushes out nothing that earned points."""
        if self.scorer.has_room(source):
            self.scorer.exhibit(source, event, proven=proven, told=told)

    def _failure(
        self,
        event: SecurityEvent,
        time: float,
        standing: Standing,
        points: float,
        told: Told,
        *,
        proven: bool,
    ) -> tuple[Outcome, ...]:
        source = standing.source
        friend = self.logins.friend(source, time)
        if friend and (spared := self._spared(event, time, source, proven=proven)):
            self.scorer.exhibit(source, event, proven=proven, told=told)
            return self.alarms.say(spared._replace(evidence=self._evidence(source)))
        slow = friend is None or friend.counts_slowly(event.account, time)
        if friend and slow:
            self.friends.noted(source)
        self.tallies.failed(event, time, proven=proven)
        offence = self.scorer.add(
            source,
            time,
            points,
            event,
            proven=proven,
            factor=self.config.allow.authenticated_factor if friend else 1.0,
            slow=slow,
            told=told,
        )
        outcome: tuple[Outcome, ...] = self.logins.failed(event, time, source, friend)
        if offence:
            outcome += self._decide(offence, event, standing, friend)
        if proven and self._scores_wide(standing):
            outcome += self._widely(event, time, source.within(self.config.score.wide6), points, told)
        return outcome

    def _spared(self, event: SecurityEvent, time: float, source: Prefix, *, proven: bool) -> Alarm | None:
        """What to say of a friend's failure that is no guess, instead of counting it; None if it counts."""
        if phone := self.phones.failed(source, event, time):
            return Alarm("broken phone", source, time, str(phone), about=phone.account)
        if not security.overreaching(event):
            return None
        if proven:  # a session that lives for weeks logs in once
            self.friends.succeeded(source, event.account, (event.remote.address, event.remote.port), time)
        if not self.logins.reaches(_ENOUGH, *self.scorer.scores(source, time), friend=True):
            return None
        name = wording.account(event)
        text = f"not banned, {name} has logged in: {MEANINGS[event.kind]}"
        return Alarm("suppressed", source, time, text, about=event.account[: wording.NAME])

    def _decide(
        self, offence: Offence, event: SecurityEvent, standing: Standing, friend: Friend | None
    ) -> tuple[Outcome, ...]:
        source, time = offence.source, offence.time
        records = self._evidence(source)
        self.scorer.spend(offence)
        why_not = self._mercy(offence, standing, friend)
        if why_not:
            said = f"{wording.reason(offence, event)}; attacked: {wording.accounts(records)}"
            text = f"not banned, {why_not}: {said}"
            return self.alarms.say(Alarm("suppressed", source, time, text, records))
        scope: Scope = "house" if offence.proof == "proven" else "door"
        if scope == "door" and self.bans.full(time):
            return self.alarms.say(Alarm("suppressed", EVERYBODY, time, _FULL))
        outcome: tuple[Outcome, ...] = (self._ban(offence, scope, event, records),)
        if friend and scope == "door":
            peer = next(self.peers.at(source), None)
            who = f"a known peer's ({peer.origin})" if peer else "a friend's"
            text = f"{who} door is closed, but for its own phones"
            outcome += self.alarms.say(Alarm("suppressed", source, time, text, records))
        return outcome

    def _evidence(self, source: Prefix) -> bytes:
        suspect = self.scorer.get(source)
        return suspect.evidence if suspect else b""

    def _mercy(self, offence: Offence, standing: Standing, friend: Friend | None) -> str:
        """Why there is to be no ban; empty if there is no reason."""
        if standing.protection is not None:
            return f"it is {standing.protection.why}"
        if friend and friend.shared(offence.time) and not self.config.ban.shared:
            return "it is a shared source, whose users are many"
        if offence.proof == "unproven" and (peer := self.peers.appointed(offence.source)):
            return f"it is a known peer ({peer.origin}), which anybody can accuse over UDP"
        return ""

    def _ban(self, offence: Offence, scope: Scope, event: SecurityEvent, records: bytes) -> Verdict:
        ban = self.bans.sentence(offence, scope, wording.reason(offence, event))
        return Verdict(ban, records, self.bans.impose(ban))

    def _scores_wide(self, standing: Standing) -> bool:
        wide = self.config.score.wide6
        source = standing.source
        return bool(wide) and source.is_ipv6 and source.length > wide and not standing.on_link

    def _widely(
        self, event: SecurityEvent, time: float, network: Prefix, points: float, told: Told
    ) -> tuple[Outcome, ...]:
        offence = self.wide.add(network, time, points, event, proven=True, factor=WIDE_FACTOR, told=told)
        if offence is None:
            return ()
        suspect = self.wide.get(network)
        records = suspect.evidence if suspect else b""
        self.wide.forget(network)
        friend = self.friends.within(network, time)
        why_not = f"{friend} in it is a friend" if friend else ""
        if protection := self.shield.protects(network):
            why_not = f"{protection.why} lies in it"
        elif peer := self.peers.overlapping(network):
            why_not = f"{peer.network} in it is a known peer ({peer.origin})"
        elif self.shield.touches_link(network):
            why_not = "our own network lies in it"
        if why_not:
            text = f"not banned, {why_not}: {wording.reason(offence, event)}"
            return self.alarms.say(Alarm("suppressed", network, time, text, records))
        return (self._ban(offence, "house", event, records),)
