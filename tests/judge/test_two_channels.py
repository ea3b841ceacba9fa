"""Two channels, one truth: however they lag, die, lose and come back, what happened counts once."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import made
import written
from hypothesis import given
from hypothesis import strategies as st
from made import START
from patience import looked
from twoears import ENDLESS, LISTENING, House, Play, Told

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = ("203.0.113.7", "203.0.113.8")
STRICT = (
    '[score]\nfast = { half_life = "10m", threshold = 3.0 }\nslow = { half_life = "24h", threshold = 6.0 }\n'
)
POINTS = 2
PING = 15.0
PROMPT = (0.001, 0.025, 3.0)
LATE = (7.0, 600.0)
"""Seconds, beyond the memory for single events."""
BOTH = ("log", "ami")
GAPS = (Play.down, Play.up, Play.lost)
RESTARTS = (Play.save, Play.crash, Play.restart)


class Attempt(NamedTuple):
    """What happens, by whom it is told, and what becomes of us behind it."""

    gap: float
    source: str
    copies: int
    told_by: tuple[str, ...] = BOTH
    fate: Callable[[Play], None] | None = None


def attempts(
    fates: tuple[Callable[[Play], None], ...] = (), *tellers: tuple[str, ...]
) -> st.SearchStrategy[list[Attempt]]:
    """Streams of attempts over seconds or hours; copies are different events that agree in every byte."""
    return st.lists(
        st.builds(
            Attempt,
            st.sampled_from((0.002, 0.05, 1.0, 8.0, 30.0, 700.0)),
            st.sampled_from(SOURCES),
            st.sampled_from((1, 1, 1, 2, 3)),
            st.sampled_from((BOTH, BOTH, *tellers)),
            st.sampled_from((None,) * 5 + fates),
        ),
        min_size=1,
        max_size=12,
    )


def played(toml: str, stream: list[Attempt], log_lag: float, ami_lag: float) -> Play:
    """Play a stream, each channel so many seconds behind."""
    play, at = Play(House(toml)), START
    items: list[tuple[float, partial[None]]] = [(START, partial(play.up))]
    for each in stream:
        at = round(at + each.gap, 3)
        for told in [Told.of(at - START, each.source)] * each.copies:
            if "log" in each.told_by:
                items.append((at + log_lag, partial(play.log, told)))
            if "ami" in each.told_by and each.fate is not Play.lost:
                items.append((at + ami_lag, partial(play.ami, told)))
        if each.fate:
            items.append((at + ami_lag, partial(each.fate, play)))
        items += [(asked + ami_lag, partial(play.pong, asked)) for asked in (at, at + PING)]
    for play.now, act in sorted(items, key=lambda item: item[0]):
        play.house.idle(play.now)
        act()
    return play


def assert_once(play: Play) -> None:
    """Each event has counted as often as one channel has told it, the one that told it more often."""
    points: Counter[str] = Counter()
    for event, count in play.counts.items():
        points[event.remote.address.address] += POINTS * count
    scored = {event.remote.address.address: play.house.points(event) for event in play.counts}
    assert points == scored


@looked(300)
@given(
    attempts(GAPS, ("log",), ("ami",)),
    st.sampled_from(PROMPT),
    st.sampled_from(PROMPT),
)
def test_what_either_channel_told_counts_once(stream: list[Attempt], log_lag: float, ami_lag: float) -> None:
    """Also what only one of them had, while the AMI dies, loses some, and comes back."""
    assert_once(played(ENDLESS, stream, log_lag, ami_lag))


@looked(300)
@given(
    attempts(GAPS + RESTARTS, ("ami",)),
    st.sampled_from(PROMPT + LATE),
    st.sampled_from(PROMPT),
)
def test_neither_a_restart_nor_a_log_that_lags_beyond_the_memory_doubles_anything(
    stream: list[Attempt], log_lag: float, ami_lag: float
) -> None:
    """And the log still tells what the AMI could not."""
    assert_once(played(ENDLESS, stream, log_lag, ami_lag))


@looked(150)
@given(attempts(), st.sampled_from(PROMPT + LATE), st.sampled_from(PROMPT))
def test_two_channels_ban_whom_and_when_one_does(
    stream: list[Attempt], log_lag: float, ami_lag: float
) -> None:
    play = played(STRICT, stream, log_lag, ami_lag)
    heard = [event for event, count in play.heard.items() for _ in range(count)]
    assert Counter(made.bans(made.guard(STRICT), heard)) == Counter(play.house.bans)


def test_what_is_suspect_in_the_log_counts_by_the_amis_copies() -> None:
    """A record that somebody has broken hides what follows in the classic log alone."""
    house = House("")
    house.turn(LISTENING)
    guesses = [Told.of(n / 10, SOURCES[0]) for n in range(5)]
    broken = written.classic(written.record("InvalidAccountID")).partition(b"SessionID")[0]
    house.read(broken + b"\n" + b"".join(written.classic(each.text) for each in guesses), START)
    assert [] == house.bans
    assert not len(house.guard.scorer)
    house.hear([each.event for each in guesses], START)
    assert [SOURCES[0]] == [str(ban.source) for ban in house.bans]
