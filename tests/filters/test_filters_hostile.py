"""Our filters, read by fail2ban itself, on what a peer could write: nobody else is named, and soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hostile
import noticed
import pytest
import written
from hypothesis import given
from hypothesis import strategies as st
from noticed import FORMS, VALUES
from patience import looked
from written import HONEST

if TYPE_CHECKING:
    from judged import Judge
    from noticed import Form

CLASSIC = "amiguard-asterisk-security"
JSON = "amiguard-asterisk-security-json"
LONGEST = 2000
INNOCENT = hostile.INNOCENT.decode()
SECONDS_A_LINE = 1.0
"""Of CPU, for the longest hostile line; it takes some milliseconds."""


def classic(kind: str, words: written.Words = HONEST, **details: bytes) -> bytes:
    return written.classic(written.record(kind, words, **details)).rstrip(b"\n")


@pytest.mark.parametrize(
    "line",
    [
        classic("InvalidAccountID", HONEST._replace(session=b'0x1",LocalAddress="IPV4/UDP/1.1.1.1/1')),
        classic("InvalidAccountID", HONEST._replace(account=b"a\x1bb")),
        classic("InvalidAccountID", HONEST._replace(session=b"x" * LONGEST)),
        classic("InvalidAccountID") + b',RemoteAddress="IPV4/UDP/9.9.9.9/1"',
        classic("InvalidAccountID") + classic("InvalidAccountID"),
        b"[Nov 21 22:21:39] NOTICE[1] a.c: " + classic("InvalidAccountID"),
        classic("InvalidAccountID").replace(b"SECURITY", b"WARNING"),
    ],
)
def test_a_hostile_line_of_the_security_log_names_nobody(judge: Judge, line: bytes) -> None:
    assert [] == judge.whom(CLASSIC, line)


SENT = st.lists(st.one_of(hostile.pjsip(), hostile.chan_sip(), hostile.ami()), min_size=1, max_size=6)


@given(SENT)
@looked(150)
def test_no_stream_of_hostile_records_names_another(judge: Judge, sent: list[hostile.Sent]) -> None:
    sources = {str(each.source) for each in sent}
    for name, log in {CLASSIC: hostile.classic(sent), JSON: hostile.as_json(sent)}.items():
        assert set(judge.whom(name, *log.split(b"\n"))) <= sources


@given(hostile.pjsip())
@looked(50)
def test_json_believes_any_account_and_session(judge: Judge, sent: hostile.Sent) -> None:
    line = written.as_json(sent.record)
    if b'"InvalidAccountID' in sent.record[:40] and len(line) < hostile.CUT:
        assert [str(sent.source)] == judge.whom(JSON, line)


def deletions(innocent: str) -> list[str]:
    """Words before the address that delete it together with what comes up to an `m` of Asterisk's own."""
    ends = ("Device does not m", "No m", "Not a local dom", "Username/auth nam", "ACL error (perm")
    return [f"<sip:1@x>' failed for '{innocent}:5060' - {end}\x1b" for end in ends]


FRAGMENTS = st.sampled_from(
    [
        *("x", "'", '"', " ", "@", "(", ")", "<sip:", ">", "\r", "\x1b", "m", "\x1bm", "\x7f", "\xff", ": "),
        *(
            f"' failed for '{INNOCENT}:5060' (callid: ",
            f"' (from {INNOCENT})",
            f"' ({INNOCENT}:5060) to extension '",
        ),
        *(
            f"{INNOCENT} failed to authenticate as '",
            f"m\" <sip:1@x>' failed for '{INNOCENT}:5060' (callid: z",
        ),
        *(") - No matching endpoint found", " - Wrong password", "', who was trying to reach '"),
        *deletions(INNOCENT),
    ]
)
TEXT = st.lists(FRAGMENTS, max_size=6).map("".join)
PRINTED = TEXT.map(lambda text: "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in text))
"""The user of a URI, as pjproject prints it."""
HOSTILE = st.fixed_dictionaries(
    {
        **dict.fromkeys(("account", "word", "dialled", "header", "callid", "rest"), TEXT),
        "uri": st.one_of(
            PRINTED.map("<sip:{}@x>".format),
            st.builds('"{}" <sip:{}@x>'.format, TEXT.map(lambda text: text.replace('"', "")), PRINTED),
        ),
    }
)


@given(st.sampled_from(FORMS), HOSTILE)
@looked(300)
def test_no_hostile_notice_names_another(judge: Judge, form: Form, words: dict[str, str]) -> None:
    line = form.said(VALUES | words)
    assert set(judge.whom(form.read_by(), noticed.delete_escapes(line))) <= {"203.0.113.7"}
    assert set(judge.whom(form.read_by("-json"), noticed.as_json(line))) <= {"203.0.113.7"}


@pytest.mark.parametrize("words", deletions(INNOCENT))
def test_an_address_deleted_up_to_asterisks_own_words_names_nobody(judge: Judge, words: str) -> None:
    for form in FORMS:
        line = noticed.delete_escapes(form.said({**VALUES, "header": words}))
        assert INNOCENT not in judge.whom(form.read_by(), line)


def test_a_forged_line_of_iax2_names_nobody_in_json(judge: Judge) -> None:
    """In the classic form its line breaks are line breaks: the head says what to do."""
    [form] = [each for each in FORMS if "No registration" in each.line]
    other = FORMS[1].said({**VALUES, "peer": INNOCENT}).decode()
    line = form.said({**VALUES, "account": f"x\n{other}\n"})
    assert [] == judge.whom(form.read_by("-json"), noticed.as_json(line))


PAIR = b'",LocalAddress="IPV4/UDP/1.1.1.1/1",RemoteAddress="IPV4/UDP/1.1.1.1/1'
WORDS = (
    b"x",
    PAIR,
    b'",SessionID="',
    b"\\",
    b'",Challenge="',
    b"' failed for '1.1.1.1:1' ",
    b"1:",
    b"<",
    b"'",
)


def long_records(length: int) -> list[bytes]:
    """Records as long as they may be, which are right but for their last field."""
    return [
        written.record(kind, HONEST._replace(session=(words * length)[:length])) + b',X="1"'
        for kind in ("InvalidAccountID", "ChallengeResponseFailed")
        for words in WORDS
    ]


def long_notices(length: int) -> list[bytes]:
    """Notices as long as they may be, which are right but for their end."""
    return [
        form.said({**VALUES, name: (words.decode() * length)[:length]}) + b"'"
        for form in FORMS
        for name in VALUES
        if name != "peer" and f"{{{name}}}" in form.line
        for words in WORDS
    ]


LONG = {
    CLASSIC: [
        *(written.classic(record).rstrip() for record in long_records(1500)),
        *(b"[" * 1999, b"1" * 1999, b"Nov 21 22:21:39 " * 120, b"a" * 50_000),
    ],
    JSON: [
        *(written.as_json(record).rstrip() for record in long_records(3500)),
        *(b'{"hostname":"' * 600, b'{"hostname":"' + b"1" * 8000),
    ],
    "amiguard-asterisk-notice": long_notices(1700),
    "amiguard-asterisk-notice-json": [noticed.as_json(line) for line in long_notices(3500)],
    "amiguard-asterisk-calls-json": [noticed.as_json(line) for line in long_notices(3500)],
}
"""Lines made to be long in being refused."""


@pytest.mark.parametrize("name", LONG)
def test_the_longest_hostile_lines_are_refused_soon(judge: Judge, name: str) -> None:
    for line in LONG[name]:
        begun = judge.cpu
        judge.reads(name, [line])
        assert judge.cpu - begun < SECONDS_A_LINE
