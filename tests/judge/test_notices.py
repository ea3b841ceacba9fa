"""Notices beside security events: what either tells counts, and what both tell counts once."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import START, event

from amiguard.judge.notices import ENTRIES, PATIENCE, WITHIN, Notices
from amiguard.model import Prefix, SecurityEvent
from amiguard.sources.noticelines import Health, Notice

SOURCE = Prefix.parse("203.0.113.7")


def notice(
    kind: str = "ChallengeResponseFailed",
    *,
    service: bytes = b"PJSIP",
    account: bytes = b"101",
    call_id: bytes = b"891c7575@lab",
    firm: bool = True,
    address: Prefix = SOURCE,
) -> Notice:
    """What `made.event` says, by default."""
    return Notice(kind, service, address, 5060, account, call_id, b"why", firm)


class Listener:
    """Tells `Notices` what is read at which second, and keeps what it gave."""

    def __init__(self) -> None:
        self.notices = Notices()
        self.notices.counting.open("log")
        self.missing: list[SecurityEvent] = []

    def told(self, at: float, one: SecurityEvent | None = None) -> None:
        one = event(at=at) if one is None else one
        self.notices.now = START + at
        self.notices.told(one, one.time)

    def hear(
        self, at: float, one: Notice | None = None, log: str = "log", since: float | None = None
    ) -> None:
        self.notices.now = START + at
        found = self.notices.hear(one or notice(), log, START + (at if since is None else since))
        self.missing += [found] if found else []

    def tick(self, at: float, passed: float | None = None) -> None:
        self.missing += self.notices.due(START + at, START + (at if passed is None else passed))


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_a_notice_alone_counts_as_the_missing_event_after_a_second(listener: Listener) -> None:
    listener.hear(0.0)
    listener.tick(WITHIN)
    assert [] == listener.missing
    listener.tick(WITHIN + 0.1)
    listener.tick(WITHIN + 9.0)
    [missing] = listener.missing
    assert ("ChallengeResponseFailed", START, SOURCE) == (missing.kind, missing.time, missing.remote.address)
    assert (b"", b"") == (missing.local, missing.remote.transport)


@pytest.mark.parametrize("order", [(0.0, 0.5), (0.5, 0.0), (0.0, WITHIN), (WITHIN, 0.0)])
def test_an_event_within_a_second_pays_for_it_whichever_comes_first(
    listener: Listener, order: tuple[float, float]
) -> None:
    steps = sorted([(order[0], listener.told), (order[1], listener.hear)], key=lambda step: step[0])
    for at, step in steps:
        step(at)
    listener.tick(9.0)
    assert [] == listener.missing


@pytest.mark.parametrize("order", [(0.0, 1.1), (1.1, 0.0)])
def test_an_event_beyond_a_second_is_another_one(listener: Listener, order: tuple[float, float]) -> None:
    steps = sorted([(order[0], listener.told), (order[1], listener.hear)], key=lambda step: step[0])
    for at, step in steps:
        step(at)
    listener.tick(9.0)
    assert 1 == len(listener.missing)


def test_an_event_pays_for_one_notice_only(listener: Listener) -> None:
    """Or a visible guess would shelter any number of others."""
    listener.told(0.0)
    for _ in range(3):
        listener.hear(0.1)
    listener.tick(9.0)
    assert 2 == len(listener.missing)


@pytest.mark.parametrize(
    ("words", "paid"),
    [
        ({"account": b"102"}, True),
        ({"session": b"another"}, True),
        ({"account": b"102", "session": b"another"}, False),
        ({"source": "203.0.113.8"}, False),
        ({"service": b"SIP"}, False),
        ({"kind": "InvalidAccountID"}, False),
        ({"account": b"x", "session": b"y", "tampered": True}, True),
    ],
)
def test_an_event_pays_by_address_and_call_id_or_account(
    listener: Listener, words: dict[str, str], paid: bool
) -> None:
    listener.told(0.0, event(**words))  # type: ignore[arg-type]  # each is of its parameter's type
    listener.hear(0.0)
    listener.tick(9.0)
    assert paid == (listener.missing == [])


def test_an_account_that_the_event_has_cut_is_the_same(listener: Listener) -> None:
    listener.told(0.0, event("InvalidAccountID", account=b"a" * 36, session=b"x"))
    listener.hear(0.0, notice("InvalidAccountID", account=b"a" * 99))
    listener.tick(9.0)
    assert [] == listener.missing


AMI_KINDS = ["InvalidAccountID", "FailedACL"]


@pytest.mark.parametrize("kind", AMI_KINDS)
def test_an_ami_login_that_makes_two_notices_counts_once(listener: Listener, kind: str) -> None:
    for each in (kind, "InvalidPassword"):
        listener.hear(0.0, notice(each, service=b"AMI", call_id=b""))
    listener.tick(9.0)
    assert [kind] == [missing.kind for missing in listener.missing]


@pytest.mark.parametrize("kind", AMI_KINDS)
@pytest.mark.parametrize("first", [True, False])
def test_an_ami_login_that_makes_an_event_and_two_notices_counts_once(
    listener: Listener, kind: str, first: bool
) -> None:
    said = event(kind, service=b"AMI", session=b"0x7f", transport=b"TCP")
    if first:
        listener.told(0.0, said)
    for each in (kind, "InvalidPassword"):
        listener.hear(0.0, notice(each, service=b"AMI", call_id=b""))
    if not first:
        listener.told(0.0, said)
    listener.tick(9.0)
    assert [] == listener.missing


def test_a_wrong_md5_key_names_no_account_and_pays_all_the_same(listener: Listener) -> None:
    listener.told(0.0, event(service=b"AMI", account=b"", session=b"0x7f", transport=b"TCP"))
    listener.hear(0.0, notice("InvalidPassword", service=b"AMI", call_id=b""))
    listener.tick(9.0)
    assert [] == listener.missing


def test_iax2_has_no_events_and_counts_at_once(listener: Listener) -> None:
    listener.told(0.0, event(service=b"IAX2"))
    listener.hear(0.0, notice(service=b"IAX2"))
    assert [b"UDP"] == [missing.remote.transport for missing in listener.missing]


def test_a_notice_that_is_not_firm_is_hidden_and_blames_nobody(listener: Listener) -> None:
    listener.hear(0.0, notice(firm=False))
    listener.tick(9.0)
    assert ([], 1) == (listener.missing, listener.notices.hidden)


def test_a_notice_that_is_not_firm_and_has_its_event_is_not_hidden(listener: Listener) -> None:
    listener.hear(0.0, notice(firm=False))
    listener.told(0.0)
    listener.tick(9.0)
    assert 0 == listener.notices.hidden


@pytest.mark.parametrize("firm", [(False, True), (True, False), (True, True)])
def test_two_logs_of_the_same_notices_count_once_and_the_firm_one_holds(
    listener: Listener, firm: tuple[bool, bool]
) -> None:
    listener.notices.counting.open("other")
    for log, sure in zip(("log", "other"), firm, strict=True):
        listener.hear(0.0, notice(firm=sure), log)
    listener.tick(9.0)
    assert (1, 0) == (len(listener.missing), listener.notices.hidden)


def test_two_logs_of_the_same_notice_that_is_not_firm_hide_one_attempt(listener: Listener) -> None:
    listener.notices.counting.open("other")
    for log in ("log", "other"):
        listener.hear(0.0, notice(firm=False), log)
    listener.tick(9.0)
    assert (0, 1) == (len(listener.missing), listener.notices.hidden)


def test_while_the_security_log_lags_a_notice_waits(listener: Listener) -> None:
    listener.hear(0.0)
    listener.tick(30.0, passed=0.5)
    assert [] == listener.missing
    listener.told(31.0, event(at=0.2))
    listener.tick(32.0)
    assert ([], 0) == (listener.missing, listener.notices.uncompared)


def test_what_waits_for_too_long_counts_for_nothing(listener: Listener) -> None:
    listener.hear(0.0)
    listener.tick(PATIENCE + 1.0, passed=0.5)
    listener.tick(PATIENCE + 9.0)
    assert ([], 1) == (listener.missing, listener.notices.uncompared)


def test_a_log_of_notices_that_lags_finds_the_events_of_its_time(listener: Listener) -> None:
    listener.told(0.0)
    listener.hear(20.0, since=0.5)
    listener.tick(40.0)
    assert [] == listener.missing


def test_a_log_of_notices_that_lags_further_than_events_are_remembered_counts_for_nothing(
    listener: Listener,
) -> None:
    listener.told(0.0)
    listener.tick(PATIENCE + 1.0)
    listener.hear(PATIENCE + 2.0, since=0.5)
    listener.tick(PATIENCE + 9.0)
    assert ([], 1) == (listener.missing, listener.notices.uncompared)


def test_what_is_remembered_is_bounded_and_what_is_given_up_counts_for_nothing(listener: Listener) -> None:
    for n in range(ENTRIES + 2):
        listener.hear(0.0, notice(account=b"%d" % n, call_id=b"x" * 60_000))
    listener.tick(9.0)
    assert (ENTRIES, 2) == (len(listener.missing), listener.notices.uncompared)
    assert 256 >= max(len(missing.session) for missing in listener.missing)


def test_a_dropped_event_is_hidden_unless_a_notice_of_the_moment_has_no_event(listener: Listener) -> None:
    for at in (0.0, 10.0):
        listener.hear(at)
        listener.notices.health(Health("event dropped", b"ChallengeResponseFailed"))
    listener.told(10.0)
    listener.tick(20.0)
    assert (1, 1) == (len(listener.missing), listener.notices.hidden)


@pytest.mark.parametrize(("at", "hidden"), [(0.9, 0), (5.0, 1)])
def test_a_dropped_event_waits_for_the_notice_of_its_moment(
    listener: Listener, at: float, hidden: int
) -> None:
    listener.notices.now = START
    listener.notices.health(Health("event dropped", b"InvalidPassword"))
    listener.tick(0.5)
    listener.hear(at)
    for tick in (1.5, 3.5, 20.0):
        listener.tick(tick)
    assert (1, hidden) == (len(listener.missing), listener.notices.hidden)


def test_dropped_events_are_all_counted_however_many(listener: Listener) -> None:
    listener.notices.now = START
    for _ in range(10_000):
        listener.notices.health(Health("event dropped", b"InvalidPassword"))
    listener.tick(20.0)
    assert 10_000 == listener.notices.hidden


def test_dropped_records_are_counted_apart(listener: Listener) -> None:
    listener.notices.health(Health("records dropped", b"1000"))
    listener.tick(20.0)
    assert (0, 1) == (listener.notices.hidden, listener.notices.overflows)


def test_a_clock_that_is_set_makes_nothing_count_twice(listener: Listener) -> None:
    listener.told(0.0)
    listener.hear(0.0, notice(account=b"a", call_id=b"b"))
    listener.notices.shift(-3600.0)
    listener.hear(-3599.9)
    listener.told(-3599.9, event(at=-3599.9, account=b"a", session=b"b"))
    listener.tick(-3590.0)
    assert [] == listener.missing


class Attempt(NamedTuple):
    """One attempt: when, by whose account, when each copy is read, and which copies there are."""

    at: float
    account: bytes
    event_delay: float
    notice_delay: float
    seen: str


DELAYS = st.floats(0.0, 0.45)
ATTEMPTS = st.builds(
    Attempt,
    st.floats(0.0, 20.0),
    st.sampled_from([b"101", b"102"]),
    DELAYS,
    DELAYS,
    st.sampled_from(["event", "notice", "both"]),
)


@given(st.lists(ATTEMPTS, max_size=30), st.lists(st.floats(0.0, 25.0), max_size=20))
def test_each_attempt_counts_once_in_any_order(attempts: list[Attempt], ticks: list[float]) -> None:
    """Who is seen both ways, never twice; an event whose own notice was lost may pay for another's."""
    listener = Listener()
    steps: list[tuple[float, int, Attempt | None]] = [(tick, 0, None) for tick in ticks]
    for each in attempts:
        steps += [(each.at + each.event_delay, 1, each)] * (each.seen != "notice")
        steps += [(each.at + each.notice_delay, 2, each)] * (each.seen != "event")
    for at, what, attempt in sorted(steps, key=lambda step: step[:2]):
        if attempt is None:
            listener.tick(at)
        elif what == 1:
            listener.told(at, event(at=attempt.at, account=attempt.account, session=attempt.account))
        else:
            listener.hear(at, notice(account=attempt.account, call_id=attempt.account))
    listener.tick(99.0)
    counted = {
        account: sum(missing.account == account for missing in listener.missing)
        for account in (b"101", b"102")
    }
    for account, missing in counted.items():
        mine = [each.seen for each in attempts if each.account == account]
        assert missing <= mine.count("notice")
        assert missing >= mine.count("notice") - mine.count("event")
    assert listener.notices.missing == sum(counted.values())
