"""Edge: the sets that hold bans: of sources, which are hashed, and of other networks, which are intervals.

The two have the same methods, so that nobody else need know the difference.
"""

from __future__ import annotations

import errno
import math
import time
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from amiguard.firewall import intervals, messages
from amiguard.firewall.elements import adding, deleting, item, naming, seen
from amiguard.firewall.netlink import FirewallError
from amiguard.model import Prefix, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from amiguard.firewall.elements import Item, Seen
    from amiguard.firewall.messages import Request
    from amiguard.firewall.netlink import Channel
    from amiguard.firewall.orders import Wanted
    from amiguard.firewall.ruleset import Set

# Elements of one transaction that adds, deletes and adds them: as IPv6 they then just fit
# the send buffer of 208 KiB that Linux gives to those without privilege.
PORTION = 1500

# How often to read again when a range has expired between reading and deleting it.
_ATTEMPTS = 3

# Networks that change at a time up to which only the ranges around them are looked at.
_FEW = 16

T = TypeVar("T")


class Counted(NamedTuple):
    """A ban as the kernel holds it: seconds it remains (None: for ever), and what it has dropped."""

    source: Prefix
    scope: Scope
    remaining: float | None
    packets: int
    bytes: int


# What a named tuple's own constructor calls: by itself it takes half the time, and there may be many.
_counted: Final[Callable[[tuple[object, ...]], Counted]] = partial(tuple.__new__, Counted)
_prefix: Final[Callable[[tuple[object, ...]], Prefix]] = partial(tuple.__new__, Prefix)


class SourceSet:
    """A set of bans of single sources: networks of one length, as their addresses."""

    def __init__(
        self, channel: Channel, table: str, name: str, scope: Scope, width: int, length: int
    ) -> None:
        self._channel = channel
        self._table = table
        self._name = name
        self._scope: Scope = scope
        self._width = width
        self._length = length

    def requests(self, wanted: Mapping[Prefix, float], *, anew: bool) -> list[Request]:
        """What puts bans into the set; `anew`: it has just been declared and holds none."""
        items = _items(wanted.items())
        return adding(self._table, self._name, items) if anew else replacing(self._table, self._name, items)

    def noted(self, wanted: Mapping[Prefix, float], *, anew: bool) -> None:
        """Hear that a declaration has put them there: the kernel knows it, that is enough."""

    def likely(self, wanted: Mapping[Prefix, float], gone: Collection[Prefix]) -> list[Request]:
        """What brings the wanted and takes those gone, if all is as is likely; else the kernel refuses it.

        Likely none of the wanted is in the set and each of those gone is, which is cheaper.
        """
        return [*self._fresh(_items(wanted.items())), *self._delete(_keys(gone))]

    def put(self, wanted: Wanted, *, anew: bool = False) -> None:
        """Put bans into the set, or give them another time."""
        del anew  # whether it holds any of them is soon found out
        for items in portions(_items(wanted.items())):
            if not self._changed(self._fresh(items), errno.EEXIST):
                self._channel.change(replacing(self._table, self._name, items))

    def lift(self, gone: Iterable[Prefix]) -> None:
        """Take bans away; where one is over already, all are added first, to be deleted."""
        for items in portions(_keys(gone)):
            delete = self._delete(items)
            if not self._changed(delete, errno.ENOENT):
                self._channel.change([*adding(self._table, self._name, items), *delete])

    def _fresh(self, items: Sequence[Item]) -> list[Request]:
        return adding(self._table, self._name, items, messages.EXCLUSIVE)

    def _delete(self, items: Sequence[Item]) -> list[Request]:
        return deleting(self._table, self._name, items)

    def _changed(self, requests: Sequence[Request], obstacle: int) -> bool:
        """Make a change; False if this errno, and no other, stood in its way."""
        try:
            self._channel.change(requests)
        except FirewallError as error:
            if error.errno != obstacle:
                raise
            return False
        return True

    def bans(self, channel: Channel) -> Iterator[Counted]:
        """Show the bans in the kernel."""
        scope, length = self._scope, self._length
        for key, remaining, packets, octets, *_ in read(channel, self._table, self._name, self._width):
            yield _counted((_prefix((key, length)), scope, remaining, packets, octets))


class NetworkSet:
    """A set of bans of networks of any length.

    Such networks may overlap, so what is wanted is more than the kernel can
    hold at a time: it is remembered, and read from the kernel at first need.
    """

    def __init__(self, channel: Channel, table: str, name: str, scope: Scope, width: int) -> None:
        self._channel = channel
        self._table = table
        self._name = name
        self._scope: Scope = scope
        self._width = width
        self._until: Wanted | None = None

    def requests(self, wanted: Mapping[Prefix, float], *, anew: bool) -> list[Request]:
        """What adds bans to the set; `anew`: it has just been declared and holds none."""
        return self._requests(*self._change(self._with(wanted, anew=anew), anew=anew))

    def noted(self, wanted: Mapping[Prefix, float], *, anew: bool) -> None:
        """Hear that a declaration has put them there."""
        self._remember(self._with(wanted, anew=anew))

    def likely(self, wanted: Mapping[Prefix, float], gone: Collection[Prefix]) -> list[Request]:
        """Nothing is likely here: what to do depends on what the set holds."""
        del wanted, gone
        return []

    def put(self, wanted: Wanted, *, anew: bool = False) -> None:
        """Put bans into the set, or give them another time."""
        self._move({} if anew else self._wanted(), wanted, ())

    def lift(self, gone: Iterable[Prefix]) -> None:
        """Take bans away; networks inside that are banned themselves stay so."""
        self._move(self._wanted(), {}, set(gone))

    def bans(self, channel: Channel) -> Iterator[Counted]:
        """Show the bans in the kernel, each once, with what all of its ranges have dropped."""
        found: dict[Prefix, Counted] = {}
        for piece in self._pieces(channel):
            _, remaining, packets, octets, *_ = piece.element
            for owner in piece.owners:
                former = found.get(owner, Counted(owner, self._scope, remaining, 0, 0))
                found[owner] = former._replace(packets=former.packets + packets, bytes=former.bytes + octets)
                packets = octets = 0
        yield from found.values()

    def _with(self, wanted: Mapping[Prefix, float], *, anew: bool) -> Wanted:
        return dict(wanted) if anew else {**self._wanted(), **wanted}

    def _wanted(self) -> Wanted:
        """The networks that shall be banned, and the seconds they remain."""
        if self._until is None:
            self._remember(intervals.wanted(self._pieces(self._channel)))
        assert self._until is not None
        now = time.monotonic()
        return {prefix: until - now for prefix, until in self._until.items() if until > now}

    def _remember(self, wanted: Mapping[Prefix, float]) -> None:
        now = time.monotonic()
        self._until = {prefix: now + seconds for prefix, seconds in wanted.items()}

    def _move(self, before: Wanted, new: Wanted, gone: Collection[Prefix]) -> None:
        """Change what is wanted, and the kernel with it: where it changed, if that is in few places."""
        after = {one: seconds for one, seconds in {**before, **new}.items() if one not in gone}
        changed = [*new, *gone]
        if len(changed) > _FEW or not self._moved_near(changed, before, after):
            self._write(after)
        self._remember(after)

    def _moved_near(self, changed: Sequence[Prefix], before: Wanted, after: Wanted) -> bool:
        """Change the ranges around what has changed; False if the kernel's are not what we think."""
        near = intervals.near(changed, {**before, **after})
        standing = intervals.planned({one: before[one] for one in near if one in before}, self._width)
        wanted = {one: after[one] for one in near if one in after}
        gone, new = intervals.difference(standing, wanted, self._width)
        try:
            self._channel.change(self._requests(gone, new))
        except FirewallError as error:
            if error.errno not in {errno.ENOENT, errno.EEXIST, errno.EMSGSIZE}:
                raise
            return False
        return True

    def _write(self, wanted: Wanted) -> None:
        """Make the set hold these, whatever it holds."""
        for left in reversed(range(_ATTEMPTS)):
            try:
                for requests in self._transactions(wanted):
                    self._channel.change(requests)
                break
            except FirewallError as error:
                if error.errno != errno.ENOENT or not left:
                    raise

    def _transactions(self, wanted: Mapping[Prefix, float]) -> Iterator[list[Request]]:
        """What makes the set hold these and nothing else: one transaction, unless that is too big.

        Each range is in one piece, for its elements come in pairs and a portion is even.
        """
        gone, new = self._change(wanted)
        if len(gone) + len(new) <= PORTION:
            yield self._requests(gone, new)
            return
        for some in portions(gone):
            yield self._requests(some, [])
        for some in portions(new):
            yield self._requests([], some)

    def _requests(self, gone: Sequence[Item], new: Sequence[Item]) -> list[Request]:
        return [*deleting(self._table, self._name, gone), *adding(self._table, self._name, new)]

    def _change(self, wanted: Mapping[Prefix, float], *, anew: bool = False) -> intervals.Change:
        """What makes the set hold these and nothing else."""
        standing = () if anew else self._pieces(self._channel)
        return intervals.difference(standing, wanted, self._width)

    def _pieces(self, channel: Channel) -> Iterator[intervals.Piece]:
        return intervals.pieces(read(channel, self._table, self._name, self._width), self._width)


BanSet = SourceSet | NetworkSet


def make(channel: Channel, table: str, declared: Set, scope: Scope) -> BanSet:
    """The keeper of a declared set of bans."""
    name, width, length = declared.name, declared.width, declared.length
    if length is None:
        return NetworkSet(channel, table, name, scope, width)
    return SourceSet(channel, table, name, scope, width, length)


def _items(wanted: Iterable[tuple[Prefix, float]]) -> list[Item]:
    return [item((one.network, None if time == math.inf else time, False, "")) for one, time in wanted]


def _keys(gone: Iterable[Prefix]) -> list[Item]:
    return [item((prefix.network, None, False, "")) for prefix in dict.fromkeys(gone)]


def replacing(table: str, name: str, items: Sequence[Item]) -> list[Request]:
    """Requests that add elements, whether they are there or not, with just this time.

    Adding one that is there keeps its time on Linux 6.1; deleting one that is not is an error.
    """
    add = adding(table, name, items)
    return [*add, *deleting(table, name, items), *add]


def portions(items: list[T]) -> Iterator[list[T]]:
    """Split what is to be written into what a transaction may hold."""
    for start in range(0, len(items), PORTION):
        yield items[start : start + PORTION]


def read(channel: Channel, table: str, name: str, width: int) -> Iterator[Seen]:
    """Read the elements of a set whose keys have `width` bytes; none if there is no such set.

    Raises:
        FirewallError: the kernel refuses to tell; EBADMSG: the set is not as it was declared.
    """
    what = f"read set {name}"
    try:
        for attrs in channel.ask(messages.GETSETELEM, naming(table, name), what, messages.DUMP):
            yield from seen(attrs, width)
    except messages.MalformedError as error:
        raise FirewallError(errno.EBADMSG, what, str(error)) from error
    except FirewallError as error:
        if error.errno != errno.ENOENT:
            raise
