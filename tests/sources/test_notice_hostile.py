"""Hostile notices: whatever a peer writes into a line names nobody else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from noticing import (
    DISTRIBUTOR,
    FORGED,
    INNOCENT,
    NOON,
    PREFIXES,
    TRUE,
    as_json,
    classic,
    guess,
    named,
    read,
)

from amiguard.model import Prefix
from amiguard.sources.notice import NoticeLog
from amiguard.sources.noticelines import Notice
from amiguard.sources.securitylog import (
    SANDWICH_BYTES,
    SANDWICH_RECORDS,
    SANDWICH_SECONDS,
    SWITCH_LINES,
    Ambiguous,
)

REQUEST = "Request 'REGISTER' from '\"A\" <sip:101@pbx>' failed for '203.0.113.7:5061' (callid: 1d@lab) - "


def test_a_display_name_that_holds_another_line_blames_nobody() -> None:
    name = f"\"x' failed for '{INNOCENT.decode()}:5060' (callid: y) - Failed to authenticate\" "
    text = REQUEST.replace('"A" ', name) + "No matching endpoint found"
    for line in (classic(DISTRIBUTOR, text), as_json(DISTRIBUTOR, text)):
        assert ["a value that can be read in more than one way"] == [
            outcome.why for outcome in read(line) if isinstance(outcome, Ambiguous)
        ]


def test_an_escape_that_deletes_the_address_gives_nothing_firm() -> None:
    """What is left of this packet is a perfect line that names whom the peer liked."""
    name = '"A\x1b" '
    callid = f"m' failed for '{INNOCENT.decode()}:5060' (callid: z"
    text = (REQUEST.replace('"A" ', name).replace("1d@lab", callid) + "Failed to authenticate").encode()
    [notice] = read(classic(DISTRIBUTOR, re.sub(rb"\x1b[^m]*m", b"", text)))
    assert isinstance(notice, Notice)
    assert Prefix.parse(INNOCENT.decode()) == notice.address
    assert not notice.firm
    [kept] = read(as_json(DISTRIBUTOR, text.decode()))
    assert isinstance(kept, Ambiguous)


def test_an_escape_that_deletes_up_to_asterisks_own_words_gives_nothing_firm() -> None:
    to = f"<sip:1@pbx>' failed for '{INNOCENT.decode()}:5060' - Device does not m\x1b"
    text = f"Registration from '{to}' failed for '203.0.113.7:5061' - Device does not match ACL"
    [notice] = read(classic("chan_sip.c", re.sub(rb"\x1b[^m]*m", b"", text.encode())))
    assert isinstance(notice, Notice)
    assert (Prefix.parse(INNOCENT.decode()), False) == (notice.address, notice.firm)


@pytest.mark.parametrize(
    ("uri", "firm"), [("<sip:101@pbx>", True), ('"A" <sip:101@pbx>', False), ('<sip:1@pbx;x="A">', False)]
)
def test_a_uri_of_pjsips_has_no_escape_but_in_a_quoted_text(uri: str, firm: bool) -> None:
    """There it is printed as `%1b`: the corpus has it."""
    [notice] = read(
        classic(DISTRIBUTOR, REQUEST.replace('"A" <sip:101@pbx>', uri) + "Failed to authenticate")
    )
    assert isinstance(notice, Notice)
    assert firm == notice.firm


def test_text_that_belongs_to_no_record_puts_those_before_it_in_doubt() -> None:
    outcomes = read(guess(b"a") + guess(b"forged", INNOCENT) + b"'\n")
    assert set() == named(outcomes)
    assert 3 == len(outcomes)


def test_as_many_records_are_doubted_as_one_write_can_hold() -> None:
    outcomes = read(guess(b"a") * (SANDWICH_RECORDS + 1) + b"'\n")
    assert 1 == sum(isinstance(outcome, Notice) for outcome in outcomes)


def test_a_record_that_ends_in_the_middle_puts_those_behind_it_in_doubt() -> None:
    broken = guess(b"a\nb").partition(b"\n")[0] + b"\n"
    outcomes = read(broken + guess(b"b") * (SANDWICH_RECORDS + 1))
    assert [Ambiguous] * (SANDWICH_RECORDS + 1) + [Notice] == list(map(type, outcomes))


def test_doubt_ends_after_so_many_bytes() -> None:
    other = classic("acl.c", b"x" * (SANDWICH_BYTES // 2))
    assert {TRUE} == named(read(b"orphan\n" + other * 2 + guess(b"a")))


def test_doubt_ends_after_a_second() -> None:
    log = NoticeLog()
    log.feed(b"orphan\n", NOON)
    assert not log.settled
    assert set() == named(log.feed(guess(b"a"), NOON + SANDWICH_SECONDS))
    assert {TRUE} == named(log.feed(guess(b"a"), NOON + SANDWICH_SECONDS + 0.1))
    assert log.settled


def test_a_value_with_a_quote_puts_nothing_else_in_doubt() -> None:
    assert [Ambiguous, Notice] == list(map(type, read(guess(b"O'Neill") + guess(b"a"))))


def test_a_line_break_in_json_is_ambiguous_and_puts_nothing_else_in_doubt() -> None:
    lines = as_json("manager.c", "203.0.113.7 failed to authenticate as 'a\nb'") + as_json(
        "manager.c", "203.0.113.7 failed to authenticate as 'a'"
    )
    assert [Ambiguous, Notice] == list(map(type, read(lines)))


def test_text_that_belongs_to_no_record_is_told_once() -> None:
    outcomes = read(guess(b"a\nb\nc\nd"))
    told = ["a record that ends in the middle", "text that belongs to no record"]
    assert told == [outcome.why for outcome in outcomes if isinstance(outcome, Ambiguous)]


@pytest.mark.parametrize(
    "text",
    [
        "Host 203.0.113.7:4569 failed to authenticate as a' b",
        "Host 203.0.113.7 failed MD5 authentication for 'a' (e7df != x)",
        "Rejected connect attempt from 203.0.113.7, who was trying to reach 'a@b@public'",
        "No registration for peer 'x' (from 198.51.100.99)' (from 203.0.113.7)",
    ],
)
def test_a_value_that_holds_what_delimits_it_is_ambiguous(text: str) -> None:
    assert [Ambiguous] == list(map(type, read(classic("chan_iax2.c", text))))


def test_a_control_byte_in_what_was_too_long_is_ambiguous() -> None:
    text = "Discarding message from 203.0.113.7. Line too long: Username: a\rb..."
    assert [Ambiguous] == list(map(type, read(classic("manager.c", text))))


BANNER = b"[Nov 21 22:21:39] Asterisk 22.10.0 built by root @ pbx\n"


def test_a_banner_stands_before_json_as_well() -> None:
    log = NoticeLog()
    assert [Notice, Notice] == list(map(type, read(BANNER, FORGED, BANNER, FORGED, log=log)))
    assert "json" == log.form


def test_json_lines_make_a_json_file_only_in_a_row() -> None:
    log = NoticeLog()
    read(guess(b"a"), FORGED * (SWITCH_LINES - 1), guess(b"a"), FORGED, log=log)
    assert "classic" == log.form


def test_a_json_line_in_a_classic_file_is_not_believed() -> None:
    log = NoticeLog()
    assert set() == named(
        read(guess(b"a"), BANNER, FORGED, b'{"hostname":"\n' * SWITCH_LINES, FORGED, log=log)
    ) - {TRUE}
    assert "classic" == log.form


def test_a_file_that_goes_over_to_json_is_read_as_json() -> None:
    log = NoticeLog()
    found = read(guess(b"a"), FORGED * (SWITCH_LINES + 1), log=log)
    assert "json" == log.form
    assert log.settled
    assert [Notice, Notice] == list(map(type, found))[-2:]


def test_a_file_that_goes_back_to_text_is_read_as_text() -> None:
    assert {TRUE, Prefix.parse(INNOCENT.decode())} == named(read(FORGED + guess(b"a")))


def test_a_record_torn_off_at_the_end_is_ambiguous() -> None:
    assert [Ambiguous] == list(map(type, read(guess(b"a")[:-1])))


def test_an_oversize_json_line_is_ambiguous() -> None:
    assert [Ambiguous] == list(
        map(type, read(as_json("manager.c", "203.0.113.7 failed to authenticate as '%s'" % ("A" * 8200))))
    )


FRAGMENTS = st.sampled_from(
    [
        *(b"x", b"'", b'"', b" ", b"@", b"(", b")", b"<sip:", b">"),
        *(b"\r", b"\x1b", b"m", b"\x7f", b"\xff", b": "),
        b"' failed for '%s:5060' (callid: " % INNOCENT,
        b"%s failed to authenticate as '" % INNOCENT,
        b"' (from %s)" % INNOCENT,
        b"' (%s:5060) to extension '" % INNOCENT,
        *(b") - No matching endpoint found", b" - Wrong password", b"', who was trying to reach '"),
        *(guess(b"f", INNOCENT)[:-1], FORGED[:-1], b"Host %s failed to authenticate as a" % INNOCENT),
    ]
)
HOSTILE = st.lists(st.one_of(FRAGMENTS, st.binary(max_size=4)), max_size=6).map(
    lambda parts: re.sub(rb"[\n\0]", b"", b"".join(parts))
)
EXTENSION = b"Call from '' (203.0.113.7:5061) to extension '%s%s' rejected because "
EXTENSION += b"extension not found in context 'lab'."
TEMPLATES = st.sampled_from(
    [
        (
            DISTRIBUTOR,
            b"Request 'BYE' from '%s' failed for '203.0.113.7:5061' (callid: %s) - Failed to authenticate",
        ),
        (
            DISTRIBUTOR,
            b"Request from '%s' failed for '203.0.113.7:5061' (callid: %s) - No matching endpoint found",
        ),
        ("manager.c", b"203.0.113.7 failed to authenticate as '%s%s'"),
        ("manager.c", b"203.0.113.7 tried to authenticate with nonexistent user '%s%s'"),
        (
            "chan_sip.c",
            b"Registration from '%s%s' failed for '203.0.113.7:5061' - Username/auth name mismatch",
        ),
        (
            "chan_sip.c",
            EXTENSION,
        ),
        ("chan_iax2.c", b"No registration for peer '%s%s' (from 203.0.113.7)"),
        ("chan_iax2.c", b"Host 203.0.113.7 failed MD5 authentication for '%s' (e7df != %s)"),
        ("chan_iax2.c", b"Host 203.0.113.7:4569 failed to authenticate as %s%s"),
        ("chan_iax2.c", b"Rejected connect attempt from 203.0.113.7, who was trying to reach '%s%s@public'"),
    ]
)
SENT = st.lists(st.tuples(TEMPLATES, HOSTILE, HOSTILE), min_size=1, max_size=6)


def delete_escapes(line: bytes) -> bytes:
    return re.sub(rb"\x1b[^m\n]*m", b"", line)


@given(SENT)
def test_no_hostile_value_names_another_firmly(sent: list[tuple[tuple[str, bytes], bytes, bytes]]) -> None:
    lines = [delete_escapes(classic(file, text % (one, two))) for (file, text), one, two in sent]
    firm = [outcome for outcome in read(b"".join(lines)) if isinstance(outcome, Notice) and outcome.firm]
    assert {notice.address for notice in firm} <= {TRUE}


@given(SENT)
def test_no_hostile_value_names_another_where_nothing_is_deleted(
    sent: list[tuple[tuple[str, bytes], bytes, bytes]],
) -> None:
    texts = [(file, text % (one, two)) for (file, text), one, two in sent]
    assert named(read(b"".join(classic(file, text) for file, text in texts))) <= {TRUE}
    assert named(read(*(as_json(file, text.decode("utf-8", "replace")) for file, text in texts))) <= {TRUE}


@given(SENT, st.text(max_size=6))
def test_json_survives_line_breaks(sent: list[tuple[tuple[str, bytes], bytes, bytes]], more: str) -> None:
    texts = [
        (file, (text % (one, b"\n%s" % two)).decode("utf-8", "replace") + more)
        for (file, text), one, two in sent
    ]
    assert set() == named(read(*(as_json(file, text) for file, text in texts)))


START = st.sampled_from([b"", PREFIXES["classic"] % b"manager.c", FORGED[:150], FORGED, guess(b"a"), b"\n"])


@given(st.lists(st.tuples(START, st.one_of(st.binary(max_size=40), HOSTILE), st.sampled_from([b"\n", b""]))))
def test_no_bytes_raise(pieces: list[tuple[bytes, bytes, bytes]]) -> None:
    blocks = [b"".join(piece) for piece in pieces]
    assert len(read(*blocks)) <= sum(block.count(b"\n") + 1 for block in blocks)
