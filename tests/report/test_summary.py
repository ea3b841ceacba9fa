"""What a report adds up."""

from __future__ import annotations

import math

import pytest
from made import ATTACKER, START
from reported import SOURCE, attack, ban, material

from amiguard.judge.tallies import HOUR, Tally
from amiguard.model import Alarm, Prefix
from amiguard.report.material import Standing
from amiguard.report.summary import SHOWN, Account, Count, Network, summarise
from amiguard.store import DropRow

FIRST = int(START // HOUR)


def test_a_day_without_events_is_told_as_such() -> None:
    report = summarise(material())
    assert ((), (), (), (), None) == (
        report.attempts.series,
        report.bans.series,
        report.networks,
        report.accounts,
        report.delays,
    )


def test_failures_are_counted_by_what_they_are() -> None:
    tallies = [
        Tally(FIRST, "InvalidPassword", "AMI", "TCP", "proven", 3),
        Tally(FIRST - 2, "InvalidAccountID", "PJSIP", "UDP", "unproven", 5),
        Tally(FIRST - 2, "tampering", "PJSIP", "", "unproven", 2),
    ]
    report = summarise(material(tallies=tallies))
    assert [("InvalidAccountID", 5), ("InvalidPassword", 3), ("tampering", 2)] == [
        (one.name, one.total) for one in report.attempts.series
    ]
    assert (Count("UDP", 5), Count("TCP", 3), Count("?", 2)) == report.failures["transport"]
    assert (Count("unproven", 7), Count("proven", 3)) == report.failures["proof"]
    assert 2 == report.tampering


def test_networks_are_those_of_the_banned_with_what_they_lost() -> None:
    rows = [ban(f"203.0.113.{n}") for n in (7, 7, 8)] + [ban("2001:db8:1:2::/64"), ban("2001:db8:1:3::/64")]
    running = [
        Standing(rows[0].ban, 10, 900),
        Standing(rows[3].ban, 5, 100),
        Standing(ban(ATTACKER).ban, 1, 1),
    ]
    report = summarise(material(bans=rows, running=running))
    assert (
        Network(Prefix.parse("203.0.113.0/24"), 3, 2, 11 if ATTACKER.startswith("203.0.113.") else 10),
        Network(Prefix.parse("2001:db8:1::/48"), 2, 2, 5),
    ) == report.networks
    assert (4, 3, 16, 1001) == (report.sources, report.in_force, report.packets, report.bytes)


def test_accounts_are_those_of_the_evidence_by_how_many_sources_tried_them() -> None:
    rows = [
        ban("203.0.113.7", -100, accounts=(b"101", b"101", b"102")),
        ban("203.0.113.8", -200, accounts=(b"102",)),
    ]
    report = summarise(material(bans=rows))
    assert (
        Account(b"102", 2, 2, START - 100),
        Account(b"101", 2, 1, START - 101),
    ) == report.accounts


def test_the_time_to_a_ban_is_counted_from_the_oldest_record() -> None:
    rows = [ban(f"203.0.113.{n}", -n, accounts=(b"1",) * n) for n in (1, 2, 4, 8)]
    delays = summarise(material(bans=rows)).delays
    assert delays
    assert (4, 2.0, 7.0) == (delays.bans, delays.median, delays.ninth_decile)
    assert [2, 2, 0, 0, 0, 0] == [row.times for row in delays.spread]


def test_accounts_that_exist_come_first_then_those_with_the_most_sources() -> None:
    few, many, none = attack(b"1", sources=2), attack(b"2", sources=9), attack(b"3", sources=99, exists=False)
    assert (many, few, none) == summarise(material(attacks=[none, few, many])).attacks


def test_what_was_dropped_is_shown_by_its_hour() -> None:
    report = summarise(material(drops=[DropRow(FIRST - 2, 30), DropRow(FIRST, 5)]))
    [series] = report.drops.series
    assert [30, 0, 5] == list(series.values[-3:])


def test_who_tampered_is_named() -> None:
    report = summarise(material(bans=[ban(tampered=True), ban("203.0.113.8")]))
    assert (Count("203.0.113.7", 1),) == report.tamperers


def test_bans_without_evidence_count_too() -> None:
    row = ban(origin="operator")._replace(evidence=b"")
    report = summarise(material(bans=[row]))
    assert ((Count("operator", 1),), None) == (report.sentences["origin"], report.delays)


def test_alarms_of_before_are_left_out() -> None:
    old, new = (Alarm("breach", SOURCE, START + at, "logged in") for at in (-9e6, -60))
    assert (new,) == summarise(material(alarms=[new, old])).alarms


def test_lists_are_as_long_as_can_be_read() -> None:
    rows = [ban(f"10.{n}.0.1", accounts=(b"%d" % n,)) for n in range(2 * SHOWN)]
    report = summarise(material(bans=rows, running=[Standing(row.ban, 1, 1) for row in rows]))
    assert report.running
    assert {SHOWN} == {*map(len, (report.networks, report.accounts, report.newest, report.running))}
    assert (2 * SHOWN, 2 * SHOWN) == (report.sources, report.in_force)


def test_those_that_dropped_most_come_first() -> None:
    standing = [Standing(ban(f"203.0.113.{n}").ban, packets, 0) for n, packets in enumerate((1, 9, 5))]
    report = summarise(material(running=standing))
    assert report.running
    assert [9, 5, 1] == [one.packets for one in report.running]


@pytest.mark.parametrize("until", [math.inf, START + 60])
def test_a_ban_for_ever_is_a_ban(until: float) -> None:
    row = ban()
    row = row._replace(ban=row.ban._replace(until=until))
    assert 1 == summarise(material(bans=[row])).sources
