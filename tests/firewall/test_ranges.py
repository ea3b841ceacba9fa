"""Overlapping prefixes as disjoint ranges: nothing is lost, nothing overlaps."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiguard.firewall.elements import Item, Seen
from amiguard.firewall.intervals import Change, difference, items, near, pieces, planned, wanted
from amiguard.firewall.ranges import collapse, disjoint, prefixes, whole
from amiguard.model import Prefix

SMALL = st.builds(
    lambda low, length: Prefix.of(bytes([192, 0, 2, low]), length), st.integers(0, 255), st.integers(24, 32)
)
WANTED = st.dictionaries(SMALL, st.one_of(st.integers(2, 6).map(lambda n: n * 100.0), st.just(math.inf)))


def held(added: list[Item]) -> list[Seen]:
    """What the kernel would show of added items."""
    return [Seen(key, seconds, 0, 0, end, comment) for key, seconds, end, comment in added]


@given(WANTED)
def test_each_address_lasts_as_long_as_the_longest_prefix_around_it(bans: dict[Prefix, float]) -> None:
    lasts: dict[int, float] = {}
    ranges = disjoint(bans)
    for span in ranges:
        for address in range(span.first, span.last + 1):
            assert address not in lasts
            lasts[address] = bans[span.owner]
    for low in range(256):
        address = Prefix.of(bytes([192, 0, 2, low]))
        longest = max((until for ban, until in bans.items() if ban.covers(address)), default=None)
        assert longest == lasts.get(int.from_bytes(address.network))
    assert sorted(ranges) == ranges


@given(WANTED)
def test_ranges_lie_within_their_owners(bans: dict[Prefix, float]) -> None:
    for span in disjoint(bans):
        owner = whole(span.owner)
        assert owner.first <= span.first <= span.last <= owner.last


@given(WANTED, WANTED)
def test_the_difference_leads_from_any_state_to_any_other(
    before: dict[Prefix, float], after: dict[Prefix, float]
) -> None:
    written = held(difference([], before, 4).new)
    gone, new = difference(pieces(written, 4), after, 4)
    keys = {(item.key, item.end) for item in gone}
    left = [element for element in written if (element.key, element.end) not in keys]
    assert len(written) - len(gone) == len(left)
    assert [item for item in new if (item.key, item.end) in {(one.key, one.end) for one in left}] == []
    reached = [(piece.first, piece.last, piece.remaining) for piece in pieces([*left, *held(new)], 4)]
    assert [(span.first, span.last, after[span.owner]) for span in disjoint(after)] == reached


@given(WANTED, WANTED, st.sets(SMALL, max_size=3))
def test_a_change_moves_ranges_only_near_it(
    before: dict[Prefix, float], new: dict[Prefix, float], gone: set[Prefix]
) -> None:
    after = {one: seconds for one, seconds in {**before, **new}.items() if one not in gone}
    local = near([*new, *gone], {**before, **after})
    far = [
        [(span, state[span.owner]) for span in disjoint(state) if span.owner not in local]
        for state in (before, after)
    ]
    assert far[0] == far[1]
    parts = [{one: after[one] for one in after if (one in local) is inside} for inside in (True, False)]
    assert disjoint(after) == sorted(span for part in parts for span in disjoint(part))


@given(WANTED)
def test_what_is_held_already_is_left_alone(bans: dict[Prefix, float]) -> None:
    written = held(difference([], bans, 4).new)
    assert Change([], []) == difference(pieces(written, 4), bans, 4)


@given(WANTED)
def test_what_is_planned_is_what_is_written(bans: dict[Prefix, float]) -> None:
    written = pieces(held(difference([], bans, 4).new), 4)
    ranges = [[(piece.first, piece.last, piece.owners, piece.remaining) for piece in made]
              for made in (written, planned(bans, 4))]  # fmt: skip
    assert ranges[0] == ranges[1]


@given(WANTED)
def test_prefixes_are_read_back_by_their_names(bans: dict[Prefix, float]) -> None:
    written = held(difference([], bans, 4).new)
    assert {span.owner: bans[span.owner] for span in disjoint(bans)} == wanted(pieces(written, 4))


@given(st.lists(SMALL))
def test_collapsing_keeps_the_widest(networks: list[Prefix]) -> None:
    widest = [
        one for one in set(networks) if not any(other != one and other.covers(one) for other in networks)
    ]
    assert sorted(widest) == [span.owner for span in collapse(networks)]


@pytest.mark.parametrize("network", ["0.0.0.0/0", "255.255.255.255", "::/0", "ff00::/8", "224.0.0.0/3"])
def test_a_range_to_the_last_address_has_no_end(network: str) -> None:
    prefix = Prefix.parse(network)
    written = items(whole(prefix), len(prefix.network))
    assert [(prefix.network, False)] == [(item.key, item.end) for item in written]
    (piece,) = pieces(held(written), len(prefix.network))
    assert (whole(prefix).first, whole(prefix).last) == (piece.first, piece.last)


def test_a_range_that_an_operator_added_is_shown_as_the_prefixes_that_make_it_up() -> None:
    written = held(items(whole(Prefix.parse("10.0.0.0/9")), 4))[:1]
    end = Seen(bytes([10, 192, 0, 0]), None, 0, 0, end=True)
    (piece,) = pieces([end, *written], 4)
    assert (Prefix.parse("10.0.0.0/9"), Prefix.parse("10.128.0.0/10")) == piece.owners


def test_an_end_without_beginning_is_no_range() -> None:
    assert list(pieces([Seen(bytes(4), None, 0, 0, end=True)], 4)) == []


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_prefixes_make_up_a_range(one: int, other: int) -> None:
    first, last = sorted((one, other))
    made = [whole(prefix) for prefix in prefixes(first, last, 4)]
    assert (first, last) == (made[0].first, made[-1].last)
    assert all(left.last + 1 == right.first for left, right in itertools.pairwise(made))
