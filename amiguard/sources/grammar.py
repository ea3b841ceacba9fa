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
    from collections.abc import Container, Iterator, Mapping

LONGEST: Final = 8192
"""Asterisk's log buffer: a longer record is cut (`BUFSIZ` in `main/logger.c`)."""


# Sets of bytes are named by what is in them, which `re` looks up in one step, and what is not in two.
PLAIN: Final = rb"[ !#-~\x80-\xff]*+"
"""A value without quotes and control characters."""
_JSON_PLAIN: Final = rb"[ !#-\[\]-~\x80-\xff]*+"
WORD: Final = rb"[0-9A-Za-z_]++"


def maybe(pattern: bytes) -> bytes:
    """The pattern or nothing: an empty alternative costs a third of what `?` behind a group does."""
    return b"(?:%s|)" % pattern


def address(transport: bytes, opening: bytes) -> bytes:
    """An address as Asterisk writes it; `opening` begins a group for all before the port, and one for that.

    An interface may follow behind `%`.
    """
    host = rb"%sIPV[46]/%s[0-9A-Fa-f:.]{2,45}+%s)" % (opening, transport, maybe(rb"%[\w.-]{1,15}"))
    return rb"%s/%s[0-9]{1,5}+)" % (host, opening)


TRANSPORT: Final = rb"(?:UDP|TCP|TLS|WSS?)/"
_LOCAL: Final = address(maybe(TRANSPORT), b"(?:")
_TV: Final = rb"[-+.:0-9T]{11,28}+"
HALF_HOUR: Final = rb"([-0-9]{10}T[0-9]{2}):(?:[0-2]|[3-5]())[0-9]:[0-5][0-9]\.[0-9]{3}[-+][0-9]{4}"
"""EventTV as Asterisk 12 and later write it; its groups say within which half hour of the clock.

Whoever logs in at least once an hour, at regular times, has then logged in within an hour by what is told.
"""

# What logger.c writes before the message: a file's default form, its plain form
# (file:line function), syslog behind a daemon's header, and the journal's bare text.
_CHANNEL: Final = maybe(
    rb"\[[ -\\^-~\x80-\xff]{1,80}+\] "
    rb"|(?:<[0-9]{1,3}>)?(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+Z-]{8,24})"
    rb" [\w.-]{1,64} asterisk\[[0-9]+\]: "
)
_LEVEL: Final = rb"\[[0-9]+\]%s:? " % maybe(rb"\[C-[0-9a-f]+\]")
_ORIGIN: Final = rb"res_security_log\.c%s: " % maybe(rb":[0-9]+ (?:in )?\w+")

CLASSIC_PREFIX: Final = _CHANNEL + rb"SECURITY" + _LEVEL + _ORIGIN

_BANNER: Final = rb"\[[^\]\x00-\x1f\x7f]{1,80}\] Asterisk [^\x00-\x1f\x7f]+ built by "
BANNER: Final = re.compile(_BANNER)
"""What logger.c writes whenever it opens a file, of whatever form."""
RECORD_START: Final = re.compile(_CHANNEL + rb"[A-Z]{4,16}" + _LEVEL + rb"|" + _BANNER)
"""How a record of any level begins."""

JSON_START: Final = b'{"hostname":"'
_JSON_TEXT: Final = rb'[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f]*)*'
_JSON_SUFFIX: Final = rb'\\n"\}\}'


def _json_prefix(text: bytes, file: bytes, function: bytes, level: bytes) -> bytes:
    return (
        rb'\{"hostname":"%s","timestamp":"%s","identifiers":\{"lwp":[0-9]+,"callid":"%s"\},"logmsg":\{"location":'
        rb'\{"filename":"%s","function":"%s","line":[0-9]+\},"level":"%s","message":"'
    ) % (text, text, text, file, function, level)


def json_record(*, file: bytes, function: bytes, level: bytes) -> re.Pattern[bytes]:
    """A whole JSON record, by these patterns; its last group is the message, still escaped."""
    prefix = _json_prefix(_JSON_TEXT, file, function, level)
    return re.compile(prefix + rb"(" + _JSON_TEXT + rb")" + _JSON_SUFFIX)


_JSON_FILE: Final = rb"res_security_log\.c"
_SECURITY: Final = {"file": _JSON_FILE, "function": rb"\w+", "level": rb"SECURITY"}
JSON_RECORD: Final = json_record(**_SECURITY)
"""A whole record of the security log."""
JSON_CUT: Final = re.compile(
    rb'%s(%s)(?:\\(?:u[0-9A-Fa-f]{0,3})?|"\}?)?' % (_json_prefix(_JSON_TEXT, **_SECURITY), _JSON_TEXT)
)
"""The beginning of such a record; its group is as much of the message as can be unescaped."""


class Head(NamedTuple):
    """What the fields around EventVersion say, and how such a record goes on after its addresses."""

    kind: EventKind
    service: bytes
    tail: re.Pattern[bytes]
    account_at: int | None
    """Where AccountID stands among the details, for the one kind that has it there."""


class Form(NamedTuple):
    """The strict reading of one way to write records.

    `scan` eats lines from the left, and every line matches it: as one that is
    worth nothing (no group); as a log-in (groups 1 to 4: the hour and its half, all from
    the service to the account, all from LocalAddress on); as any other clean record
    (groups 5 to 14, or all of those of `clean`: event, EventTV, the rest of the key of
    `heads`, account, session, all from LocalAddress on; and of that the local
    address, the remote one and its port, what follows); or as any other (group 15).
    """

    scan: re.Pattern[bytes]
    clean: re.Pattern[bytes]
    heads: Mapping[tuple[bytes, bytes], Head]
    longest: float = LONGEST
    """Bytes of a whole record."""


LOGIN: Final = 4
OTHER: Final = 15
"""`lastindex` of what `Form.scan` found; any other is a clean record's, and None is worth nothing."""


class _Spelling(NamedTuple):
    """How a form spells quotes and plain values; `quote` as it stands, `q` as a pattern."""

    quote: bytes
    q: bytes
    value: bytes

    def field(self, name: str, value: bytes) -> bytes:
        return b"%s=%s%s%s" % (name.encode(), self.q, value, self.q)

    def head(self, severity: bytes, service: bytes, version: bytes, quote: bytes) -> bytes:
        return (quote + b",").join(
            (severity, b"Service=" + quote + service, b"EventVersion=" + quote + version)
        )

    def tail(self, kind: EventKind, loose: Container[str] = ()) -> re.Pattern[bytes]:
        def field(name: str) -> bytes:
            opening = b"(?:" if name == "ExpectedResponse" else b"("
            return b"," + self.field(name, opening + (b".*?" if name in loose else self.value) + b")")

        required, optional = map(field, kind.required), map(field, kind.optional)
        return re.compile(b"".join((*required, *(b"(?:%s)?" % field for field in optional))), re.DOTALL)

    def record(self, kind: bytes, head: bytes, account: bytes, tail: bytes, opening: bytes) -> bytes:
        """A record from its event's name to its end; `opening` begins each group."""
        who = self.field("AccountID", b"%s%s)" % (opening, account))
        fields = (
            b"%s%s)%s" % (opening, kind, self.q),
            self.field("EventTV", b"%s%s)" % (opening, _TV)),
            b"Severity=%s%s%s)%s" % (self.q, opening, head, self.q),
            maybe(b"%s," % who) + self.field("SessionID", b"%s%s)" % (opening, self.value)),
            b"%s%s%s%s))" % (opening, self._addresses(opening), opening, tail),
        )
        return b",".join(fields)

    def login(self, tail: bytes) -> bytes:
        """A log-in, likewise, with the groups that `Form` names."""
        who = self.head(b"Informational", b"(" + WORD, b"[0-9]++", self.q)
        fields = (
            b"SuccessfulAuth" + self.q,
            self.field("EventTV", HALF_HOUR),
            b"Severity=%s%s%s,%s)" % (self.q, who, self.q, self.field("AccountID", self.value)),
            self.field("SessionID", self.value),
            b"(%s%s)" % (self._addresses(b"(?:"), tail),
        )
        return b",".join(fields)

    def _addresses(self, opening: bytes) -> bytes:
        local = self.field("LocalAddress", b"%s%s)" % (opening, _LOCAL))
        return local + b"," + self.field("RemoteAddress", address(maybe(TRANSPORT), opening))


_CLASSIC: Final = _Spelling(b'"', b'"', PLAIN)
_JSON: Final = _Spelling(b'\\"', rb"\\\"", _JSON_PLAIN)


def _form(spelling: _Spelling, prefix: bytes, suffix: bytes, *, skip_challenges: bool) -> Form:
    q, value = spelling.q, spelling.value
    challenge = spelling.record(
        b"ChallengeSent",
        spelling.head(b"Informational", b"P?J?SIP", b"1", q),
        rb"(?!<unknown>)" + value,
        b"," + spelling.field("Challenge", value),
        b"(?:",
    )
    # The outer repetition gives back nothing anyway; a possessive group is broken in Python 3.11.2.
    tail = rb"(?:,%s=%s%s%s)*" % (WORD, q, value, q)
    clean = spelling.record(WORD, spelling.head(WORD, WORD, rb"[0-9]++", q), value, tail, b"(")
    either = (*((challenge,) if skip_challenges else ()), spelling.login(tail), clean)
    begin, end = b"%sSecurityEvent=%s(?:" % (prefix, q), rb")%s\n" % suffix
    return Form(
        scan=re.compile(rb"%s%s%s|([^\n]*)\n" % (begin, b"|".join(either), end)),
        clean=re.compile(begin + clean + end),
        heads=dict(_heads(spelling)),
    )


def _heads(spelling: _Spelling) -> Iterator[tuple[tuple[bytes, bytes], Head]]:
    for kind in KINDS.values():
        tail = spelling.tail(kind)
        account_at = None if kind.account_in_head else kind.details.index("AccountID")
        for service in map(str.encode, SERVICES):
            key = spelling.head(kind.severity.encode(), service, b"%d" % kind.version, spelling.quote)
            yield (kind.name.encode(), key), Head(kind, service, tail, account_at)


def form(*, json: bool, skip_challenges: bool = True) -> Form:
    """The strict reading of the classic forms, or of JSON's.

    Args:
        json: a JSON object a line, as `name => [json]security` writes it.
        skip_challenges: ChallengeSent for a known account is passed over
            unread; true as long as it is worth nothing.
    """
    spelling = _JSON if json else _CLASSIC
    prefix, suffix = (
        (_json_prefix(_JSON_PLAIN, _JSON_FILE, rb"\w+", rb"SECURITY"), _JSON_SUFFIX)
        if json
        else (CLASSIC_PREFIX, b"")
    )
    return _form(spelling, prefix, suffix, skip_challenges=skip_challenges)


MESSAGE_HEAD: Final = re.compile(
    rb'SecurityEvent="(\w+)",EventTV="(%s)",Severity="(%s)"'
    % (_TV, _CLASSIC.head(rb"\w+", rb"\w+", rb"[0-9]+", b'"'))
)
MESSAGE_HEADS: Final = dict(_heads(_CLASSIC))
ACCOUNT: Final = b',AccountID="'
SESSION: Final = b'",SessionID="'
PAIR: Final = re.compile(
    rb'",LocalAddress="(%s)",RemoteAddress="%s"' % (_LOCAL, address(maybe(TRANSPORT), b"("))
)
"""The local address, the remote one and its port."""
POINTER: Final = re.compile(rb"0x[0-9a-f]+")
"""SessionID of the AMI and of chan_sip: an address in memory, nothing a peer chose."""
PEERS_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "ChallengeResponseFailed": ("Challenge", "Response"),
    "InvalidPassword": ("ReceivedChallenge", "ReceivedHash"),
    "RequestBadFormat": ("RequestType", "AccountID", "RequestParams"),
    "RequestNotAllowed": ("RequestType", "RequestParams"),
}
"""What behind the addresses a peer has said; all else there is Asterisk's own and clean."""

LOOSE_TAILS: Final = {
    kind.name: _CLASSIC.tail(kind, PEERS_WORDS.get(kind.name, ())) for kind in KINDS.values()
}
"""Tails whose values may hold anything where they are a peer's words: this says where a value begins,
not that there is but one reading.  Asterisk's own values stay strict, so that a field which a later release
adds is no tampering, and the secret in ExpectedResponse is taken for nothing else."""
