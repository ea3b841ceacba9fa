"""Edge: the one who acts.  Judgement goes in, the kernel obeys, the ledger remembers.

Everything in here runs in one task of one thread and waits for nobody.  The
kernel comes first; that it refuses is said, and changes nothing else: the ban
runs in memory and store, and the next repair brings it into the kernel.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from amiguard.announcing import Doubts, announce, say_each
from amiguard.firewall.declaration import Packets
from amiguard.firewall.netlink import FirewallError
from amiguard.firewall.orders import Element, Flow, Order, opened
from amiguard.model import Alarm, Ban, Prefix, Verdict
from amiguard.notify.reporter import Reporter
from amiguard.quota import Quota
from amiguard.store.rows import PositionRow
from amiguard.views import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from amiguard.channel import LogChannel
    from amiguard.firewall.nftables import Firewall
    from amiguard.host import Host
    from amiguard.judge.guard import Guard, Outcome
    from amiguard.judge.shield import Shield
    from amiguard.ledger import Ledger
    from amiguard.model import Origin, Peer, Scope
    from amiguard.sources.position import Chunk
    from amiguard.sources.securitylog import Ambiguous

_log = logging.getLogger("amiguard")

OWN: Final = "an address of this host"
ALLOWED: Final = "allowed at run time"
_REPAIRS_A_MINUTE: Final = 10
_WIDEST: Final = {4: 8, 6: 24}
_OVER_SOON: Final = 1.0
"""Seconds before its end in which nobody misses a ban: the kernel's clock is not quite ours."""


class Refused(Exception):  # noqa: N818 - nothing is wrong with us: the operator may not have this
    """An operator asked for what must not be; the text says why."""


def refuse_wide(network: Prefix) -> None:
    """Refuse what holds so many addresses that it must be a mistake.

    Raises:
        Refused: it does.
    """
    widest = _WIDEST[network.version]
    if network.length < widest:
        raise Refused(f"{network} is wider than /{widest}; --force does it all the same")


class Warden:
    """Owns guard, kernel and ledger.

    Attributes:
        repairs: how often the kernel's table had to be put right.
        trouble: why the kernel does not obey; empty while it does.
        contested: that somebody fights us for the table; empty while nobody does.
        reporter: is told what an administrator may want to hear.
        landed: are given the bans that the kernel has just got.
    """

    def __init__(
        self, guard: Guard, ledger: Ledger, firewall: Firewall | None, reporter: Reporter | None = None
    ) -> None:
        """Take over; no firewall means a dry run, no reporter that nobody wants to be told."""
        self.guard = guard
        self.reporter = reporter or Reporter(guard)
        self.landed: list[Callable[[Sequence[Ban]], None]] = [self.reporter.banned]
        self.ledger = ledger
        self.firewall = firewall
        self.repairs = 0
        self.trouble = self.contested = ""
        self.allows: set[Prefix] = set()
        self._ports: set[int] = set()
        self._doubts = Doubts(self.reporter)
        self._mended = Quota(_REPAIRS_A_MINUTE)

    def hear(self, channel: LogChannel, chunk: Chunk, receipt: float) -> None:
        """Let what a chunk of a log says have its effect, all of it."""
        self.effect(channel.name, channel.hear(chunk, receipt), receipt)
        self.ledger.read(PositionRow(channel.name, *chunk.position))

    def effect(self, name: str, outcomes: Iterable[Outcome | Ambiguous], receipt: float) -> None:
        """Carry out what follows from what the channel of that name has told."""
        verdicts: list[Verdict] = []
        for outcome in outcomes:
            if isinstance(outcome, Verdict):
                verdicts.append(outcome)
            elif isinstance(outcome, Alarm):
                self._tell(outcome)
            else:
                self._doubts.say(name, outcome, receipt)
        if verdicts or self._ports != self.guard.sip_ports:
            self._enforce(verdicts, receipt)

    def ban(self, source: Prefix, seconds: float, reason: str, origin: Origin, *, force: bool = False) -> Ban:
        """Ban on an operator's word.

        Raises:
            Refused: it would hit ourselves; or, without `force`, a friend or very many.
        """
        now = time.time()
        self._admit(source, now, force=force)
        ban = Ban(source, "house", "proven", now, now + seconds, reason, origin)
        self._enforce([Verdict(ban, b"", self.guard.bans.impose(ban))], now)
        return ban

    def adopt(self, ban: Ban) -> None:
        """Take over a ban that stands in the kernel."""
        self.guard.bans.impose(ban)
        self.ledger.begun(Verdict(ban))

    def unban(self, prefixes: Iterable[Prefix]) -> list[Ban]:
        """Lift every ban that holds one of the prefixes or lies inside it, last strike included."""
        now = time.time()
        lifted: list[Ban] = []
        for prefix in prefixes:
            self.guard.forgive(prefix)
            lifted += self.guard.bans.lift(prefix)
        for ban in lifted:
            self.guard.forgive(ban.source)
        self._freed(lifted, now)
        return lifted

    def withdraw(self, bans: Sequence[Ban]) -> None:
        """Lift these bans and no others; what was judged of their sources is not forgotten."""
        for ban in bans:
            self.guard.bans.drop(ban.source)
        self._gone(bans, time.time())

    def allow(self, networks: Iterable[Prefix]) -> list[Ban]:
        """Make these all the run-time allows; bans inside them are lifted and returned."""
        self.allows = set(networks)
        self.guard.shield.protect(ALLOWED, self.allows)
        self.ledger.allows(self.allows)
        self._order(lambda firewall: firewall.allow(self._all_allows()))
        inside = [ban.source for ban in self.guard.bans if any(a.covers(ban.source) for a in self.allows)]
        lifted = [ban for source in inside if (ban := self.guard.bans.end(source))]
        self._freed(lifted, time.time())
        return lifted

    def at_home(self, host: Host) -> None:
        """Take note of who we are on the network."""
        at_home(self.guard.shield, host)

    def know(self, peers: Iterable[Peer]) -> None:
        """These belong to the PBX; where their door is closed already, they are spared from now on."""
        guard = self.guard
        guard.known(peers)
        sources = {guard.peers.source(peer) for peer in guard.peers}
        self._spare([ban for source in sources if (ban := guard.bans.get(source))], time.time())

    def declare(self) -> None:
        """Put everything that shall stand into the kernel."""
        now = time.time()
        running = [ban for ban in self.guard.bans if ban.until > now]
        bans = [Element.of(ban, now) for ban in running]
        self._ports = set(self.guard.sip_ports)
        self._order(lambda firewall: firewall.declare(bans, self._all_allows(), self._ports))
        self._spare(running, now)

    def heal(self) -> None:
        """Put the kernel right if somebody else changed what is ours, or if it refused us before."""
        if self.firewall is None:
            return
        try:
            intact = self.firewall.intact()
        except FirewallError as error:
            self.troubled(error)
            return
        if intact and not self.trouble:
            return
        self.declare()
        self._repaired()

    def missing(self, bans: Iterable[Ban]) -> list[Ban]:
        """Which of these bans the kernel does not hold, nor one around them; any thread may ask.

        Raises:
            FirewallError: the kernel does not tell.
        """
        if self.firewall is None:
            return []
        soon = time.time() + _OVER_SOON
        standing = {(seen.source, seen.scope) for seen in self.firewall.bans()}
        return [ban for ban in bans if ban.until > soon and not _held(ban, standing)]

    def restore(self, missing: Iterable[Ban]) -> None:
        """Put bans back that somebody else has taken out of the kernel, unless they are over by now."""
        now = time.time()
        bans = [ban for ban in missing if self.guard.bans.get(ban.source) is ban]
        if bans:
            self._lift(bans)  # a range that is believed to stand would not be added
            self._order(lambda firewall: firewall.ban(Element.of(ban, now) for ban in bans))
            self._repaired()

    def _repaired(self) -> None:
        if not self.trouble:
            self.repairs += 1
            text = f"the firewall was altered by somebody else and is put right (repair {self.repairs})"
            if self._mended.take(time.time()):
                _log.warning("%s", text)
            self.reporter.tell("firewall", time.time(), text)

    def packets(self) -> Packets:
        """Packets so far; none where the kernel does not tell."""
        try:
            return self.firewall.packets() if self.firewall else Packets(0, 0)
        except FirewallError:
            return Packets(0, 0)  # that it does not obey is said elsewhere

    def tick(self, now: float) -> None:
        """What comes with time: bans end."""
        say_each("the ban of %s is over", self.guard.bans.expire(now))

    def clock_moved(self, delta: float) -> None:
        """The host's clock was set by `delta` seconds: what runs, runs on, and is remembered anew."""
        _log.warning("the clock was set by %+.1f s", delta)
        before = list(self.guard.bans)
        self.guard.shift(delta)
        for ban in self.guard.bans:
            self.ledger.begun(Verdict(ban))
        self.ledger.ended(before, time.time(), "replaced")
        self.ledger.pardoned(ban.source for ban in before if ban.origin == "judged")

    def _admit(self, source: Prefix, now: float, *, force: bool) -> None:
        shield = self.guard.shield
        protection = shield.protects(source)
        if protection is not None:
            raise Refused(f"{source} is or holds what is never banned: {protection.why}")
        if force:
            return
        refuse_wide(source)
        friend = self.guard.friends.within(source, now)
        if friend is not None:
            raise Refused(f"{friend} is a friend, it has logged in lately; --force does it all the same")
        peer = self.guard.peers.overlapping(source)
        if peer is not None:
            origin = printable(peer.origin)
            raise Refused(f"{peer.network} is a known peer ({origin}); --force does it all the same")

    def _enforce(self, verdicts: Sequence[Verdict], now: float) -> None:
        if self._ports != self.guard.sip_ports:
            self._ports = set(self.guard.sip_ports)
            self._order(lambda firewall: firewall.listen(self._ports))
        begun = [verdict.ban for verdict in verdicts if verdict.ban.until > now]
        elements = [Element.of(ban, now) for ban in begun]
        order = Order(elements, self._flows(begun, now), list(opened(verdicts, now)))
        if any(order):
            self._order(lambda firewall: firewall.enforce(order))
        for verdict in verdicts:
            self.ledger.begun(verdict)
        for heed in self.landed:
            heed(begun)
        announce(begun)

    def _flows(self, bans: Iterable[Ban], now: float) -> list[Flow]:
        """The phones of friends and known peers whose door is closed by a ban that runs."""
        return [
            Flow(address, port, ban.until - now)
            for ban in bans
            if ban.scope == "door"
            for address, port in self.guard.flows(ban.source, now)
        ]

    def _spare(self, bans: Iterable[Ban], now: float) -> None:
        """Let the phones of friends and known peers through, whose door is closed."""
        if flows := self._flows([ban for ban in bans if ban.until > now], now):
            self._order(lambda firewall: firewall.spare(flows))

    def _freed(self, bans: Sequence[Ban], now: float) -> None:
        """These were taken out of memory on an operator's word."""
        self.ledger.pardoned(ban.source for ban in bans)
        self._gone(bans, now)

    def _gone(self, bans: Sequence[Ban], now: float) -> None:
        self._lift(bans)
        self.ledger.ended(bans, now, "unbanned")
        say_each("unbanned %s", bans)

    def _lift(self, bans: Iterable[Ban]) -> None:
        if pairs := [(ban.source, ban.scope) for ban in bans]:
            self._order(lambda firewall: firewall.lift(pairs))

    def _all_allows(self) -> set[Prefix]:
        return self.allows | set(self.guard.config.allow.networks)

    def _order(self, act: Callable[[Firewall], object]) -> None:
        """Tell the kernel; what it answers is read."""
        if self.firewall is None:
            return
        try:
            act(self.firewall)
        except FirewallError as error:
            self.troubled(error)
        else:
            if self.trouble and self._mended.take(time.time()):
                _log.warning("the firewall obeys again")
            self.trouble = ""

    def troubled(self, error: FirewallError) -> None:
        """Take note that the kernel does not obey."""
        if str(error) != self.trouble and self._mended.take(time.time()):
            _log.error("the firewall does not obey: %s", error)
            self.reporter.tell("firewall", time.time(), f"the firewall does not obey: {error}")
        self.trouble = str(error)

    def _tell(self, alarm: Alarm) -> None:
        _log.warning("%s: %s: %s", alarm.what, alarm.source, printable(alarm.text))
        self.reporter.alarm(alarm)


def at_home(shield: Shield, host: Host) -> None:
    """Protect who we are on the network, and whom a ban would cost us."""
    shield.protect(OWN, host.addresses)
    shield.protect("the gateway: the true address was lost to NAT", host.gateways, shelter="spared")
    shield.protect("a resolver of this host", host.resolvers, shelter="spared")
    shield.on_link(host.on_link)


def _held(ban: Ban, standing: set[tuple[Prefix, Scope]]) -> bool:
    lengths = range(ban.source.length, -1, -1)
    return any((ban.source.within(length), ban.scope) in standing for length in lengths)
