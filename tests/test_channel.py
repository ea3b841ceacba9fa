"""One followed log: when the place it has reached can be resumed from, and what it tells."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
import written
from lab import Service, attack, attempt, until

from amiguard import config
from amiguard.channel import Channel
from amiguard.judge.forgery import Forgery
from amiguard.judge.guard import Guard
from amiguard.model import Verdict

if TYPE_CHECKING:
    from pathlib import Path

OPEN = attempt("203.0.113.9").partition(b"101")[0] + b"1\n"
"""The first half of a record into which somebody has put a line break."""


def channel(forgery: Forgery | None = None) -> Channel:
    return Channel("log", Guard(config.parse("", "defaults")), forgery)


def feed(one: Channel, data: bytes, receipt: float) -> list[object]:
    return list(one.feed(data, receipt, backlog=False))


def test_a_record_cut_in_two_unsettles_for_a_second_or_until_its_rest_has_come() -> None:
    one = channel()
    feed(one, attack("203.0.113.7"), 100.0)
    assert one.settled(100.0)
    feed(one, OPEN, 101.0)
    assert not one.settled(101.9)
    assert one.settled(102.1)
    feed(one, b'01"' + attempt("203.0.113.9").partition(b'101"')[2], 101.5)
    assert one.settled(101.5)


def test_it_counts_what_it_was_told() -> None:
    one = channel()
    outcomes = feed(one, attack("203.0.113.7") + b"rubbish\n" + attempt("203.0.113.8"), 100.0)
    assert 1 == sum(isinstance(outcome, Verdict) for outcome in outcomes)
    assert 1 <= one.ambiguous.total()
    assert 5 <= one.events <= 6
    assert ("classic", False) == (one.form, one.forgeable)


def test_with_ami_over_http_anything_but_json_is_forgeable_and_proves_nothing() -> None:
    one = channel(Forgery(lambda: False))
    assert one.forgeable
    verdicts = [each for each in feed(one, attack("203.0.113.7"), 100.0) if isinstance(each, Verdict)]
    assert [("unproven", "door")] == [(each.ban.proof, each.ban.scope) for each in verdicts]


def test_beside_a_json_log_a_log_that_can_be_forged_is_read_but_not_judged() -> None:
    one = channel(Forgery(lambda: True))
    assert [] == feed(one, attack("203.0.113.7"), 100.0)
    assert 5 == one.events
    as_json = b"".join(
        written.as_json(line.partition(b"c: ")[2][:-1]) for line in attack("203.0.113.7").splitlines(True)
    )
    (verdict,) = feed(channel(Forgery(lambda: True)), as_json, 100.0)
    assert isinstance(verdict, Verdict)
    assert "house" == verdict.ban.scope


@pytest.mark.kernel
def test_a_log_that_ends_within_a_record_holds_up_the_memory_for_no_more_than_a_moment(
    tmp_path: Path,
) -> None:
    """What was judged before it is remembered, the place too, so that a restart counts nothing twice."""
    with Service(tmp_path) as service:
        service.write(attack("203.0.113.7", times=4) + attack("203.0.113.8") + OPEN)
        until(lambda: service.ask("history")[1], "the ban remembered", 4)
        assert service.log.stat().st_size == offset(service)
        service.kill()
        service.start()
        service.write(attempt("198.51.100.1") * 20 + attempt("203.0.113.7"))
        service.until_banned("203.0.113.7/32")
        assert 1 == service.bans()["203.0.113.8/32"]["strike"]


@pytest.mark.kernel
def test_stopping_within_a_record_counts_nothing_twice(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.await_news("WATCHDOG=1")
        service.write(attack("203.0.113.7", times=3) + OPEN)
        service.until_read(3)
        assert 0 == service.stop()
        service.start()
        service.write(attempt("198.51.100.1") * 3)
        service.until_read(3)
        assert {"198.51.100.1/32"} >= service.bans().keys()


def offset(service: Service) -> int:
    with sqlite3.connect(service.root / "state" / "amiguard.db") as store:
        [(place,)] = store.execute('SELECT "offset" FROM positions')
    store.close()
    return int(place)
