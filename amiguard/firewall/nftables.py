"""Edge: the firewall; bans in, one netlink transaction out.

The store is the truth and the kernel a cache of it, but the kernel enforces
and expires bans on its own: nothing here runs between two changes.
"""

from __future__ import annotations

import errno
import logging
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Self

from amiguard.firewall import bansets, declaration, intervals, messages, orders, ruleset
from amiguard.firewall.elements import Item, adding, emptying
from amiguard.firewall.netlink import Channel, FirewallError, NoTablesError, Watch
from amiguard.firewall.orders import Element, Order
from amiguard.firewall.ranges import collapse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from amiguard.config import Config
    from amiguard.firewall.bansets import Counted
    from amiguard.firewall.messages import Request
    from amiguard.firewall.orders import Flow, Wanted
    from amiguard.firewall.ruleset import Ports
    from amiguard.model import Prefix, Scope

_log = logging.getLogger("amiguard")

_GENERATION_ID = 1

_Fixed = dict[str, list[Item]]
"""What sets hold that no time empties, by name."""


class Firewall:
    """The table `inet TABLE` of this network namespace; a context manager.

    Not for use by two threads at once, but for `list`.

    Args:
        table: its name.
        ports: what house bans close; none are all.
        ipv4_prefix: length of an IPv4 source, whose bans are cheapest.
        ipv6_prefix: the same for IPv6.

    Attributes:
        counting: whether what bans drop is counted; not where `declare` has found that the kernel cannot.

    Raises:
        NoCapabilityError: at once, without CAP_NET_ADMIN.
        NoTablesError: this kernel has no nf_tables.
    """

    def __init__(
        self,
        table: str = "amiguard",
        *,
        ports: Sequence[Ports] = (),
        ipv4_prefix: int = 32,
        ipv6_prefix: int = 64,
    ) -> None:
        self._table = table
        self._ports = ports
        self._lengths: Mapping[ruleset.Version, int] = {4: ipv4_prefix, 6: ipv6_prefix}
        self._sets = ruleset.sets(self._lengths)
        self.counting = True
        self._standing: declaration.Standing | None = None
        self._fixed: dict[str, set[tuple[bytes, bool]]] = {}
        self._channel = Channel()
        self._bans = {
            one.name: bansets.make(self._channel, table, one, one.scope) for one in self._sets if one.scope
        }
        try:
            self.generation()
        except FirewallError as error:
            self.close()
            # Linux answers so to what no module of netfilter has taken on: nfnetlink_rcv_msg.
            raise NoTablesError(error.errno, error.what) if error.errno == errno.EINVAL else error from None

    def close(self) -> None:
        """Give the socket back; the table stays."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def declare(
        self, elements: Iterable[Element] = (), allows: Iterable[Prefix] = (), sip_ports: Iterable[int] = ()
    ) -> tuple[str, ...]:
        """Put the table as it shall be, in one transaction: all or nothing; without counters if need be.

        What the kernel holds already stays as it stands, unless it is given.
        What others have put into the table stays too, unless the table must
        be built anew because a part of ours is missing or not as declared.
        Bans that would make the transaction too big follow in further ones.

        Returns:
            What was missing or not as declared, by name; nothing: rules at most.

        Raises:
            FirewallError: the kernel refused; nothing has changed.
        """
        wanted = list(elements), list(allows), list(sip_ports)
        try:
            return self._declare(*wanted)
        except FirewallError as error:
            # The kernel says so of an expression whose module it cannot have.
            if not self.counting or error.errno != errno.ENOENT or not error.what.startswith(declaration.SET):
                raise
        self.counting = False
        _log.warning("bans work, but this kernel cannot count what they drop: modprobe nft_counter")
        return self._declare(*wanted)

    def _declare(
        self, elements: Iterable[Element], allows: Iterable[Prefix], sip_ports: Iterable[int]
    ) -> tuple[str, ...]:
        plan = declaration.declare(self._table, self._lengths, self._ports, counting=self.counting)
        fixed = self._allowing(allows) | self._listening(sip_ports)
        altered = plan.altered(self._survey())
        anew = bool(altered)
        kept = self._sound(altered) if anew else ()
        bans = orders.wanted(chain(kept, elements), self._lengths)
        build = [
            *(declaration.removal(self._table) if anew else ()),
            *plan.requests(whole=anew),
            *self._refilling(fixed),
        ]
        self._build(build, bans, anew=anew)
        self._fixed = _keys(fixed)
        standing = self._survey()
        # Somebody may have altered it in between; what he has made of it must not pass for ours.
        self._standing = standing if plan.stands(standing) else None
        return altered

    def intact(self) -> bool:
        """Whether table, chain, rules and sets stand as this object declared them.

        Of the elements it looks at those that only `allow` and `listen` change;
        bans come and go by themselves, and `bans` shows them.
        """
        stands = self._standing is not None and self._survey() == self._standing
        return stands and self._elements() == self._fixed

    def generation(self) -> int:
        """Number of the ruleset's state, which each change by anybody raises."""
        (told,) = self._channel.ask(messages.GETGEN, messages.body(b""), "read the firewall")
        return messages.integer(dict(messages.attributes(told)).get(_GENERATION_ID, b""))

    def watch(self) -> Watch:
        """Open a second socket that tells of changes that are not this object's."""
        return Watch(self._channel.port)

    def enforce(self, order: Order) -> None:
        """Do all of an order: in one transaction, or where that is refused or too much, set by set.

        Raises:
            FirewallError: the kernel refused a part, the first if several; the others are in force, but
                that of a great many in one set those before may be.
        """
        parts = orders.parts(order, self._lengths)
        steps: list[Callable[[], None]] = [
            *(partial(self._spare, name, items) for name, items in parts.passing.items()),
            *(partial(self._bans[name].put, some) for name, some in parts.wanted.items()),
            *(partial(self._bans[name].lift, some) for name, some in parts.leaving.items()),
        ]
        if len(steps) == 1 or not self._at_once(parts):
            _take(steps)

    def ban(self, elements: Iterable[Element]) -> None:
        """Add bans, or give them another time; raises as `enforce`."""
        self.enforce(Order(bans=list(elements)))

    def lift(self, bans: Iterable[tuple[Prefix, Scope]]) -> None:
        """Take bans away; one that is over or never was is no error; raises as `enforce`."""
        self.enforce(Order(lifted=list(bans)))

    def spare(self, flows: Iterable[Flow]) -> None:
        """Let these phones through closed doors, or give them another time; raises as `enforce`."""
        self.enforce(Order(spared=list(flows)))

    def allow(self, allows: Iterable[Prefix]) -> None:
        """Let these networks pass whatever is banned, and no others.

        Raises:
            FirewallError: the kernel refused; nothing has changed.
        """
        self._refill(self._allowing(allows))

    def listen(self, sip_ports: Iterable[int]) -> None:
        """Have door bans close these UDP ports, and no others.

        Raises:
            FirewallError: the kernel refused; nothing has changed.
        """
        self._refill(self._listening(sip_ports))

    def bans(self) -> Iterator[Counted]:
        """Show all bans in force, set by set; no table, no bans.

        Reads by a socket of its own: another thread may do it.

        Raises:
            FirewallError: the kernel refuses to tell, or tells nonsense.
        """
        with Channel() as channel:
            for one in self._bans.values():
                yield from one.bans(channel)

    def packets(self) -> declaration.Packets:
        """Packets that the rules have met since the last declaration.

        Raises:
            FirewallError: the kernel refuses to tell.
        """
        return declaration.packets(self._channel, self._table)

    def drop(self) -> None:
        """Delete the table with all bans; what never was is no error.

        Raises:
            FirewallError: the kernel refused; nothing has changed.
        """
        self._channel.change(declaration.removal(self._table))
        self._note({}, anew=True)

    def _survey(self) -> declaration.Standing | None:
        names = [one.name for one in self._sets]
        return declaration.survey(self._channel, self._table, names)

    def _elements(self) -> dict[str, set[tuple[bytes, bool]]]:
        """What the sets hold that no time empties: each key, and whether it ends a range."""
        return {
            one.name: {
                (seen.key, seen.end) for seen in bansets.read(self._channel, self._table, one.name, one.width)
            }
            for one in self._sets
            if not one.timed
        }

    def _sound(self, altered: Sequence[str]) -> Iterator[Element]:
        """The bans in those sets of an altered table that are as they shall be."""
        for name, one in self._bans.items():
            if f"set {name}" not in altered:
                yield from (Element(ban.source, ban.scope, ban.remaining) for ban in one.bans(self._channel))

    def _at_once(self, parts: orders.Parts) -> bool:
        """Do all in one transaction; False, and nothing has changed, if that cannot be."""
        wanted, passing, leaving = parts
        bans = {name: self._bans[name] for name in (*wanted, *leaving)}
        likely = [one.likely(wanted.get(name, {}), leaving.get(name, ())) for name, one in bans.items()]
        if parts.size > bansets.PORTION or not all(likely):
            return False  # too much, or ranges, which nobody can change without a look at them
        sparing = [bansets.replacing(self._table, *one) for one in passing.items()]
        try:
            self._channel.change([*chain.from_iterable(sparing), *chain.from_iterable(likely)])
        except FirewallError:
            return False  # set by set it will be seen which of them is refused, if any is
        return True

    def _spare(self, name: str, items: list[Item]) -> None:
        for some in bansets.portions(items):
            self._channel.change(bansets.replacing(self._table, name, some))

    def _build(self, build: list[Request], bans: Mapping[str, Wanted], *, anew: bool) -> None:
        """Make a declaration, with its bans if they fit."""
        filling = [self._bans[name].requests(wanted, anew=anew) for name, wanted in bans.items()]
        everything = [*build, *chain.from_iterable(filling)]
        if sum(len(request.body) for request in everything) <= self._channel.room:
            self._channel.change(everything)
            self._note(bans, anew=anew)
            return
        self._channel.change(build)
        self._note({}, anew=anew)
        for name, wanted in bans.items():
            self._bans[name].put(wanted, anew=anew)

    def _note(self, bans: Mapping[str, Wanted], *, anew: bool) -> None:
        """Tell the sets what a declaration has put into them."""
        for name, one in self._bans.items():
            if anew or name in bans:
                one.noted(bans.get(name, {}), anew=anew)

    def _allowing(self, allows: Iterable[Prefix]) -> _Fixed:
        """What the allow sets are to hold."""
        prefixes = list(allows)
        widths = {one.name: one.width for one in self._sets if one.name in ruleset.ALLOW_SETS}
        return {name: _allowed(prefixes, width) for name, width in widths.items()}

    def _listening(self, sip_ports: Iterable[int]) -> _Fixed:
        """What the set of SIP ports is to hold."""
        return {ruleset.SIP_PORTS: [Item(port.to_bytes(2)) for port in set(sip_ports)]}

    def _refill(self, fixed: _Fixed) -> None:
        self._channel.change(self._refilling(fixed))
        self._fixed |= _keys(fixed)

    def _refilling(self, fixed: _Fixed) -> list[Request]:
        """Requests after which these sets hold this and no more."""
        return [
            request
            for name, items in fixed.items()
            for request in (emptying(self._table, name), *adding(self._table, name, items))
        ]


def firewall_of(config: Config) -> Firewall:
    """The kernel's table as this configuration wants it.

    Raises:
        FirewallError: it cannot be reached.
    """
    ban = config.ban
    return Firewall(
        config.firewall.table,
        ports=config.firewall.ports,
        ipv4_prefix=ban.ipv4_prefix,
        ipv6_prefix=ban.ipv6_prefix,
    )


def _take(steps: Iterable[Callable[[], None]]) -> None:
    """Take all steps; the first refusal is raised when all others are taken."""
    refusals = []
    for step in steps:
        try:
            step()
        except FirewallError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]


def _keys(fixed: _Fixed) -> dict[str, set[tuple[bytes, bool]]]:
    return {name: {(item.key, item.end) for item in items} for name, items in fixed.items()}


def _allowed(prefixes: Iterable[Prefix], width: int) -> list[Item]:
    """Elements of the allow set of one IP version."""
    spans = collapse(prefix for prefix in prefixes if len(prefix.network) == width)
    return [item for span in spans for item in intervals.items(span, width)]
