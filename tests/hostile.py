"""Pure: streams of records into which peers wrote what they could, with who truly sent them.

What a peer can write where was seen on running Asterisks: 36 bytes of anything
but NUL in PJSIP's AccountID (79 in chan_sip's), anything but line breaks in
PJSIP's SessionID, and behind the addresses the words of a digest, where a quote
comes only with a backslash (PJSIP) or not together with a comma (chan_sip).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import written
from hypothesis import strategies as st
from written import Words

from amiguard.model import Prefix

SOURCES = tuple(b"203.0.113.%d" % n for n in range(1, 5))
"""Who sends the records of a stream."""
INNOCENT = b"198.51.100.99"
"""Whom an attacker would like to see banned."""
CUT = 8191
"""Bytes after which Asterisk cuts a line; its newline is lost with the rest."""

_FORGED = written.record("InvalidPassword", Words(remote=b"IPV4/TCP/%s/5060" % INNOCENT))
_PAIR = b'",LocalAddress="IPV4/UDP/198.51.100.1/5060",RemoteAddress="IPV4/UDP/%s/5060' % INNOCENT
_FRAGMENTS = (
    *(b"x", b'"', b",", b"\\", b"=", b" ", b"<unknown>", b"\r", b"\x1b", b"\x1b[m", b"\x7f", b"\x01"),
    *("\u2028".encode(), b'",SessionID="0x1', b'",X="', b'",Challenge="', b'",Response="', b'Address="IPV"'),
    *(b'",ExpectedResponse="', b'",SessionTV="', b'SecurityEvent="', _PAIR, _PAIR + b'",Challenge="'),
    *(written.PREFIXES[form] for form in ("classic", "plain", "journal")),
    *(_FORGED, written.classic(_FORGED)[:-1], written.as_json(_FORGED)[:-1], _PAIR + b'"'),
)

_anything = st.lists(st.one_of(st.sampled_from(_FRAGMENTS), st.binary(max_size=6)), max_size=6).map(b"".join)
text = _anything.map(lambda value: value.replace(b"\0", b"").decode("utf-8", "ignore").encode())
"""What would do harm; valid UTF-8, for Asterisk drops an event that is not."""
broken_text = st.lists(st.one_of(text, st.just(b"\n"), st.just(b"\r\n")), max_size=4).map(b"".join)
"""The same, with line breaks."""
_session = st.one_of(
    st.just(b"891c7575@lab"),
    text.map(lambda value: re.sub(rb"\n", b"", value)),
    st.builds(
        # So long that the line is cut near the end of what was forged.
        lambda forged, off: b"C" * (CUT - 170 - off - len(forged)) + forged.replace(b"\n", b""),
        st.sampled_from((_PAIR, _PAIR + b'"', _PAIR + b'",SessionTV="', b"")),
        st.integers(-24, 24),
    ),
)
_pjsip_digest = text.map(lambda value: re.sub(rb'\n|(?<!\\)"', b"", value))
_sip_digest = text.map(lambda value: re.sub(rb"\n|,", b"", value))


class Sent(NamedTuple):
    """A record, and who truly sent it."""

    source: Prefix
    record: bytes


def _utf8(value: bytes, limit: int) -> bytes:
    return value[:limit].decode("utf-8", "ignore").encode()


@st.composite
def pjsip(draw: st.DrawFn, accounts: int = 36) -> Sent:
    """A record of PJSIP's, with at most so many bytes of account."""
    kind = draw(
        st.sampled_from(("InvalidAccountID", "ChallengeSent", "ChallengeResponseFailed", "FailedACL"))
    )
    account = draw(st.one_of(st.sampled_from((b"101", b"<unknown>")), broken_text))
    details = {"Challenge": b""}
    if kind == "ChallengeResponseFailed":
        details = {name: draw(_pjsip_digest) for name in ("Challenge", "Response")} | {
            "ExpectedResponse": b""
        }
    return _sent(draw, kind, Words(account=_utf8(account, accounts), session=draw(_session)), details)


@st.composite
def chan_sip(draw: st.DrawFn) -> Sent:
    """A record of chan_sip's."""
    kind = draw(st.sampled_from(("InvalidAccountID", "InvalidPassword", "FailedACL", "InvalidTransport")))
    details = {}
    if kind == "InvalidPassword":
        details = {name: draw(_sip_digest) for name in ("ReceivedChallenge", "ReceivedHash")}
        details["Challenge"] = b"5bf17319"
    return _sent(draw, kind, Words(service=b"SIP", account=_utf8(draw(broken_text), 79)), details)


@st.composite
def ami(draw: st.DrawFn) -> Sent:
    """A record of an AMI over TCP, whose lines cannot hold a line break."""
    kind = draw(st.sampled_from(("InvalidAccountID", "ChallengeResponseFailed", "RequestNotAllowed")))
    words = draw(text.map(lambda value: value.replace(b"\n", b"").replace(b"\r\n", b"")))
    account, details = words, {"SessionTV": written.EVENTTV}
    if kind == "ChallengeResponseFailed":
        account, details = (
            b"",
            details | {"Challenge": b"204253226", "Response": words, "ExpectedResponse": SECRET},
        )
    if kind == "RequestNotAllowed":
        account, details = b"admin", details | {"RequestType": words}
    return _sent(draw, kind, Words(service=b"AMI", account=account), details)


SECRET = b"7ae61b4a7b71b21ab71cfba6702e3560"
"""What AMI's ChallengeResponseFailed gives away: the right answer."""


def _sent(draw: st.DrawFn, kind: str, words: Words, details: dict[str, bytes]) -> Sent:
    source = draw(st.sampled_from(SOURCES))
    transport = draw(st.sampled_from((b"UDP/", b"TCP/", b"")))
    words = words._replace(remote=b"IPV4/%s%s/5061" % (transport, source))
    return Sent(Prefix.parse(source.decode()), written.record(kind, words, **details))


def classic(sent: list[Sent]) -> bytes:
    """The classic log of these records: ESC swallows up to the next `m`, and long lines lose their end."""
    lines = (re.sub(rb"\x1b[^m]*m?", b"", written.classic(each.record)) for each in sent)
    return b"".join(line if len(line) <= CUT else line[:CUT] for line in lines)


def as_json(sent: list[Sent]) -> bytes:
    """The JSON log of these records."""
    lines = (written.as_json(each.record) for each in sent)
    return b"".join(line if len(line) <= CUT else line[:CUT] for line in lines)
