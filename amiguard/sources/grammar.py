"""Pure: the grammar of a security record, as patterns made from the table of kinds.

Values are not escaped, and peers choose some of them.  So there are two
readings of a record.  The *strict* one takes values without quotes and control
characters, which leaves but one way to read it; it is all that the classic
form is given.  The reading *by position* is for JSON, whose frame an attacker
cannot break: there the true pair of addresses is known by where it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.sources.kinds import KINDS, SERVICES, EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST: Final = 8192
"""Asterisk's log buffer: a longer record is cut (`BUFSIZ` in `main/logger.c`)."""


def _address(group: bytes) -> bytes:
    """An address as Asterisk writes it, an interface after `%` passed over; `group` opens its three parts."""
    return b"IPV[46]/(?:%sUDP|TCP|TLS|WSS?)/)?%s[0-9A-Fa-f:.]{2,45})(?:%%[\\w.-]{1,15})?/%s[0-9]{1,5})" % (
        (group,) * 3
    )


_ADDRESS: Final = _address(b"(?:")
_TV: Final = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}[+-][0-9]{4}|[0-9]{9,10}-[0-9]{1,6}"

# What logger.c writes before the message: a file's default form, its plain form
# (file:line function), syslog behind a daemon's header, and the journal's bare text.
_CHANNEL: Final = (
    rb"(?:\[[^\]\x00-\x1f\x7f]{1,80}\] "
    rb"|(?:<[0-9]{1,3}>)?(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+Z-]{8,24})"
    rb" [\w.-]{1,64} asterisk\[[0-9]+\]: )?"
)
_LEVEL: Final = rb"\[[0-9]+\](?:\[C-[0-9a-f]+\])?:? "
_ORIGIN: Final = rb"res_security_log\.c(?::[0-9]+ (?:in )?\w+)?: "

CLASSIC_PREFIX: Final = _CHANNEL + rb"SECURITY" + _LEVEL + _ORIGIN

_BANNER: Final = rb"\[[^\]\x00-\x1f\x7f]{1,80}\] Asterisk [^\x00-\x1f\x7f]+ built by "
BANNER: Final = re.compile(_BANNER)
"""What logger.c writes whenever it opens a file, of whatever form."""
RECORD_START: Final = re.compile(_CHANNEL + rb"[A-Z]{4,16}" + _LEVEL + rb"|" + _BANNER)
"""How a record of any level begins."""

JSON_START: Final = b'{"hostname":"'
_JSON_PLAIN: Final = rb'[^"\\\x00-\x1f\x7f]*'
_JSON_TEXT: Final = rb'[^"\\\x00-\x1f\x7f]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f\x7f]*)*'
_JSON_SUFFIX: Final = rb'\\n"\}\}'


def _json_prefix(text: bytes) -> bytes:
    return (
        rb'\{"hostname":"%s","timestamp":"%s","identifiers":\{"lwp":[0-9]+,"callid":"%s"\},"logmsg":\{"location":'
        rb'\{"filename":"res_security_log\.c","function":"\w+","line":[0-9]+\},"level":"SECURITY","message":"'
    ) % ((text,) * 3)


JSON_RECORD: Final = re.compile(_json_prefix(_JSON_TEXT) + rb"(" + _JSON_TEXT + rb")" + _JSON_SUFFIX)
"""A whole record; its group is the message, still escaped."""


class Head(NamedTuple):
    """What the fields around EventVersion say."""

    kind: EventKind
    service: bytes


class Form(NamedTuple):
    """A way of writing records: the patterns of the strict reading, and the tables behind them.

    `scan` eats a chunk from the left, and everything matches it: a run of lines
    that are worth nothing (no group), a clean record (groups 1 to 8: event,
    EventTV, what `heads` takes, account, session, local, remote, the rest), or
    any other line (group 9).
    """

    start: re.Pattern[bytes]
    scan: re.Pattern[bytes]
    heads: Mapping[tuple[bytes, bytes], Head]
    tails: Mapping[str, re.Pattern[bytes]]


def _field(name: str, quote: bytes, value: bytes) -> bytes:
    return name.encode() + b"=" + quote + value + quote


def _record(
    prefix: bytes, quote: bytes, value: bytes, *, kind: bytes, head: bytes, account: bytes, group: bytes
) -> bytes:
    """Everything up to and with RemoteAddress; `group` opens each of what the caller wants to know."""
    return b"".join(
        (
            prefix,
            _field("SecurityEvent", quote, group + kind + b")"),
            b",",
            _field("EventTV", quote, group + _TV + b")"),
            b",Severity=" + quote + group + head + b")" + quote + b",",
            b"(?:" + _field("AccountID", quote, group + account + b")") + b",)?",
            _field("SessionID", quote, group + value + b")"),
            b",",
            _field("LocalAddress", quote, group + _ADDRESS + b")"),
            b",",
            _field("RemoteAddress", quote, _address(group)),
        )
    )


def _head(severity: bytes, service: bytes, version: bytes, quote: bytes) -> bytes:
    return (quote + b",").join((severity, b"Service=" + quote + service, b"EventVersion=" + quote + version))


def _tail(kind: EventKind, quote: bytes, value: bytes) -> bytes:
    def field(name: str) -> bytes:
        opening = b"(?:" if name == "ExpectedResponse" else b"("
        return b"," + _field(name, quote, opening + value + b")")

    return b"".join(
        [field(name) for name in kind.required] + [b"(?:" + field(name) + b")?" for name in kind.optional]
    )


def _scan(
    prefix: bytes, suffix: bytes, quote: bytes, value: bytes, *, skip_challenges: bool
) -> re.Pattern[bytes]:
    benign = _record(
        prefix,
        quote,
        value,
        kind=b"ChallengeSent",
        head=_head(b"Informational", b"P?J?SIP", b"1", quote),
        account=rb"(?!<unknown>)" + value,
        group=b"(?:",
    )
    benign += b"," + _field("Challenge", quote, value) + suffix + rb"\n"
    clean = _record(
        prefix,
        quote,
        value,
        kind=rb"\w+",
        head=_head(rb"\w+", rb"\w+", rb"[0-9]+", quote),
        account=value,
        group=b"(",
    )
    clean += rb"((?:,\w+=" + quote + value + quote + b")*)" + suffix + rb"\n"
    skip = b"(?:" + benign + b")+|" if skip_challenges else b""
    return re.compile(skip + clean + rb"|([^\n]*)\n")


def form(*, json: bool, skip_challenges: bool = True) -> Form:
    """The strict reading of the classic forms, or of JSON's.

    Args:
        json: a JSON object a line, as `name => [json]security` writes it.
        skip_challenges: ChallengeSent for a known account is passed over
            unread; true as long as it is worth nothing.
    """
    quote, value = (rb"\\\"", _JSON_PLAIN) if json else (b'"', rb'[^"\x00-\x1f\x7f]*')
    plain_quote = b'\\"' if json else b'"'
    prefix, suffix = (_json_prefix(_JSON_PLAIN), _JSON_SUFFIX) if json else (CLASSIC_PREFIX, b"")
    heads = {
        (
            kind.name.encode(),
            _head(kind.severity.encode(), service.encode(), b"%d" % kind.version, plain_quote),
        ): Head(kind, service.encode())
        for kind in KINDS.values()
        for service in SERVICES
    }
    return Form(
        start=re.compile(re.escape(JSON_START)) if json else RECORD_START,
        scan=_scan(prefix, suffix, quote, value, skip_challenges=skip_challenges),
        heads=heads,
        tails={kind.name: re.compile(_tail(kind, quote, value)) for kind in KINDS.values()},
    )


MESSAGE_HEAD: Final = re.compile(
    rb'SecurityEvent="(\w+)",EventTV="('
    + _TV
    + rb')",Severity="('
    + _head(rb"\w+", rb"\w+", rb"[0-9]+", b'"')
    + rb')"'
)
ACCOUNT: Final = b',AccountID="'
SESSION: Final = b'",SessionID="'
PAIR: Final = re.compile(rb'",LocalAddress="(' + _ADDRESS + rb')",RemoteAddress="' + _address(b"(") + rb'"')
POINTER: Final = re.compile(rb"0x[0-9a-f]+")
"""SessionID of the AMI and of chan_sip: an address in memory, nothing a peer chose."""
CLEAN: Final = 10
OTHER: Final = 11
"""`lastindex` of what `Form.scan` found."""
LOOSE_TAILS: Final = {kind.name: re.compile(_tail(kind, b'"', b".*?"), re.DOTALL) for kind in KINDS.values()}
"""Tails whose values may hold anything: this says where a value begins, not that there is but one reading."""
