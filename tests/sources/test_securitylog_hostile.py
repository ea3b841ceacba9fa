"""Whatever a peer writes, nobody but he is blamed for it."""

from __future__ import annotations

import re
from collections import Counter

import hostile
import pytest
import written
from hostile import Sent
from hypothesis import given
from hypothesis import strategies as st
from patience import looked
from recorded import cases
from written import Words

from amiguard.model import Prefix, SecurityEvent
from amiguard.sources.kinds import UNKNOWN
from amiguard.sources.securitylog import Ambiguous, SecurityLog

HONEST_PHONE = Sent(
    Prefix.parse("203.0.113.200"),
    written.record("ChallengeResponseFailed", Words(remote=b"IPV4/UDP/203.0.113.200/5060"), Response=b"0af1"),
)
a_record = st.one_of(hostile.pjsip(), hostile.chan_sip(), hostile.ami(), st.just(HONEST_PHONE))
a_record_without_limits = st.one_of(hostile.pjsip(accounts=5000), hostile.chan_sip(), hostile.ami())


def read(data: bytes, *, skip_challenges: bool = False) -> list[SecurityEvent | Ambiguous]:
    return list(SecurityLog(skip_challenges=skip_challenges).feed(data, written.NOON))


def events(data: bytes) -> list[SecurityEvent]:
    return [outcome for outcome in read(data) if isinstance(outcome, SecurityEvent)]


def accused_more_often_than_they_sent(sent: list[Sent], data: bytes) -> Counter[Prefix]:
    """Whom the log accuses of more than he did: of what another did, or twice of the same."""
    return Counter(event.remote.address for event in events(data)) - Counter(each.source for each in sent)


@looked(100)
@given(st.lists(a_record, max_size=8))
def test_the_classic_log_accuses_each_source_of_no_more_than_it_sent(sent: list[Sent]) -> None:
    sent = [HONEST_PHONE, *sent]
    assert not accused_more_often_than_they_sent(sent, hostile.classic(sent))


@looked(100)
@given(st.lists(a_record_without_limits, max_size=8))
def test_the_json_log_accuses_each_source_of_no_more_than_it_sent(sent: list[Sent]) -> None:
    assert not accused_more_often_than_they_sent(sent, hostile.as_json(sent))


@looked(100)
@given(a_record_without_limits)
def test_the_json_log_accuses_the_true_source_unless_the_record_is_cut(sent: Sent) -> None:
    line = hostile.as_json([sent])
    accused = [event.remote.address for event in events(line)]
    assert accused == ([sent.source] if line.endswith(b"\n") else [])


@looked(100)
@given(st.lists(a_record_without_limits, min_size=1, max_size=4))
def test_a_value_that_could_be_anything_is_told_as_tampered_in_json(sent: list[Sent]) -> None:
    """Honest values have neither quotes nor control characters."""
    for event in events(hostile.as_json(sent)):
        values = (event.account, event.session, *(value or b"" for value in event.details))
        assert event.tampered == any(re.search(rb'["\x00-\x1f\x7f]', value) for value in values)


@looked(100)
@given(st.lists(a_record, max_size=6), st.booleans())
def test_the_answer_to_a_challenge_never_gets_out(sent: list[Sent], as_json: bool) -> None:
    data = hostile.as_json(sent) if as_json else hostile.classic(sent)
    assert hostile.SECRET not in repr(read(data)).encode()


@pytest.mark.parametrize("form", [written.classic, written.as_json], ids=["classic", "json"])
@pytest.mark.parametrize(
    "response", [b"", b'"', b'",ExpectedResponse="x', b'",ExpectedResponse="x",SessionTV="', b'",SessionTV="']
)
def test_no_response_keeps_the_right_answer_in(form: object, response: bytes) -> None:
    assert callable(form)
    words = Words(service=b"AMI", account=b"", session=b"0x1")
    details = {"Challenge": b"1", "Response": response, "ExpectedResponse": hostile.SECRET}
    line = form(written.record("ChallengeResponseFailed", words, **details, SessionTV=written.EVENTTV))
    assert hostile.SECRET not in repr(read(line)).encode()


def test_the_answer_to_a_challenge_is_in_no_excerpt() -> None:
    rest = b'",ExpectedResponse="%s",SessionTV="%s"\n' % (hostile.SECRET, written.EVENTTV)
    assert hostile.SECRET not in repr(read(b"text of no record" + rest)).encode()
    assert hostile.SECRET not in repr(read(b"torn" + rest[:-1])).encode()


@looked(100)
@given(st.lists(a_record, max_size=8), st.booleans())
def test_the_fast_way_leaves_out_worthless_challenges_and_nothing_else(
    sent: list[Sent], as_json: bool
) -> None:
    challenge = Sent(HONEST_PHONE.source, written.record("ChallengeSent", Challenge=b""))
    records = [each for pair in zip(sent, [challenge] * len(sent), strict=True) for each in pair]
    data = hostile.as_json(records) if as_json else hostile.classic(records)
    fast = [outcome for outcome in read(data, skip_challenges=True) if isinstance(outcome, SecurityEvent)]

    def worth_reading(told: list[SecurityEvent]) -> list[SecurityEvent]:
        """JSON spells a backslash with two, and such a record is not read the fast way."""
        return [
            event
            for event in told
            if event.kind != "ChallengeSent"
            or event.tampered
            or event.account.startswith(UNKNOWN)
            or (as_json and b"\\" in event.account + event.session)
        ]

    assert worth_reading(events(data)) == fast


any_bytes = st.lists(
    st.one_of(st.binary(max_size=60), hostile.text, st.just(b"\n"), a_record.map(lambda sent: sent.record)),
    max_size=12,
).map(b"".join)


@looked(100)
@given(st.lists(st.tuples(any_bytes, st.booleans()), max_size=4), st.booleans())
def test_no_bytes_raise(pieces: list[tuple[bytes, bool]], skip_challenges: bool) -> None:
    log = SecurityLog(skip_challenges=skip_challenges)
    for piece, whole in pieces:
        for outcome in log.feed(piece + b"\n" * whole, written.NOON):
            assert isinstance(outcome, SecurityEvent | Ambiguous)


DAMAGE = (b'"', b'\\"', b"\n", b",", b"\\u0000", b"\\", b"=")
LINES = [
    line + b"\n"
    for case in cases()
    for channel in ("security", "json")
    for line in case.read(channel).split(b"\n")
    if 0 < len(line) < 2000
]


@looked(100)
@given(st.sampled_from(LINES), st.data())
def test_no_damaged_record_raises_or_blames_an_address_that_is_not_in_it(
    line: bytes, data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(line) - 1))
        gone = data.draw(st.integers(0, 8))
        put = data.draw(
            st.one_of(st.binary(max_size=4), st.sampled_from((b'"', b'\\"', b"\n", b",", b"\\u0000")))
        )
        line = line[:at] + put + line[at + gone :] or b"\n"
    for event in events(line):
        assert event.remote.address.address.encode() in line
