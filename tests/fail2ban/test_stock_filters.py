"""fail2ban's own filters, read by us, on the samples that its package carries for them."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

import pytest
import samples

from amiguard.fail2ban.files import load
from amiguard.fail2ban.matcher import Failure, Matcher

if TYPE_CHECKING:
    from samples import Sample

FEWEST = 80
"""Filters that fail2ban's package has at least."""
RIGHT = 0.98
"""Of all samples; with fail2ban 1.0.2 it is each one."""

pytestmark = pytest.mark.skipif(
    not samples.LOGS.is_dir(), reason="needs the samples of Debian's fail2ban package"
)


class Score(NamedTuple):
    right: int
    wrong: list[tuple[str, str]]


def matcher(name: str, options: tuple[tuple[str, str], ...]) -> Matcher:
    return Matcher(load(samples.FILTERS / f"{name}.conf"), dict(options), samples.ZONE)


@cache
def score(name: str) -> Score:
    """How many samples of a filter come out as they must, and those that do not."""
    ready: dict[tuple[tuple[str, str], ...], Matcher] = {}
    right, wrong = 0, []
    for sample in samples.samples(name):
        key = tuple(sorted(sample.options.items()))
        one = ready.get(key) or ready.setdefault(key, matcher(name, key))
        if as_told(sample, reading(one, sample)):
            right += 1
        else:
            wrong.append((name, sample.line))
    return Score(right, wrong)


def reading(one: Matcher, sample: Sample) -> Failure | None:
    if sample.journal is None:
        return one.read(sample.line, samples.NOW)
    found = one.named(sample.journal + sample.line)
    return found and found._replace(time=sample.time)


def as_told(sample: Sample, found: Failure | None) -> bool:
    if found is None or sample.who is None:
        return found is None and sample.who is None
    same = not sample.who or plain(sample.who) == plain(found.who)
    return same and (sample.time is None or sample.time == found.time)


def plain(who: str) -> str:
    try:
        return str(ip_address(who))
    except ValueError:
        return who


def stock() -> list[str]:
    return sorted(p.stem for p in samples.FILTERS.glob("*.conf") if not p.stem.endswith("common"))


@pytest.mark.parametrize("name", stock())
def test_every_filter_is_understood(name: str) -> None:
    assert Matcher(load(samples.FILTERS / f"{name}.conf"))


def test_there_are_so_many_filters() -> None:
    assert len(stock()) >= FEWEST
    assert len(samples.names()) >= FEWEST


def test_the_samples_come_out_as_they_must() -> None:
    scores = [score(name) for name in samples.names()]
    right, wrong = sum(each.right for each in scores), [line for each in scores for line in each.wrong]
    assert right > 1000
    assert right / (right + len(wrong)) >= RIGHT, wrong


@pytest.mark.parametrize("name", samples.names())
def test_no_sample_that_tells_of_something_is_passed_over(name: str) -> None:
    """Lines without a text that an expression needs are not even tried."""
    for sample in samples.samples(name):
        if sample.who is not None:
            one = matcher(name, tuple(sorted(sample.options.items())))
            line = ((sample.journal or "") + sample.line).encode("utf-8", "replace") + b"\n"
            assert [(0, len(line) - 1)] == list(one.worth(line)), line


def test_asterisks_samples_all_do() -> None:
    found = score("asterisk")
    assert [] == found.wrong
    assert found.right > 40
