"""Every recorded attack on every pair of channels: nobody innocent is blamed, and every attacker is."""

from __future__ import annotations

import random
import re

import pytest
import twoears
from lab import eventtv
from made import START
from recorded import FORGED, HONEST_PHONE, OVERSIZE, WORTHLESS, Case, cases
from twoears import ENDLESS, LISTENING, House

from amiguard.model import Prefix, SecurityEvent

RECEIPT = START + 86_000
"""So long after the recordings that all of their times are believed."""
LOOPBACK = {Prefix.parse("127.0.0.1"), Prefix.parse("::1")}
"""Is never blamed for anything."""
AMI_ALONE, WITH_CLASSIC, WITH_JSON = ("", "security", "json")
each_log = pytest.mark.parametrize("log", [AMI_ALONE, WITH_CLASSIC, WITH_JSON])
RECORDED = [case for case in cases() if case.read("ami") or case.read("json")]
each_case = pytest.mark.parametrize("case", RECORDED, ids=str)


def heard(case: Case, log: str, *, over_http: bool = False) -> House:
    """The house after both channels have told all of it, line by line in turns."""
    house = House(ENDLESS, over_http=over_http)
    house.turn(LISTENING)
    lines = re.findall(rb"[^\n]*\n|[^\n]+", case.read(log)) if log else []
    told = twoears.found(case.read("ami"))
    for at in range(max(len(lines), len(told))):
        for line in lines[at : at + 1]:
            house.read(line, RECEIPT)
        house.hear(told[at : at + 1], RECEIPT)
    return house


def blamed(house: House) -> set[Prefix]:
    return set(house.guard.scorer)


def failures(case: Case) -> int:
    """Failures that were told, worth points or not."""
    return case.read("json").count(b'Severity=\\"Error') + case.read("ami").count(b"\r\nSeverity: Error\r\n")


@each_log
@each_case
def test_nobody_is_blamed_but_a_true_source(case: Case, log: str) -> None:
    if case.name not in FORGED:
        assert blamed(heard(case, log)) <= {source.within(64) for source in case.sources}


@each_log
@each_case
def test_the_honest_phone_is_not_blamed(case: Case, log: str) -> None:
    assert HONEST_PHONE not in blamed(heard(case, log))


@each_log
@each_case
def test_every_attack_worth_points_is_blamed_on_its_source(case: Case, log: str) -> None:
    if failures(case) and case.name not in WORTHLESS and not case.sources <= LOOPBACK:
        assert blamed(heard(case, log))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", [case for case in RECORDED if case.release == "asterisk20"], ids=str)
def test_two_channels_of_one_run_score_like_one(case: Case, seed: int) -> None:
    """However the one is ahead of the other."""
    lines, told = case.read("json").splitlines(keepends=True), twoears.found(case.read("ami"))
    one, two, chance = House(ENDLESS), House(ENDLESS), random.Random(seed)
    two.turn(LISTENING)
    for line in lines:
        one.read(line, RECEIPT)
    turns = ["log"] * len(lines) + ["ami"] * len(told)
    chance.shuffle(turns)
    for turn in turns:
        if turn == "log":
            two.read(lines.pop(0), RECEIPT)
        else:
            two.hear([told.pop(0)], RECEIPT)
    assert scores(one) == scores(two)


def scores(house: House) -> dict[Prefix, tuple[float, float]]:
    suspects = {source: house.guard.scorer.get(source) for source in house.guard.scorer}
    return {source: (each.fast_proven, round(each.fast, 2)) for source, each in suspects.items() if each}


@pytest.mark.parametrize("case", [case for case in RECORDED if case.name in FORGED], ids=str)
def test_what_was_forged_over_http_is_told_from_the_truth_by_json_and_else_proves_nothing(case: Case) -> None:
    house = heard(case, WITH_JSON, over_http=True)
    assert set() < blamed(house) <= case.sources
    for log in (AMI_ALONE, WITH_CLASSIC):
        guard = heard(case, log, over_http=True).guard
        assert not any(suspect.proven for source in guard.scorer if (suspect := guard.scorer.get(source)))
        assert not len(guard.friends)


@pytest.mark.parametrize("case", [case for case in RECORDED if case.name in OVERSIZE], ids=str)
def test_what_the_json_log_cuts_the_ami_completes_even_where_it_could_be_forged(case: Case) -> None:
    """Log and AMI come from two runs: here the log has the AMI's times."""
    house = House(ENDLESS, over_http=True)
    house.turn(LISTENING)
    events = twoears.events(case.read("ami"))
    lines = case.read("json").splitlines(keepends=True)
    assert len(events) == len(lines)
    house.read(lines[-1], RECEIPT)
    for line, event in zip(lines, events, strict=True):
        house.read(_at(line, event), RECEIPT)
        house.hear([event], RECEIPT)
    assert {Prefix.parse("198.51.100.66")} == blamed(house)


def _at(line: bytes, event: SecurityEvent) -> bytes:
    return re.sub(rb'EventTV=\\"[^\\]*', b'EventTV=\\"' + eventtv(event.time), line, count=1)
