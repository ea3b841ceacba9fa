"""The bans that run: found, ended and expired as a search of all of them would."""

from __future__ import annotations

import made
from hypothesis import given
from hypothesis import strategies as st
from made import START
from patience import looked

from amiguard.judge.bans import Bans
from amiguard.model import FOREVER, Ban, Offence, Prefix

_TEXTS = ("10.0.0.1", "10.0.0.2", "10.9.0.1", "2001:db8::1", "2001:db8:0:1::1")
ADDRESSES = [Prefix.parse(text) for text in _TEXTS]
prefixes = st.builds(
    lambda address, length: address.within(min(length, address.bits)),
    st.sampled_from(ADDRESSES),
    st.sampled_from((0, 8, 16, 31, 32, 48, 64, 128)),
)
ban_list = st.lists(
    st.builds(
        lambda source, scope, until: Ban(source, scope, "proven", START, START + until, "test"),
        prefixes,
        st.sampled_from(("house", "door")),
        st.sampled_from((10.0, 20.0, 30.0, FOREVER)),
    ),
    max_size=12,
)


def running(bans: list[Ban]) -> tuple[Bans, dict[Prefix, Ban]]:
    """The bans in force, and the same as a plain dict."""
    some = Bans(made.guard().config.ban, 1000)
    model: dict[Prefix, Ban] = {}
    for ban in bans:
        assert some.impose(ban) == model.get(ban.source)
        model[ban.source] = ban
    assert set(some) == set(model.values())
    return some, model


@looked(150)
@given(ban_list, prefixes, st.sampled_from((0.0, 10.0, 25.0, 1e9)))
def test_a_ban_that_covers_a_source_is_found_and_a_house_before_a_door(
    bans: list[Ban], source: Prefix, at: float
) -> None:
    some, model = running(bans)
    scopes = {ban.scope for ban in model.values() if ban.source.covers(source) and ban.until > START + at}
    found = some.covering(source, START + at)
    assert (found.scope if found else None) == ("house" if "house" in scopes else "door" if scopes else None)
    assert found is None or found.source.covers(source)


@looked(150)
@given(ban_list, prefixes)
def test_lifting_ends_what_holds_the_prefix_and_what_lies_in_it(bans: list[Ban], prefix: Prefix) -> None:
    some, model = running(bans)
    lifted = some.lift(prefix)
    assert set(lifted) == {ban for ban in model.values() if ban.source.overlaps(prefix)}
    assert len(lifted) == len(set(lifted))
    assert set(some) == set(model.values()) - set(lifted)
    assert some.overlapping(prefix) == []


@looked(150)
@given(ban_list, st.sampled_from((5.0, 10.0, 25.0, 1e9)), st.sampled_from((0.0, -3600.0, 3600.0)))
def test_what_is_over_expires_once_however_the_clock_is_set(bans: list[Ban], at: float, shift: float) -> None:
    some, model = running(bans)
    if shift:
        some.shift(shift)
    over = {ban.source for ban in some.expire(START + shift + at)}
    assert over == {ban.source for ban in model.values() if ban.until <= START + at}
    assert {ban.source for ban in some} == set(model) - over
    assert some.expire(START + shift + at) == []


def offence(source: Prefix, time: float) -> Offence:
    return Offence(source, time, 9.0, "proven", "fast")


def test_those_who_offended_longest_ago_are_forgotten_first() -> None:
    bans = Bans(made.guard().config.ban, 10)
    sources = [Prefix.of(n.to_bytes(4)) for n in range(12)]
    for n, source in enumerate([*sources[:10], sources[0], *sources[10:]]):
        bans.sentence(offence(source, START + n), "house", "test")
    assert [len(bans.strikes(source)) for source in sources] == [2, 0, 0] + [1] * 9


def test_strikes_are_remembered_without_end_of_room() -> None:
    bans = Bans(made.guard().config.ban, 10)
    source = Prefix.parse("10.0.0.1")
    strikes = [bans.sentence(offence(source, START + n), "house", "test").strike for n in range(100)]
    assert strikes[:5] == [1, 2, 3, 4, 5]
    assert len(bans.strikes(source)) <= 32


def test_a_restart_takes_up_strikes_and_bans() -> None:
    bans = Bans(made.guard().config.ban, 10)
    source = Prefix.parse("10.0.0.1")
    ban = Ban(source, "house", "proven", START, START + 600, "test", strike=1)
    bans.restore([ban], [(source, START - 100), (source, START)])
    assert bans.get(source) == ban
    assert bans.sentence(offence(source, START + 700), "house", "test").strike == 3


def test_when_strikes_are_too_many_those_of_the_latest_offenders_stay() -> None:
    bans = Bans(made.guard().config.ban, 1000)
    sources = [Prefix.of(n.to_bytes(4)) for n in range(2500)]
    for source in sources:
        bans.count_strike(source, START)
    remembered = [source for source in sources if bans.strikes(source)]
    assert sources[-len(remembered) :] == remembered
    assert 900 < len(remembered) <= 1000


def test_whoever_offends_again_is_among_the_latest() -> None:
    bans = Bans(made.guard().config.ban, 1000)
    old, *others = [Prefix.of(n.to_bytes(4)) for n in range(1500)]
    for source in others:
        bans.count_strike(old, START)
        bans.count_strike(source, START)
    assert bans.strikes(old)
