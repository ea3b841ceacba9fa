"""Messages of the AMI as events: the same values as in the log, and nobody blamed but the true source."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest
import written
from fakeasterisk import event
from hypothesis import example, given
from hypothesis import strategies as st
from recorded import FORGED, HONEST_PHONE, Case, cases
from written import Words

from amiguard import config
from amiguard.judge.guard import Guard
from amiguard.model import Prefix, SecurityEvent
from amiguard.sources.amievents import HELD_BYTES, HELD_MESSAGES, HELD_SECONDS, AmiEvents, Found, Shutdown
from amiguard.sources.kinds import KINDS
from amiguard.sources.securitylog import Ambiguous, SecurityLog

if TYPE_CHECKING:
    from collections.abc import Iterable

RECEIPT = 1_795_306_000.0
SOURCE = Prefix.parse("203.0.113.7")
RECORDED = [case for case in cases() if case.read("ami")]
END = b"\r\n\r\n"
SHUTDOWN = b"Event: Shutdown\r\nPrivilege: system,all\r\nShutdown: Cleanly\r\nRestart: False"

each_case = pytest.mark.parametrize("case", RECORDED, ids=str)


def messages(data: bytes) -> list[bytes]:
    return data.split(b"\r\n\r\n")[:-1]


def read(texts: Iterable[bytes], *, skip_challenges: bool = False) -> list[Found]:
    reader = AmiEvents(skip_challenges=skip_challenges)
    found = [each for text in texts for each in reader.read(text + END, RECEIPT)]
    return [*found, *reader.end()]


@cache
def outcomes(case: Case) -> list[Found]:
    return read(messages(case.read("ami")))


def events(found: Iterable[Found]) -> list[SecurityEvent]:
    return [each for each in found if isinstance(each, SecurityEvent)]


def sent(text: bytes) -> list[bytes]:
    """The messages that a client sees when Asterisk writes this event."""
    return messages(text + b"\r\n\r\n")


def logged(kind: str, words: Words, **details: bytes) -> list[SecurityEvent | Ambiguous]:
    """The same event out of the JSON log."""
    line = written.as_json(written.record(kind, words, **details))
    return SecurityLog(skip_challenges=False).feed(line, RECEIPT)


@each_case
def test_an_event_names_nobody_but_a_true_source(case: Case) -> None:
    if case.name not in FORGED:
        assert {each.remote.address for each in events(outcomes(case))} <= case.sources


@each_case
def test_the_honest_phone_is_never_worth_points(case: Case) -> None:
    points = Guard(config.parse("", "defaults")).points
    assert HONEST_PHONE not in {each.remote.address for each in events(outcomes(case)) if points.of(each)}


@each_case
def test_an_attack_seen_in_the_log_is_blamed_here_too(case: Case) -> None:
    """Every failure that is worth points: the AMI cuts nothing off, and no quote breaks it."""
    points = Guard(config.parse("", "defaults")).points
    log = SecurityLog(skip_challenges=False).feed(case.read("json"), RECEIPT)
    if any(isinstance(each, SecurityEvent) and points.of(each) for each in log):
        assert any(points.of(each) for each in events(outcomes(case)))


@pytest.mark.parametrize("case", [case for case in RECORDED if case.release == "asterisk20"], ids=str)
def test_both_channels_of_one_attack_give_equal_values(case: Case) -> None:
    log = SecurityLog(skip_challenges=False).feed(case.read("json"), RECEIPT)
    assert Counter(each for each in log if isinstance(each, SecurityEvent)) == Counter(events(outcomes(case)))


def test_98_percent_of_the_recorded_events_are_read() -> None:
    written_events = sum(case.read("ami").count(b"\r\nPrivilege: security,all") for case in RECORDED)
    read_events = sum(len(events(outcomes(case))) for case in RECORDED)
    assert written_events > 750
    assert read_events >= 0.98 * written_events


def test_all_that_is_recorded_and_ambiguous_came_by_http() -> None:
    doubtful = {case.name for case in RECORDED if any(isinstance(each, Ambiguous) for each in outcomes(case))}
    assert {"inject-ami-http-username"} == doubtful


@each_case
def test_no_answer_to_a_challenge_gets_out(case: Case) -> None:
    secrets = re.findall(rb"ExpectedResponse: ([0-9a-f]{32})", case.read("ami"))
    shown = repr(outcomes(case)).encode()
    assert not [secret for secret in secrets if secret in shown]


@pytest.mark.parametrize("stamp", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_the_same_event_as_in_the_log(kind: str, stamp: bool) -> None:
    optional = dict.fromkeys(KINDS[kind].optional, b"2")
    for details in ({}, optional):
        assert logged(kind, written.HONEST, **details) == read([event(kind, stamp=stamp, **details)])


@pytest.mark.parametrize(
    "extra",
    [
        b"SystemName: pbx 1\r\n",
        b"Timestamp: 1795301729.276880\r\nSystemName: pbx\r\n",
        b"Timestamp: 1.0\r\nSequenceNumber: 7\r\nFile: manager.c\r\nLine: 1\r\nFunc: f\r\nSystemName: x\r\n",
        b"SystemName: x\r\nSequenceNumber: 7\r\nFile: stasis/manager.c\r\nLine: 12\r\nFunc: __f\r\n",
    ],
)
def test_what_manager_conf_adds_changes_nothing(extra: bytes) -> None:
    for kind in ("InvalidAccountID", "SuccessfulAuth", "ChallengeSent"):
        text = event(kind)
        assert read([text]) == read([text.replace(b"EventTV", extra + b"EventTV", 1)])
        skipping = AmiEvents(skip_repeats=True)
        skipping.read(text + END + text.replace(b"EventTV", extra + b"EventTV", 1) + END, RECEIPT)
        assert {"InvalidAccountID": 0, "SuccessfulAuth": 1, "ChallengeSent": 2}[kind] == skipping.skipped


def test_a_known_accounts_challenge_is_passed_over_where_it_is_worth_nothing() -> None:
    reader = AmiEvents()
    assert not reader.read(event("ChallengeSent") + END, RECEIPT)
    assert 1 == reader.skipped
    unknown = event("ChallengeSent", Words(account=b"<unknown>"))
    assert events(reader.read(unknown + END, RECEIPT))


_TEXT = event("ChallengeResponseFailed", Challenge=b"c", Response=b"r", ExpectedResponse=b"e" * 32)
_LINES = _TEXT.split(b"\r\n")


@pytest.mark.parametrize("at", range(len(_LINES)))
def test_a_missing_a_repeated_and_a_misplaced_header_blame_nobody(at: int) -> None:
    missing = _LINES[:at] + _LINES[at + 1 :]
    repeated = _LINES[:at] + [_LINES[at]] * 2 + _LINES[at + 1 :]
    swapped = [*_LINES[:at], *reversed(_LINES[at : at + 2]), *_LINES[at + 2 :]]
    for lines in (missing, repeated, swapped):
        if lines != _LINES:
            found = read([b"\r\n".join(lines)])
            assert not events(found) or found[0].tampered
            assert {SOURCE} >= {each.remote.address for each in events(found)}
            assert found


def test_a_line_break_in_the_account_is_tampering_of_the_true_source() -> None:
    words = Words(account=b"x\r\nRemoteAddress: IPV4/UDP/9.9.9.9/1")
    [found] = events(read(sent(event("InvalidAccountID", words))))
    assert (SOURCE, True) == (found.remote.address, found.tampered)
    assert logged("InvalidAccountID", words) == [found]


@pytest.mark.parametrize(
    "account",
    [
        b"x\r\n\r\nEvent: FullyBooted\r\n",
        b"\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"\r\n" * 18,
        b"a\r\n\r\nResponse: Error\r\nMessage: no\r\n",
    ],
)
def test_what_an_event_broke_off_into_is_glued_to_it(account: bytes) -> None:
    words = Words(account=account)
    expected = logged("InvalidAccountID", words)
    after = event("SuccessfulAuth")
    assert [*expected, *read([after])] == read([*sent(event("InvalidAccountID", words)), after])


def test_a_lifecycle_event_out_of_another_event_is_none() -> None:
    account = b"x\r\n\r\nEvent: Shutdown\r\nPrivilege: system,all\r\n"
    found = read(sent(event("ChallengeSent", Words(service=b"SIP", account=account))))
    assert [True] == [each.tampered for each in events(found)]
    assert 1 == len(found)
    assert [Shutdown(restart=False)] == read([SHUTDOWN])


def test_a_forged_pair_within_what_sip_can_write_names_nobody() -> None:
    """The shortest that a peer could write and that names somebody is two bytes too long."""
    forged = b"\r\nSessionID: 0x1\r\nLocalAddress: IPV6/UDP/::/1\r\nRemoteAddress: IPV6/UDP/2a01::/1\r\n"
    assert len(forged) > 79
    forged = b"\r\nSessionID: 0x1\r\nLocalAddress: IPV4/1.1.1.1/1\r\nRemoteAddress: IPV4/9.9.9.9/1\r\n"
    assert 79 == len(forged)
    found = read(sent(event("InvalidAccountID", Words(service=b"SIP", account=forged))))
    assert [SOURCE] == [each.remote.address for each in events(found)]


def test_an_account_longer_than_sip_can_write_blames_nobody() -> None:
    for service, longest in ((b"PJSIP", 36), (b"SIP", 79)):
        for more in (0, 1):
            account = b"\r\n" + b"a" * (longest - 2 + more)
            found = read(sent(event("InvalidAccountID", Words(service=service, account=account))))
            assert bool(events(found)) is not bool(more)


def test_a_broken_event_of_the_ami_itself_blames_nobody() -> None:
    """Its accounts hold line breaks only over HTTP, and then of any length."""
    innocent = event("InvalidPassword", Words(service=b"SIP", remote=b"IPV4/UDP/9.9.9.9/5060"))
    for account, doubts in ((b"b\r\n\r\n" + innocent, 1), (b"b\r\n\r\n" + innocent + b"\r\n", 2)):
        found = read(sent(event("InvalidAccountID", Words(service=b"AMI", account=account))))
        assert [Ambiguous] * doubts == [type(each) for each in found]


def test_a_session_is_a_pointer_where_asterisk_writes_one() -> None:
    for account in (b"1", b'"'):
        for session, blamed in ((b"0x7f", True), (b"a@b", False)):
            words = Words(service=b"SIP", account=account, session=session)
            assert blamed is bool(events(read([event("InvalidAccountID", words)])))


def test_a_quote_in_asterisks_own_words_is_no_tampering_of_a_peer() -> None:
    details = {"ACLName": b'the "other" list'}
    assert [Ambiguous] == [type(each) for each in logged("FailedACL", written.HONEST, **details)]
    assert [Ambiguous] == [type(each) for each in read([event("FailedACL", **details)])]


def test_what_is_shown_of_a_doubtful_text_holds_no_answer_to_a_challenge() -> None:
    [found] = read([b"Response: r\r\nExpectedResponse: 7ae61b4a7b71b21ab71cfba6702e3560"])
    assert Ambiguous("text that belongs to no event", b"Response: r\r\n") == found


def test_text_of_no_event_is_told_once_however_much_there_is_of_it() -> None:
    junk, known = [b"x: y", b"", b"z"], event("SuccessfulAuth")
    broken = event("InvalidAccountID") + b"\r\nX"
    for between in (known, broken, SHUTDOWN):
        told = ["Ambiguous", *[type(each).__name__ for each in read([between])], "Ambiguous"]
        assert told == [type(each).__name__ for each in read([*junk, between, *junk])]


def test_waiting_for_the_rest_of_an_event_has_an_end() -> None:
    broken = event("InvalidAccountID").partition(b"SessionID")[0] + b"x"
    after = event("SuccessfulAuth")

    def then(texts: list[bytes], receipt: float) -> list[Found]:
        reader = AmiEvents()
        reader.read(broken + END, RECEIPT)
        return [each for text in texts for each in reader.read(text + END, receipt)]

    assert not events(then([after], RECEIPT + HELD_SECONDS))
    assert events(then([after], RECEIPT + HELD_SECONDS + 0.01))
    assert events(then([b"x"] * HELD_MESSAGES + [after], RECEIPT))
    assert events(then([b"x" * HELD_BYTES, after], RECEIPT))
    assert [Ambiguous] == [type(each) for each in read([broken])]


_PAIR = b"\r\nLocalAddress: IPV6/UDP/::/1\r\nRemoteAddress: IPV6/UDP/%s/1"
_FRAGMENTS = (
    *(b"\r\n", b"\r\n\r\n", b"\r", b"\n", b"\x1b", b"x", b"\x7f", "\u2028".encode(), b": "),
    *(b"SessionID: 0x1", b"AccountID: 1", b"Event: Shutdown", b"Privilege: system,all"),
    *(b"RemoteAddress: IPV4/UDP/9.9.9.9/1", b"RemoteAddress: IPV4/9.9.9.9/1", _PAIR % b"::", _PAIR % b"2a::"),
    *(b"Response: Error", b"\r\nX: ", b"<unknown>", b"101"),
)
_TRIPLES = tuple(b"\r\nSessionID: 0x1" + _PAIR % each for each in (b"::", b"2a::"))
_QUOTES = (b'"', b'",SessionID="0x1', b'",RemoteAddress="IPV4/UDP/9.9.9.9/1', b"\\", b",")


def _texts(fragments: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(fragments), max_size=6).map(b"".join)


def _line(value: bytes) -> bytes:
    return value.replace(b"\n", b"").replace(b"\0", b"")


def _hostile(fragments: tuple[bytes, ...]) -> st.SearchStrategy[tuple[Words, dict[str, bytes]]]:
    """Words that a SIP peer can send, and those of his digest."""
    texts = _texts(fragments)
    pjsip = st.builds(
        lambda account, session: Words(account=_utf8(account, 36), session=_line(session)), texts, texts
    )
    sip = texts.map(lambda account: Words(service=b"SIP", account=_utf8(account, 79)))
    digest = texts.map(_line).map(lambda text: {"Challenge": text, "Response": text, "ExpectedResponse": b""})
    return st.tuples(st.one_of(pjsip, sip), digest)


def _utf8(value: bytes, limit: int) -> bytes:
    return value[:limit].decode("utf-8", "ignore").encode()


def _is_somebodys(prefix: Prefix) -> bool:
    return ipaddress.ip_address(prefix.address).is_global and prefix.network[0] != 0


@given(st.lists(_hostile(_FRAGMENTS + _QUOTES + _TRIPLES), min_size=1, max_size=4))
def test_whatever_sip_peers_write_only_they_are_blamed(
    attempts: list[tuple[Words, dict[str, bytes]]],
) -> None:
    texts = []
    for words, digest in attempts:
        texts += sent(event("ChallengeResponseFailed", words, **digest))
        texts += sent(event("InvalidAccountID", words))
    found = read(texts)
    named = {each.remote.address for each in events(found)} - {SOURCE}
    assert not any(map(_is_somebodys, named))
    assert not any(isinstance(each, Shutdown) for each in found)
    assert [SOURCE] == [each.remote.address for each in events(read([*texts, event("SuccessfulAuth")]))[-1:]]


@given(_hostile(_FRAGMENTS))
@example((Words(account=b"\r\n\r\nEvent: SuccessfulAuth\r\nX: "), {}))
def test_what_has_no_quote_is_the_same_event_as_in_the_log(attempt: tuple[Words, dict[str, bytes]]) -> None:
    words, digest = attempt
    for kind, details in (("InvalidAccountID", {}), ("ChallengeResponseFailed", digest)):
        seen = events(read(sent(event(kind, words, **details))))
        assert logged(kind, words, **details) == seen


@given(st.lists(_hostile(_FRAGMENTS + _QUOTES), min_size=1, max_size=4), st.booleans())
def test_messages_that_come_at_once_are_read_as_those_that_come_one_by_one(
    attempts: list[tuple[Words, dict[str, bytes]]], skip_challenges: bool
) -> None:
    kinds = ("ChallengeSent", "ChallengeResponseFailed", "SuccessfulAuth")
    texts = [event(kind, words, **digest) for words, digest in attempts for kind in kinds]
    one_by_one = read(sent(END.join(texts)), skip_challenges=skip_challenges)
    reader = AmiEvents(skip_challenges=skip_challenges)
    assert one_by_one == [*reader.read(b"".join(text + END for text in texts), RECEIPT), *reader.end()]


_BROKEN = event("InvalidAccountID", Words(account=b"x\r\n\r\ny")).split(END)
_MIXED = st.lists(
    st.one_of(
        st.sampled_from((*_BROKEN, _TEXT, event("ChallengeSent"), event("SuccessfulAuth"), SHUTDOWN)),
        st.sampled_from((b"", b"x", b"x\r", b"\n", b"Event: x", b"Event: X\r\nPrivilege: call,all")),
        st.integers(1, 80).map(lambda times: END.join([b""] * times)),
    ),
    max_size=12,
)


@given(_MIXED, st.booleans())
@example([_BROKEN[0], END.join([b""] * 20) + END + _BROKEN[1], b"", event("SuccessfulAuth")], True)
@example([_BROKEN[0], *[b"x"] * 100, _BROKEN[1], b"x"], False)
def test_what_belongs_to_no_event_is_read_at_once_as_one_by_one(texts: list[bytes], skip: bool) -> None:
    data = END.join((*texts, b""))
    alone, at_once = (AmiEvents(skip_challenges=skip, skip_repeats=skip) for _ in range(2))
    one_by_one = [each for text in messages(data) for each in alone.read(text + END, RECEIPT)]
    assert [*one_by_one, *alone.end()] == [*at_once.read(data, RECEIPT), *at_once.end()]
    assert alone.skipped == at_once.skipped


@given(st.sampled_from(sorted(KINDS)), st.lists(st.text("09:./-<>@ \u00e4"), min_size=4, max_size=4))
def test_the_fast_reading_is_that_by_position(kind: str, values: list[str]) -> None:
    account, session, *details = (value.encode() for value in values)
    names = KINDS[kind].required + KINDS[kind].optional
    text = event(kind, Words(account=account, session=session), **dict(zip(names, details, strict=False)))
    reader = AmiEvents(skip_challenges=False)
    assert [reader._by_position(text)] == reader.read(text + END, RECEIPT)


@given(st.lists(st.one_of(st.binary(max_size=60), _texts(_FRAGMENTS + _QUOTES + (_TEXT,))), max_size=5))
def test_no_bytes_raise(texts: list[bytes]) -> None:
    for each in read(texts, skip_challenges=True):
        assert isinstance(each, SecurityEvent | Ambiguous | Shutdown)
