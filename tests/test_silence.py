"""Whoever tells nothing while others do, or while packets come, is silent, and nobody else is."""

from __future__ import annotations

import pytest

from amiguard.silence import EVENTS, EVERYBODY, HUSH, PACKETS, QUIET, Silence, Silent

LOG, AMI, OLD = "/var/log/asterisk/security", "ami 127.0.0.1:5038", "/var/log/asterisk/security.1"


class Course:
    """A course of events, a second each."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.silence = Silence(self.now)
        self.told: dict[str, int] = {}
        self.tell({LOG: 0, AMI: 0, OLD: 7})

    def tell(self, more: dict[str, int], seconds: float = 1.0) -> None:
        self.now += seconds
        for name, count in more.items():
            self.told[name] = self.told.get(name, 0) + count
        self.silence.look(self.told, {LOG, AMI}, self.now)

    def silent(self) -> list[str]:
        return [one.name for one in self.silence.silent(self.now)]


def test_who_stays_behind_for_a_minute_and_twenty_events_is_silent_until_he_tells_one() -> None:
    course = Course()
    course.tell({LOG: 5, AMI: 5})
    for _ in range(EVENTS):
        course.tell({AMI: 1}, QUIET / EVENTS)
    assert [Silent(LOG, QUIET, events=EVENTS)] == list(course.silence.silent(course.now))
    course.tell({LOG: 1})
    assert [] == course.silent()


@pytest.mark.parametrize(("events", "seconds"), [(EVENTS - 1, 2 * QUIET), (100, QUIET - 1)])
def test_too_few_events_or_too_short_a_time_say_nothing(events: int, seconds: float) -> None:
    course = Course()
    course.tell({AMI: events}, seconds)
    assert [] == course.silent()


def test_who_has_told_nothing_since_we_came_is_silent_if_he_ought_to_tell() -> None:
    course = Course()
    course.tell({AMI: EVENTS}, QUIET)
    assert [LOG] == course.silent()
    course.tell({LOG: EVENTS}, QUIET)
    assert [AMI] == course.silent()


def test_a_rotated_file_is_never_silent_and_one_that_spoke_is() -> None:
    course = Course()
    course.tell({AMI: 100, LOG: 100}, QUIET)
    assert [] == course.silent()
    course.tell({OLD: 1})
    course.tell({AMI: 100, LOG: 100}, QUIET)
    assert [OLD] == course.silent()


def test_who_was_away_begins_anew() -> None:
    course = Course()
    course.tell({LOG: EVENTS}, QUIET / 2)
    gone = course.told.pop(AMI)
    course.tell({LOG: EVENTS}, QUIET)
    course.tell({AMI: gone})
    assert [] == course.silent()
    course.tell({LOG: EVENTS}, QUIET)
    assert [AMI] == course.silent()


def test_what_two_tell_at_once_is_one_event() -> None:
    course = Course()
    for _ in range(EVENTS - 1):
        course.tell({AMI: 1, OLD: 1}, QUIET)
    assert [] == course.silent()


def test_when_all_are_silent_packets_tell() -> None:
    course = Course()
    course.silence.packets(PACKETS)
    course.tell({AMI: 1, LOG: 1})
    course.silence.packets(PACKETS + 1)
    course.tell({}, HUSH)
    assert [] == course.silent(), "those before the last event do not count"
    course.silence.packets(PACKETS - 1)
    assert [Silent(EVERYBODY, HUSH, packets=PACKETS)] == list(course.silence.silent(course.now)), "begun anew"
    course.tell({AMI: 1})
    assert [] == course.silent()
