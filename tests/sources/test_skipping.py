"""What may be passed over: of log-ins alike, all but the first of a minute."""

from __future__ import annotations

import written
from hypothesis import given
from hypothesis import strategies as st
from patience import looked

from amiguard.model import SecurityEvent
from amiguard.sources.securitylog import SecurityLog

REMOTES = (b"IPV4/UDP/203.0.113.7/5060", b"IPV4/UDP/203.0.113.7/5061", b"IPV4/TLS/192.0.2.1/5061")
TIMES = [b"2026-11-21T22:%02d:%02d.487+0000" % (minute, at) for minute in (1, 2) for at in (1, 59)]
words = st.builds(
    written.HONEST._replace,
    account=st.sampled_from((b"101", b"102")),
    session=st.sampled_from((b"a", b"b")),
    remote=st.sampled_from(REMOTES),
    eventtv=st.sampled_from(TIMES),
)
records = st.builds(
    lambda kind, about, password: written.record(kind, about, UsingPassword=password),
    st.sampled_from(("SuccessfulAuth",) * 4 + ("ChallengeResponseFailed",)),
    words,
    st.sampled_from((b"0", b"1")),
)


def events(log: SecurityLog, data: bytes) -> list[SecurityEvent]:
    return [outcome for outcome in log.feed(data, written.NOON) if isinstance(outcome, SecurityEvent)]


def first_of_each_minute(told: list[SecurityEvent]) -> list[SecurityEvent]:
    """By the book: a log-in is dropped when the last one like it was of the same minute."""
    minutes: dict[object, float] = {}
    kept = []
    for event in told:
        alike = (event.account, event.service, event.local, event.remote, event.details)
        minute = event.time // 60
        if event.kind != "SuccessfulAuth" or minutes.get(alike) != minute:
            kept.append(event)
        if event.kind == "SuccessfulAuth":
            minutes[alike] = minute
    return kept


@looked(100)
@given(st.lists(records, max_size=12), st.booleans())
def test_only_log_ins_like_one_of_the_same_minute_are_passed_over(told: list[bytes], as_json: bool) -> None:
    data = b"".join(map(written.as_json if as_json else written.classic, told))
    log = SecurityLog(skip_repeats=True)
    whole, kept = events(SecurityLog(), data), events(log, data)
    assert first_of_each_minute(whole) == kept
    assert len(whole) - len(kept) == log.skipped


def test_by_default_none_is_passed_over() -> None:
    login = written.classic(written.record("SuccessfulAuth"))
    assert len(events(SecurityLog(), login * 3)) == 3
