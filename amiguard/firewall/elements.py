"""Pure: set elements, packed and unpacked; by hand because a start may bring a hundred thousand.

Layouts as in linux/netfilter/nf_tables.h.  A range in an interval set is two
elements: its first address, and the address behind its last with the flag
"interval end"; a range that ends with the last address of all has no end.
"""

from __future__ import annotations

import struct
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.firewall import messages
from amiguard.firewall.messages import APPEND, CREATE, NESTED, Request, attribute, attributes, integer, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_TABLE, _SET, _ELEMENTS = 1, 2, 3
_LIST_ELEM = 1
_KEY, _FLAGS, _TIMEOUT, _EXPIRATION, _USERDATA, _EXPR = 1, 3, 4, 5, 6, 7
_VALUE = 1
_EXPR_NAME, _EXPR_DATA = 1, 2
_COUNTER_BYTES, _COUNTER_PACKETS = 1, 2
_COMMENT = 0
_INTERVAL_END = 1

_LONG = struct.Struct(">Q")
_HEADER_SIZE = 4

# An attribute's length is a 16-bit number: 1,638 timed IPv6 elements, say, are all a message can hold.
_MOST_ELEMENTS = 2000
_MOST_BYTES = 0xFFFF - 4

# The kernel counts in jiffies, of at most 10 ms: less would round to 0, which
# is "for ever".  It refuses what does not fit 64 bits of nanoseconds.
_SHORTEST_MS = 20
_LONGEST_MS = 2**63 // 10**6

# Keys: a port, an IPv4 address, the same with a port, an IPv6 address, the same with a port.
_KEY_WIDTHS = (2, 4, 8, 16, 20)


class Item(NamedTuple):
    """An element to be added: `seconds` to live (None: for ever); `end` closes the range before it."""

    key: bytes
    seconds: float | None = None
    end: bool = False
    comment: str = ""


class Seen(NamedTuple):
    """An element as the kernel shows it: `remaining` in seconds, None for ever."""

    key: bytes
    remaining: float | None
    packets: int
    bytes: int
    end: bool = False
    comment: str = ""


# What a named tuple's own constructor calls: by itself it takes half the time, and there may be many.
item: Final[Callable[[tuple[object, ...]], Item]] = partial(tuple.__new__, Item)
_seen: Final[Callable[[tuple[object, ...]], Seen]] = partial(tuple.__new__, Seen)


def adding(table: str, name: str, items: Iterable[Item], flags: int = 0) -> list[Request]:
    """Requests that add elements to a set; with `messages.EXCLUSIVE`, one that is there is EEXIST."""
    what = f"add %d elements to set {name}"
    return _requests(messages.NEWSETELEM, what, naming(table, name), list(map(_pack, items)), flags)


def deleting(table: str, name: str, items: Iterable[Item]) -> list[Request]:
    """Requests that delete elements; one that is missing would refuse the transaction with ENOENT."""
    what = f"delete %d elements from set {name}"
    packed = [_pack(item((key, None, end, ""))) for key, _, end, _ in items]
    return _requests(messages.DELSETELEM, what, naming(table, name), packed)


def emptying(table: str, name: str) -> Request:
    """Request that deletes all elements of a set."""
    return Request(messages.DELSETELEM, naming(table, name), f"empty set {name}", 0)


@lru_cache(maxsize=64)
def naming(table: str, name: str) -> bytes:
    """Body of a message that speaks of a set as a whole: to empty it, or to show its elements."""
    return messages.body(text(_TABLE, table) + text(_SET, name))


def seen(attrs: bytes, width: int) -> Iterator[Seen]:
    """Yield the elements of a `NEWSETELEM` message's attributes, whose keys are `width` bytes.

    Raises:
        MalformedError: a length does not fit.
    """
    for kind, block in attributes(attrs):
        if kind == _ELEMENTS:
            for element in _unpack(block):
                if len(element.key) != width:
                    raise messages.MalformedError(f"a key of {len(element.key)} bytes instead of {width}")
                yield element


def _requests(kind: int, what: str, whose: bytes, packed: Sequence[bytes], flags: int = 0) -> list[Request]:
    """As few requests as the limits of a message allow."""
    step = min(_MOST_ELEMENTS, _MOST_BYTES // max(map(len, packed), default=1))
    portions = [packed[start : start + step] for start in range(0, len(packed), step)]
    return [
        Request(
            kind,
            whose + attribute(_ELEMENTS | NESTED, b"".join(some)),
            what % len(some),
            CREATE | APPEND | flags,
        )
        for some in portions
    ]


def _pack(item: Item) -> bytes:
    """Pack an element: the usual ones, a key alone or with a time, by a template."""
    key, seconds, end, comment = item
    if end or comment:
        return _pack_any(item)
    if seconds is None:
        before, behind = _KEYS_ALONE[len(key)]
        return before + key + behind
    before, between = _TEMPLATES[len(key)]
    return before + key + between + _LONG.pack(_milliseconds(seconds))


def _pack_any(item: Item) -> bytes:
    """Pack an element of any kind."""
    parts = [attribute(_KEY | NESTED, attribute(_VALUE, item.key))]
    if item.end:
        parts.append(attribute(_FLAGS, _INTERVAL_END.to_bytes(4)))
    if item.seconds is not None:
        parts.append(attribute(_TIMEOUT, _LONG.pack(_milliseconds(item.seconds))))
    if item.comment:
        words = item.comment.encode() + b"\0"
        parts.append(attribute(_USERDATA, bytes((_COMMENT, len(words))) + words))
    return attribute(_LIST_ELEM | NESTED, b"".join(parts))


def _milliseconds(seconds: float) -> int:
    """Time to live as the kernel takes it."""
    return int(min(max(seconds * 1000, _SHORTEST_MS), _LONGEST_MS))


def _skeleton(example: bytes, *values: bytes) -> tuple[bytes, ...]:
    """What stands before each of the values in an example that holds them in this order."""
    parts = []
    for value in values:
        part, example = example.split(value, 1)
        parts.append(part)
    return tuple(parts)


def _key_alone(width: int) -> tuple[bytes, bytes]:
    """What stands before and behind the key of an element that has nothing else."""
    key = b"\xee" * width
    before, _, behind = _pack_any(Item(key)).partition(key)
    return before, behind


_KEYS_ALONE = {width: _key_alone(width) for width in _KEY_WIDTHS}


def _template(width: int) -> tuple[bytes, ...]:
    """What stands before the key and before the time of a timed element."""
    key = b"\xee" * width
    return _skeleton(_pack_any(Item(key, 1.0)), key, _LONG.pack(1000))


_TEMPLATES = {width: _template(width) for width in _KEY_WIDTHS}


class _Layout(NamedTuple):
    """Where the values of an element lie, each behind its part of the skeleton."""

    fields: struct.Struct
    skeleton: tuple[bytes, ...]


def _layout(width: int) -> _Layout:
    """Lay out a timed element with a counter in the order in which the kernel fills it in.

    The kernel does not flag here what is nested.
    """
    key, octets, packets, timeout, expiration = values = (
        b"\xee" * width,
        *(bytes((mark,)) * _LONG.size for mark in (0xEA, 0xEB, 0xEC, 0xED)),
    )
    counted = attribute(_COUNTER_BYTES, octets) + attribute(_COUNTER_PACKETS, packets)
    counter = text(_EXPR_NAME, "counter") + attribute(_EXPR_DATA, counted)
    example = (
        attribute(_KEY, attribute(_VALUE, key))
        + attribute(_EXPR, counter)
        + attribute(_TIMEOUT, timeout)
        + attribute(_EXPIRATION, expiration)
    )
    skeleton = _skeleton(attribute(_LIST_ELEM, example), *values)
    gaps = "".join(f"{len(part)}sQ" for part in skeleton[1:])
    return _Layout(struct.Struct(f">{len(skeleton[0])}s{width}s{gaps}"), skeleton)


_LAYOUTS = {layout.fields.size: layout for layout in map(_layout, (4, 16))}


def _unpack(block: bytes) -> Iterator[Seen]:
    """Read elements, the usual ones by their layout, from the first other one on attribute by attribute."""
    offset = 0
    layout = _LAYOUTS.get(messages.attribute_length(block, 0)) if block else None
    if layout and not len(block) % layout.fields.size:
        for values in layout.fields.iter_unpack(block):
            if values[::2] != layout.skeleton:
                break
            yield _seen((values[1], values[9] / 1000, values[5], values[3], False, ""))
            offset += layout.fields.size
    while offset < len(block):
        size = messages.attribute_length(block, offset)
        yield _unpack_any(block[offset + _HEADER_SIZE : offset + size])
        offset += messages.aligned(size)


def _unpack_any(element: bytes) -> Seen:
    """Read an element of any kind."""
    found = dict(attributes(element))
    key = dict(attributes(found.get(_KEY, b""))).get(_VALUE, b"")
    counter = dict(attributes(dict(attributes(found.get(_EXPR, b""))).get(_EXPR_DATA, b"")))
    return Seen(
        key,
        integer(found[_EXPIRATION]) / 1000 if _EXPIRATION in found else None,
        integer(counter.get(_COUNTER_PACKETS, b"")),
        integer(counter.get(_COUNTER_BYTES, b"")),
        bool(integer(found.get(_FLAGS, b"")) & _INTERVAL_END),
        _comment(found.get(_USERDATA, b"")),
    )


def _comment(userdata: bytes) -> str:
    """The comment in an element's user data, which is (type, length, value) after another."""
    while len(userdata) > 1:
        kind, length = userdata[:2]
        if kind == _COMMENT:
            return userdata[2 : 2 + length].rstrip(b"\0").decode(errors="replace")
        userdata = userdata[2 + length :]
    return ""
