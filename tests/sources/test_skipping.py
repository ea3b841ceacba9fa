"""What may be passed over: log-ins like one that was told within the same half hour of the clock."""

from __future__ import annotations

import fakeasterisk
import pytest
import written
from hypothesis import given
from hypothesis import strategies as st
from patience import looked

from amiguard.model import SecurityEvent
from amiguard.sources.amievents import AmiEvents
from amiguard.sources.securitylog import SecurityLog

REMOTES = (b"IPV4/UDP/203.0.113.7/5060", b"IPV4/UDP/203.0.113.7/5061", b"IPV4/TLS/192.0.2.1/5061")
TIMES = [b"2026-11-21T22:%02d:%02d.487+0000" % (minute, at) for minute in (1, 29, 30) for at in (1, 30)]
words = st.builds(
    written.HONEST._replace,
    account=st.sampled_from((b"101", b"102")),
    session=st.sampled_from((b"a", b"b")),
    remote=st.sampled_from(REMOTES),
    eventtv=st.sampled_from(TIMES),
)
kinds = st.sampled_from(("SuccessfulAuth",) * 4 + ("ChallengeResponseFailed",))
told = st.lists(st.tuples(kinds, words, st.sampled_from((b"0", b"1"))), max_size=12)
FORMS = {
    "classic": lambda *record: written.classic(written.record(*record[:2], UsingPassword=record[2])),
    "json": lambda *record: written.as_json(written.record(*record[:2], UsingPassword=record[2])),
    "ami": lambda *record: fakeasterisk.event(*record[:2], UsingPassword=record[2]) + b"\r\n\r\n",
}


def reader(form: str, *, skip_repeats: bool) -> SecurityLog | AmiEvents:
    return (AmiEvents if form == "ami" else SecurityLog)(skip_repeats=skip_repeats)


def events(channel: SecurityLog | AmiEvents, data: bytes) -> list[SecurityEvent]:
    read = channel.read if isinstance(channel, AmiEvents) else channel.feed
    return [outcome for outcome in read(data, written.NOON) if isinstance(outcome, SecurityEvent)]


def first_of_half_an_hour(told: list[SecurityEvent]) -> list[SecurityEvent]:
    """By the book: a log-in is dropped when one like it was kept from the same half hour."""
    seen: set[object] = set()
    kept = []
    for event in told:
        alike = (event.account, event.service, event.local, event.remote, event.details, event.time // 1800)
        if event.kind != "SuccessfulAuth" or alike not in seen:
            kept.append(event)
            seen.add(alike)
    return kept


@pytest.mark.parametrize("form", FORMS)
@looked(100)
@given(told)
def test_only_log_ins_like_one_of_the_same_half_hour_are_passed_over(
    form: str, told: list[tuple[str, written.Words, bytes]]
) -> None:
    data = b"".join(FORMS[form](*each) for each in told)
    skipping = reader(form, skip_repeats=True)
    whole, kept = events(reader(form, skip_repeats=False), data), events(skipping, data)
    assert first_of_half_an_hour(whole) == kept
    assert len(whole) - len(kept) == skipping.skipped


@pytest.mark.parametrize("form", FORMS)
def test_by_default_none_is_passed_over(form: str) -> None:
    login = FORMS[form]("SuccessfulAuth", written.HONEST, b"1")
    assert len(events(AmiEvents() if form == "ami" else SecurityLog(), login * 3)) == 3


@pytest.mark.parametrize("form", FORMS)
def test_a_log_in_with_a_time_that_is_none_is_never_passed_over(form: str) -> None:
    login = FORMS[form]("SuccessfulAuth", written.HONEST._replace(eventtv=b"1-1-1-1-1-1-1"), b"1")
    skipping = reader(form, skip_repeats=True)
    assert [] == events(skipping, login * 3)
    assert skipping.skipped == 0
