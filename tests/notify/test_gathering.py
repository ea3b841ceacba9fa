"""When news is told: at once, then all that followed in one message; nothing is lost, and nothing grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import looked

from amiguard.notify.gathering import GATHER, LISTED, RETRY, Gathering, News
from amiguard.notify.kinds import KINDS

PAUSE = 600.0


def breach(number: int = 0) -> News:
    return News("breach", float(number), f"breach {number}", f"203.0.113.{number % 256}")


def firewall(number: int = 0) -> News:
    return News("firewall", float(number), "altered")


def test_the_first_news_waits_only_for_what_happens_with_it() -> None:
    gathering = Gathering(PAUSE)
    assert gathering.wait(0.0) is None
    gathering.add(breach(1), 100.0)
    gathering.add(breach(2), 101.0)
    assert 1.0 == gathering.wait(101.0)
    assert 0.0 == gathering.wait(100.0 + GATHER)
    assert ((breach(1), breach(2)), {}) == gathering.take(102.0)
    assert gathering.wait(102.0) is None


def test_a_flood_is_one_message_and_then_one_more_after_the_pause() -> None:
    gathering = Gathering(PAUSE)
    messages = []
    for number in range(10_000):
        now = number / 100
        gathering.add(breach(number), now)
        if gathering.wait(now) == 0:
            messages.append(gathering.take(now))
    assert 1 == len(messages)
    assert len(gathering) == 10_000 - sum(len(each.news) + sum(each.more.values()) for each in messages)
    assert 0.0 < (gathering.wait(100.0) or 0.0) <= PAUSE
    assert LISTED == len(gathering.take(PAUSE + 10).news)


def test_a_flood_of_one_kind_holds_up_no_other() -> None:
    gathering = Gathering(PAUSE)
    gathering.add(firewall(), 0.0)
    gathering.take(GATHER)
    gathering.add(firewall(), 10.0)
    gathering.add(breach(), 10.0)
    assert GATHER == gathering.wait(10.0)
    assert {"firewall", "breach"} == {each.kind for each in gathering.take(10.0 + GATHER).news}


def test_what_found_nobody_is_told_again_and_less_and_less_often() -> None:
    gathering = Gathering(PAUSE)
    gathering.add(breach(1), 0.0)
    now, waits = GATHER, []
    for _ in range(8):
        gathering.put_back(gathering.take(now), now)
        waits.append(gathering.wait(now))
        now += waits[-1] or 0.0
    assert [RETRY * 2**n for n in range(6)] + [3600.0] * 2 == waits
    gathering.add(breach(2), now)
    assert (breach(1), breach(2)) == gathering.take(now).news
    gathering.told()
    gathering.add(firewall(), now)
    assert GATHER == gathering.wait(now)


@pytest.mark.parametrize("taken", [False, True])
@given(kinds=st.lists(st.sampled_from(KINDS), max_size=60), failing=st.lists(st.booleans(), max_size=60))
@looked(100)
def test_every_news_is_listed_or_counted_once(taken: bool, kinds: list[str], failing: list[bool]) -> None:
    gathering = Gathering(PAUSE)
    told = 0
    for now, (kind, fails) in enumerate(zip(kinds, [*failing, *[False] * len(kinds)], strict=False)):
        gathering.add(breach(now)._replace(kind=kind), float(now))
        if taken and now % 3 == 0:
            digest = gathering.take(float(now))
            assert len(digest.news) <= LISTED * len(KINDS)
            if fails:
                gathering.put_back(digest, float(now))
            else:
                told += len(digest.news) + sum(digest.more.values())
    assert len(kinds) == told + len(gathering)
