"""A JSON record that Asterisk cut confirms the AMI event of which it is the beginning, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fakeasterisk
import pytest
import twoears
import written
from hostile import CUT
from hypothesis import given
from hypothesis import strategies as st
from patience import looked
from recorded import OVERSIZE, Case, cases
from written import Words

from amiguard.model import Endpoint, Prefix, SecurityEvent
from amiguard.sources.cutrecord import LEAST, Beginning, can_be_cut
from amiguard.sources.securitylog import Ambiguous, SecurityLog

if TYPE_CHECKING:
    from collections.abc import Iterable

VICTIM = Prefix.parse("198.51.100.99")
KINDS = ("InvalidAccountID", "ChallengeSent", "ChallengeResponseFailed", "FailedACL")
RECORDED = [case for case in cases() if case.name in OVERSIZE]

_fragments = st.lists(
    st.sampled_from(
        (*('"', ",", "\\", "\u2028", "é", "\x1b", "\x7f", "€", "𝄞"), '",LocalAddress="IPV4/UDP/9.9.9.9/1')
    ),
    max_size=4,
).map(lambda parts: "".join(parts).encode())
_accounts = st.sampled_from(
    (b"101", b"<unknown>", b'1",SessionID="x', b"a\r\n\r\nEvent: x\r\nb", "é".encode())
)
_sessions = st.builds(
    lambda before, filler, length, behind: before + (filler * length)[:length] + behind,
    *(_fragments, st.sampled_from((b"C", "é€".encode(), b"\x1b", b'"')), st.integers(7900, 9000), _fragments),
).map(lambda session: session.decode("utf-8", "ignore").encode())
_peers = st.sampled_from((b"IPV4/UDP/203.0.113.7/5061", b"IPV6/TLS/2001:db8::7/5061"))


def cut(kind: str, words: Words, **details: bytes) -> Beginning | None:
    """What the log tells of a record that it holds no more than the beginning of."""
    line = written.as_json(written.record(kind, words, **details))[:-1]
    (found,) = SecurityLog(skip_challenges=False).feed(line[:CUT] + b"\n", 0.0)
    assert isinstance(found, Ambiguous)
    assert len(line) > CUT
    return found.beginning


def told(kind: str, words: Words, **details: bytes) -> SecurityEvent:
    """What the AMI tells of the same."""
    (event,) = twoears.events(fakeasterisk.event(kind, words, **details) + b"\r\n\r\n")
    return event


@looked(150)
@given(st.sampled_from(KINDS), _accounts, _sessions, _peers)
def test_it_confirms_the_event_that_the_ami_tells(
    kind: str, account: bytes, session: bytes, remote: bytes
) -> None:
    words = Words(account=account, session=session, remote=remote)
    beginning, event = cut(kind, words), told(kind, words)
    assert beginning is not None
    assert can_be_cut(event)
    assert beginning.is_of(event)


@looked(150)
@given(_sessions, st.integers(0, 1000))
def test_it_confirms_none_that_begins_otherwise(session: bytes, at: int) -> None:
    """The first thousand bytes of a session are in the log however they are escaped."""
    words = Words(session=session)
    beginning, event = cut("InvalidAccountID", words), told("InvalidAccountID", words)
    assert beginning is not None
    other = session[:at] + (b"x" if session[at : at + 1] != b"x" else b"y") + session[at + 1 :]
    changes = ({"session": other}, {"account": b"102"}, {"time": event.time + 0.001}, {"service": b"SIP"})
    changes = (*changes, {"kind": "FailedACL"}, {"session": session[:at]})
    assert [False] * 6 == [beginning.is_of(event._replace(**change)) for change in changes]


@pytest.mark.parametrize("kind", ["ChallengeResponseFailed", "InvalidAccountID"])
def test_wherever_the_cut_falls_the_source_is_the_true_one(kind: str) -> None:
    """Behind the address as well: who moves the cut with the length of a Call-ID hides nothing."""
    details = {"ExpectedResponse": b"7ae6" * 8} if kind[0] == "C" else {}
    shortest = CUT - len(written.as_json(written.record(kind, Words(session=b""), **details))) + 2
    for length in range(shortest, shortest + 280):
        words = Words(session=b"C" * length)
        beginning, event = cut(kind, words, **details), told(kind, words, **details)
        assert beginning is not None
        assert beginning.is_of(event)
        assert beginning.is_of(_from_victim(event)) is (b'RemoteAddress="IPV4/U' not in beginning.words)


def _from_victim(event: SecurityEvent) -> SecurityEvent:
    return event._replace(remote=Endpoint(b"TCP", VICTIM, 5061))


def test_an_account_of_the_ami_over_http_has_no_end_that_could_be_believed() -> None:
    words = Words(service=b"AMI", account=b"A" * 8000, remote=b"IPV4/TCP/203.0.113.7/5038")
    assert cut("InvalidAccountID", words) is None
    assert not can_be_cut(told("InvalidAccountID", words))


def test_what_is_short_cannot_be_cut_even_if_each_byte_is_escaped() -> None:
    words = Words(session=b"\x01" * (LEAST - 4), account=b"101")
    assert not can_be_cut(told("InvalidAccountID", words))
    assert len(written.as_json(written.record("InvalidAccountID", words))) < CUT


@pytest.mark.parametrize("case", RECORDED, ids=str)
def test_of_a_recorded_attack_each_cut_record_confirms_its_event(case: Case) -> None:
    """Log and AMI were recorded in two runs, so that the times differ."""
    cuts = [each.beginning for each in records(case) if isinstance(each, Ambiguous)]
    events = [event for event in twoears.events(case.read("ami")) if can_be_cut(event)]
    assert len(cuts) == len(events)
    for beginning, event in zip(cuts, events, strict=True):
        assert beginning is not None
        assert beginning._replace(time=event.time).is_of(event)


def records(case: Case) -> Iterable[SecurityEvent | Ambiguous]:
    return SecurityLog(skip_challenges=False).feed(case.read("json"), 0.0)
