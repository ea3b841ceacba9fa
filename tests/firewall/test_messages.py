"""Netlink messages: what is packed can be unpacked, and what is not a message says so."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiguard.firewall import elements, messages
from amiguard.firewall.bansets import replacing
from amiguard.firewall.elements import Item, Seen, adding, deleting, seen
from amiguard.firewall.messages import MalformedError, Request, attribute, attributes

WIDTHS = st.sampled_from([4, 16])


def shown(request: Request) -> bytes:
    """The attributes that follow netfilter's own header in a request."""
    return request.body[4:]


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=40))))
def test_attributes_come_back(fields: list[tuple[int, bytes]]) -> None:
    block = b"".join(attribute(kind, value) for kind, value in fields)
    assert fields == list(attributes(block))
    assert len(block) % 4 == 0


@given(st.data(), WIDTHS)
def test_elements_come_back(data: st.DataObject, width: int) -> None:
    key = st.binary(min_size=width, max_size=width)
    comment = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)
    items = data.draw(st.lists(st.builds(Item, key, st.none(), st.booleans(), comment)))
    back = [one for request in adding("t", "s", items) for one in seen(shown(request), width)]
    assert [Seen(item.key, None, 0, 0, item.end, item.comment) for item in items] == back


@given(st.sampled_from([2, 4, 8, 16, 20]), st.floats(0.02, 1e9))
def test_the_template_packs_as_the_long_way_does(width: int, seconds: float) -> None:
    item = Item(bytes(range(width)), seconds)
    assert elements._pack_any(item) == elements._pack(item)


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [(0.0, 20), (-5.0, 20), (0.001, 20), (1.5, 1500), (1e300, 2**63 // 10**6)]
)
def test_no_time_becomes_for_ever_and_none_is_too_long_for_the_kernel(
    seconds: float, milliseconds: int
) -> None:
    (request,) = adding("t", "s", [Item(b"\1\2\3\4", seconds)])
    assert request.body.endswith(struct.pack("=HH", 12, 4) + milliseconds.to_bytes(8))


@pytest.mark.parametrize(("width", "comment", "most"), [(4, "", 2000), (16, "", 1638), (16, "x" * 80, 511)])
def test_no_message_holds_more_than_its_length_can_say(width: int, comment: str, most: int) -> None:
    items = [Item(number.to_bytes(width), 60.0, comment=comment) for number in range(4001)]
    requests = adding("t", "s", items)
    counts = [sum(1 for _ in seen(shown(request), width)) for request in requests]
    assert sum(counts) == 4001
    assert max(counts) == most
    assert f"add {most} elements to set s" == requests[0].what


def test_deleting_names_the_key_alone() -> None:
    key = b"\1\2\3\4"
    assert deleting("t", "s", [Item(key)]) == deleting("t", "s", [Item(key, 5.0, comment="x")])


def test_replacing_adds_deletes_and_adds_as_linux_6_1_keeps_the_time_of_what_it_has() -> None:
    item = Item(b"\1\2\3\4", 60.0)
    add, delete = adding("t", "s", [item]), deleting("t", "s", [item])
    assert [*add, *delete, *add] == replacing("t", "s", [item])


def counted(key: bytes, packets: int, octets: int, remaining: int, nested: int) -> bytes:
    """An element as the kernel shows it."""
    long = struct.Struct(">Q").pack
    counter = attribute(1, long(octets)) + attribute(2, long(packets))
    expression = messages.text(1, "counter") + attribute(2 | nested, counter)
    keyed = attribute(1 | nested, attribute(1, key))
    times = attribute(4, long(9)) + attribute(5, long(remaining))
    return attribute(1 | nested, keyed + attribute(7 | nested, expression) + times)


@given(st.data(), WIDTHS, st.sampled_from([0, messages.NESTED]))
def test_counters_and_times_are_read_by_layout_and_one_by_one(
    data: st.DataObject, width: int, nested: int
) -> None:
    number = st.integers(0, 2**63)
    key = st.binary(min_size=width, max_size=width)
    rows = data.draw(st.lists(st.tuples(key, number, number, number)))
    block = attribute(3, b"".join(counted(*row, nested) for row in rows)) if rows else b""
    expected = [Seen(key, left / 1000, packets, octets) for key, packets, octets, left in rows]
    assert expected == list(seen(block, width))


@given(st.binary(max_size=200))
def test_any_bytes_give_elements_or_one_defined_error(noise: bytes) -> None:
    for block in (noise, attribute(3, noise), attribute(3, attribute(1, noise))):
        with contextlib.suppress(MalformedError):
            list(seen(block, 4))


@given(st.binary(max_size=200))
def test_any_datagram_gives_messages_or_one_defined_error(noise: bytes) -> None:
    with contextlib.suppress(MalformedError):
        for message in messages.messages(noise):
            messages.refusal(message)


@given(st.data())
def test_an_element_cut_short_is_an_error(data: st.DataObject) -> None:
    (request,) = adding("t", "s", [Item(b"\1\2\3\4", 60.0)])
    block = shown(request)
    cut = data.draw(st.integers(17, len(block) - 1))
    with pytest.raises(MalformedError):
        list(seen(block[:cut], 4))


def test_a_key_of_another_width_is_an_error() -> None:
    (request,) = adding("t", "s", [Item(b"\1\2\3\4", 60.0)])
    with pytest.raises(MalformedError, match="a key of 4 bytes instead of 16"):
        list(seen(shown(request), 16))


def test_a_transaction_is_numbered_and_only_its_last_request_is_acknowledged() -> None:
    requests = [
        Request(messages.NEWSETELEM, b"\1\0\0\0", "a"),
        Request(messages.DELSETELEM, b"\1\0\0\0", "b", 0),
    ]
    framed = list(messages.messages(messages.transaction(requests, 7)))
    assert [message.sequence for message in framed] == [7, 8, 9, 10]
    assert [message.kind for message in framed] == [0x10, messages.NEWSETELEM, messages.DELSETELEM, 0x11]
    assert [bool(message.flags & messages.ACK) for message in framed] == [False, False, True, False]


def test_a_refusal_has_a_number_and_the_kernels_words() -> None:
    body = struct.pack("=i", -17) + bytes(16) + messages.text(1, "no such thing")
    message = messages.Message(messages.ERROR, 0, 1, 0, body)
    assert messages.refusal(message) == (17, "no such thing")
