"""An alarm is said once a day, and remembered with what it rests on."""

from __future__ import annotations

import made
import pytest
from made import ATTACKER, DAY, HOUR, START

from amiguard.judge import evidence
from amiguard.judge.alarms import LATEST, SAID, Alarms
from amiguard.model import Alarm, Prefix

HOME = Prefix.parse(ATTACKER)
FIRST = Alarm("suppressed", HOME, START, "not banned", b"records", b"101")


def of(number: int) -> Alarm:
    return FIRST._replace(source=Prefix.of(number.to_bytes(4)), time=START + number)


def test_it_is_said_once_a_day() -> None:
    alarms = Alarms()
    said = [alarms.say(FIRST._replace(time=START + n * HOUR)) for n in range(49)]
    assert [0, 24, 48] == [n for n, each in enumerate(said) if each]


@pytest.mark.parametrize("other", [{"what": "breach"}, {"source": Prefix.parse("::1")}, {"about": b"102"}])
def test_another_one_is_said(other: dict[str, object]) -> None:
    alarms, second = Alarms(), FIRST._replace(**other)  # type: ignore[arg-type]  # each has the type of its field
    assert (FIRST,) == alarms.say(FIRST)
    assert (second,) == alarms.say(second)


def test_the_latest_of_each_kind_are_remembered_newest_first() -> None:
    """A breach is not pushed out by whoever forges a thousand other things."""
    alarms = Alarms()
    breach = FIRST._replace(what="breach")
    for alarm in (breach, *(of(n) for n in range(1, 1000))):
        alarms.say(alarm)
    assert [*(of(n) for n in range(999, 999 - LATEST, -1)), breach] == list(alarms)


def test_of_so_many_it_is_known_that_they_were_said() -> None:
    alarms = Alarms()
    for n in range(SAID + 1):
        alarms.say(of(n))
    assert () == alarms.say(of(SAID))
    assert (of(0),) == alarms.say(of(0))


def test_after_a_restart_nothing_is_said_again_and_nothing_is_forgotten() -> None:
    before, after = Alarms(), Alarms()
    for alarm in (FIRST, FIRST._replace(what="breach", time=START + 1, about=b"\xff\0")):
        before.say(alarm)
    after.restore(before.pack())
    assert list(before) == list(after)
    assert ((), False) == (after.say(FIRST._replace(time=START + HOUR)), after.changed)


def test_when_the_clock_is_set_back_nothing_is_silent_for_longer() -> None:
    alarms = Alarms()
    alarms.say(FIRST)
    alarms.shift(-10 * DAY)
    assert () == alarms.say(FIRST._replace(time=START - 9.5 * DAY))
    assert alarms.say(FIRST._replace(time=START - 9 * DAY))


def test_a_breach_has_its_evidence() -> None:
    judge = made.guard()
    (alarm,) = made.alarms(judge, [*(made.event(at=n) for n in range(3)), made.login(at=5)])
    assert ("breach", 3) == (alarm.what, len(list(evidence.unpack(alarm.evidence))))
    assert [alarm] == list(judge.alarms)
