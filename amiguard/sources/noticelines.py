"""Pure: what Asterisk's notices say of refused log-ins, one row a form of line.

Touch this when Asterisk words a notice otherwise.  The rows are the format
strings of Asterisk 13 to 22, with names where it puts in values.  Peers choose
some of these, and nothing is escaped: a value may not hold what delimits it, so
that a line has one reading or none.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote_to_bytes

from amiguard.model import Prefix

_LAST_PORT: Final = 65_535


class Notice(NamedTuple):
    """A refusal that a notice tells of; never proof, for a blind sender can cause nearly all of them.

    `kind` is the security event that says the same; `reason` is the ACLName of
    a FailedACL where Asterisk has one, else Asterisk's words.  `account` is the
    user of the From URI, percent-decoded (empty where it has none), or the number
    dialled where a call was refused.  `call_id` is empty but for PJSIP.

    `firm` is false where a peer may have deleted the true address.  In a form that
    is not escaped, Asterisk deletes from an ESC to the next `m`: who writes an ESC
    before the address has deleted it if an `m` comes behind it, his or Asterisk's
    own, and what he wrote himself reads like an honest line.
    """

    kind: str
    service: bytes
    address: Prefix
    port: int | None
    account: bytes
    call_id: bytes
    reason: bytes
    firm: bool


class Health(NamedTuple):
    """Asterisk hid something: an event (`detail` is its kind), or records (beyond so many in its queue)."""

    what: Literal["event dropped", "records dropped"]
    detail: bytes


class Unclear(NamedTuple):
    """A line of a form known here that has no single reading; `whole`: it ends as such a line does."""

    whole: bool


_UNKNOWN: Final = "InvalidAccountID"
_WRONG: Final = "InvalidPassword"
_ANSWER: Final = "ChallengeResponseFailed"
_ACL: Final = "FailedACL"

_PJSIP: Final = "Request{method} from '{uri}' failed for '{peer}' (callid: {callid}) - "
_SIP: Final = "Registration from '{header}' failed for '{peer}' - "
_CALL: Final = "Rejected connect attempt from {peer}"
_EXTENSION: Final = "to extension '{dialled}' rejected because extension not found in context '{context}'."

_ROWS: Final = {
    (b"manager.c", b"AMI"): (
        (_UNKNOWN, "nonexistent user", "{peer} tried to authenticate with nonexistent user '{account}'"),
        # This also follows each of its neighbours: one log-in, two lines.
        (_WRONG, "failed to authenticate", "{peer} failed to authenticate as '{account}'"),
        (_ACL, "IP ACL", "{peer} failed to pass IP ACL as '{account}'"),
        ("RequestBadFormat", "line too long", "Discarding message from {peer}. Line too long{rest}"),
    ),
    (b"res_pjsip/pjsip_distributor.c", b"PJSIP"): (
        (_UNKNOWN, "No matching endpoint found", _PJSIP + "No matching endpoint found{tries}"),
        (_ACL, "not_match_endpoint_acl", _PJSIP + "Not match Endpoint ACL"),
        (_ACL, "not_match_endpoint_contact_acl", _PJSIP + "Not match Endpoint Contact ACL"),
        (_ANSWER, "Failed to authenticate", _PJSIP + "Failed to authenticate"),
        (_ANSWER, "Error to authenticate", _PJSIP + "Error to authenticate"),
    ),
    (b"res_pjsip_session.c", b"PJSIP"): (
        (_ACL, "no_extension_match", " {name}: Call ({transport}:{peer}) " + _EXTENSION),
        (_ACL, "no_extension_match", "Call from '{name}' ({transport}:{peer}) " + _EXTENSION),
    ),
    (b"chan_sip.c", b"SIP"): (
        (_ACL, "no_extension_match", "Call from '{name}' ({peer}) " + _EXTENSION),
        (_WRONG, "Wrong password", _SIP + "Wrong password"),
        (_UNKNOWN, "No matching peer found", _SIP + "No matching peer found"),
        (_ANSWER, "Username/auth name mismatch", _SIP + "Username/auth name mismatch"),
        (_ACL, "domain_must_match", _SIP + "Not a local domain"),
        (_ACL, "peer_not_dynamic", _SIP + "Peer is not supposed to register"),
        (_ACL, "device_must_match_acl", _SIP + "Device does not match ACL"),
        (_ACL, "device_must_match_acl", _SIP + "ACL error (permit/deny)"),
        ("InvalidTransport", "transport", _SIP + "Device not configured to use this transport type"),
    ),
    (b"chan_iax2.c", b"IAX2"): (
        (_UNKNOWN, "No registration", "No registration for peer '{account}' (from {peer})"),
        (_ANSWER, "MD5", "Host {peer} failed MD5 authentication for '{account}' ({hash} != {hash})"),
        (_WRONG, "plaintext", "Host {peer} did not provide proper plaintext password for '{account}'"),
        (_ACL, "denied access", "Host {peer} denied access to register peer '{account}'"),
        (_WRONG, "failed to authenticate", "Host {peer} failed to authenticate as {word}"),
        (_UNKNOWN, "refused", _CALL + ", who was trying to reach '{dialled}@{context}'"),
        (_ACL, "no_extension_match", _CALL + ", request '{dialled}@{context}' does not exist"),
    ),
}
"""By source file and service: the security event that a line stands for, the reason, the line."""

_HEALTH: Final[dict[bytes, tuple[Literal["event dropped", "records dropped"], re.Pattern[bytes]]]] = {
    b"security_events.c": (
        "event dropped",
        re.compile(rb"Failed to issue security event of type (\w+)\."),
    ),
    b"logger": (
        "records dropped",
        re.compile(rb"Log queue threshold \(([0-9]+)\) exceeded\. +Discarding new messages\."),
    ),
}

_VALUES: Final = {
    "peer": rb"(?P<peer>[\[\]\w:.%-]{2,70})",
    "transport": rb"\w{1,8}",
    "method": rb"(?: '[\w.!%*+`~-]{1,64}')?",
    "name": rb"[^'()\x00-\x1f\x7f]*",
    "context": rb"[^'@\x00-\x1f\x7f]+",
    "tries": rb"(?: after [0-9]+ tries in [0-9.]+ ms)?",
    "hash": rb"[0-9A-Fa-f]{1,64}",
    "account": rb"(?P<account>[^'\x00-\x1f\x7f]*+)",
    "word": rb"(?P<word>[^'\x00-\x20\x7f]*+)",
    "dialled": rb"(?P<dialled>[^'@\x00-\x1f\x7f]*+)",
    "uri": rb"(?P<uri>[^'\x00-\x1f\x7f]*+)",
    "header": rb"(?P<uri>[^'\x00-\x1f\x7f]*+)",
    "callid": rb"(?P<callid>[^'()\x00-\x20\x7f]*+)",
    "rest": rb"(?:: [^\x00-\x1f\x7f]*)?",
}
_TEXTS: Final = frozenset(("account", "word", "dialled", "uri", "header", "callid", "hash", "rest"))
"""Values that a peer chooses freely."""

_PEER: Final = re.compile(
    rb"(?:\[([0-9A-Fa-f:.]+)(?:%[\w.-]{1,15})?\]|([0-9.]+))(?::([0-9]{1,5}))?|([0-9A-Fa-f:]+[0-9A-Fa-f:.]*)"
    rb"(?:%[\w.-]{1,15})?"
)
_PRINTED: Final = re.compile(rb'<[^"<>]*>')
"""A URI as pjproject prints one: control characters are escaped, but in a quoted text."""
_USER: Final = re.compile(rb"(?:[^<>]*<)?(?:sips?:([^@<>;]*)@|tel:([^<>;]*))[^<>]*(?:>.*)?")


class _Form(NamedTuple):
    """A row made ready; `stem` is what comes before the peer's first word, `close` what follows his last."""

    kind: str
    service: bytes
    reason: bytes
    line: re.Pattern[bytes]
    stem: re.Pattern[bytes]
    close: re.Pattern[bytes]
    erasable: bool
    """A peer's words come before the address, and behind it an `m` comes, or may."""
    printed: bool
    """Those words are a URI that pjproject has printed."""


def _form(service: bytes, kind: str, reason: str, line: str) -> _Form:
    parts = re.split(r"\{(\w+)\}", line)
    patterns = [_VALUES[part] if at % 2 else re.escape(part.encode()) for at, part in enumerate(parts)]
    texts = [at for at, part in enumerate(parts) if at % 2 and part in _TEXTS]
    whole, stem, close = (
        b"".join(patterns[cut]) for cut in (slice(None), slice(texts[0]), slice(texts[-1] + 1, None))
    )
    peer = parts.index("peer")
    return _Form(
        kind,
        service,
        reason.encode(),
        re.compile(whole),
        re.compile(stem),
        re.compile(b"(?s:.*)" + close),
        texts[0] < peer and (texts[-1] > peer or "m" in "".join(parts[peer + 1 :: 2])),
        "uri" in parts,
    )


_FORMS: Final = {file: tuple(_form(service, *row) for row in rows) for (file, service), rows in _ROWS.items()}
TOLD: Final = frozenset((form.service, form.kind) for forms in _FORMS.values() for form in forms)
"""Services, and the kinds of security events that notices of them stand for."""


def read(file: bytes, text: bytes, *, escaped: bool) -> Notice | Health | Unclear | None:
    """Read one message.

    Args:
        file: the source file that wrote it, as Asterisk names it.
        text: the message, without the line end.
        escaped: the form keeps what a peer wrote in its place, as JSON does.

    Returns:
        What it says; None when it is of no form known here.
    """
    if file in _HEALTH:
        what, pattern = _HEALTH[file]
        match = pattern.fullmatch(text)
        return Health(what, match[1]) if match else None
    forms = _FORMS.get(file, ())
    for form in forms:
        if match := form.line.fullmatch(text):
            return _notice(form, match, escaped=escaped) or Unclear(whole=True)
    near = [form for form in forms if form.stem.match(text)]
    return Unclear(any(form.close.fullmatch(text) for form in near)) if near else None


def _notice(form: _Form, match: re.Match[bytes], *, escaped: bool) -> Notice | None:
    said = match.groupdict(b"")
    try:
        address, port = _peer(said["peer"])
    except ValueError:
        return None
    account = b"".join(said.get(name, b"") for name in ("account", "word", "dialled"))
    return Notice(
        form.kind,
        form.service,
        address,
        port,
        account or _user(said.get("uri", b"")),
        said.get("callid", b""),
        form.reason,
        escaped or not form.erasable or (form.printed and bool(_PRINTED.fullmatch(said["uri"]))),
    )


def _peer(text: bytes) -> tuple[Prefix, int | None]:
    """Address and port of `192.0.2.1`, `192.0.2.1:5060`, `[2001:db8::1]:5060` or `2001:db8::1`."""
    match = _PEER.fullmatch(text)
    if not match:
        raise ValueError("no address")
    address = Prefix.of(ip_address((match[1] or match[2] or match[4]).decode("ascii")).packed)
    port = int(match[3]) if match[3] else None
    if port is not None and port > _LAST_PORT:
        raise ValueError("a port beyond the last one")
    return address, port


def _user(uri: bytes) -> bytes:
    match = _USER.fullmatch(uri)
    return unquote_to_bytes(match[1] or match[2] or b"") if match else b""
