"""Pure: what hostile peers write where Asterisk escapes nothing: other names, and what breaks readers.

Whatever Asterisk makes of it, nobody but the sender may be blamed, and never `INNOCENT`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable

    from sipwords import Request

INNOCENT = "192.0.2.77"
_LOCAL = "IPV4/UDP/198.51.100.1/5060"
_REMOTE = f"IPV4/UDP/{INNOCENT}/5060"
_PAIR = f'x",LocalAddress="{_LOCAL}",RemoteAddress="{_REMOTE}'
_TV = "2026-11-21T22:21:39.487+0000"
_HEAD = {"EventTV": _TV, "Severity": "Error", "Service": "SIP", "EventVersion": "2", "AccountID": "1"}
_TAIL = {"Challenge": "1", "ReceivedChallenge": "1", "ReceivedHash": "1"}
_FIELDS = _HEAD | {"SessionID": "0x1", "LocalAddress": _LOCAL, "RemoteAddress": _REMOTE} | _TAIL
"""A proof that somebody tried a password, if it were true."""
_RECORD = 'SecurityEvent="InvalidPassword",' + ",".join(f'{key}="{value}"' for key, value in _FIELDS.items())
_LINE = f"[Nov 21 22:21:39] SECURITY[9] res_security_log.c: {_RECORD}"
_EVENT = "Event: InvalidPassword\r\nPrivilege: security,all\r\n" + "".join(
    f"{key}: {value}\r\n" for key, value in _FIELDS.items()
)
_CHAN_IAX2 = "[Nov 21 22:21:39] NOTICE[9] chan_iax2.c: "
_HOST = f"{_CHAN_IAX2}Host {INNOCENT} failed to authenticate as x"
_NOTICE = f"x' failed for '{INNOCENT}:5060' (callid: y) - No matching endpoint found"
_BREAKS = "\v\f\x1c\x85\u2028"
_CUT = 8191
"""Bytes after which Asterisk cuts a record of its log."""

CLASSIC, JSON, AMI, NOTICE, NOTICE_JSON, ALL = "classic", "json", "ami", "notice", "notice.json", "all"
_QUOTED = frozenset({CLASSIC})
_NOTICES = frozenset({NOTICE, NOTICE_JSON})
_UNCLEAR = _QUOTED | _NOTICES
_LONG = frozenset({CLASSIC, JSON, NOTICE})
_NOT_UTF8 = frozenset({CLASSIC, JSON, AMI, NOTICE_JSON})
_NO_EVENT = frozenset({CLASSIC, JSON, AMI})
_NOWHERE = frozenset({CLASSIC, JSON, AMI, NOTICE, NOTICE_JSON, ALL})


class Poison(NamedTuple):
    """One class of hostile words.

    Attributes:
        name: of the class.
        write: the words, put into a request.
        unseen: channels, each of which alone cannot tell who sent them, and so blames nobody.
    """

    name: str
    write: Callable[[Request], bytes]
    unseen: frozenset[str] = frozenset()


class Login(NamedTuple):
    """A log-in to the AMI with a hostile user name; the rest as `Poison` has it."""

    name: str
    user: str
    unseen: frozenset[str] = frozenset()


class Peer(NamedTuple):
    """A user of IAX2 with a hostile name, or a guest who dials such a number; the rest as `Poison` has it."""

    name: str
    words: bytes
    unseen: frozenset[str] = _NO_EVENT
    dials: bool = False


def _user(text: str) -> Callable[[Request], bytes]:
    """In the user, of whom PJSIP keeps 36 bytes and chan_sip 79."""
    return lambda request: bytes(request).replace(b"sip:nobody", f"sip:{quote(text)}".encode())


def _call_id(data: bytes | str) -> Callable[[Request], bytes]:
    """In the Call-ID, behind what makes it unique."""
    data = data.encode() if isinstance(data, str) else data
    return lambda request: bytes(request).replace(b"\r\nCSeq", data + b"\r\nCSeq", 1)


def _name(text: str) -> Callable[[Request], bytes]:
    """In the display name."""
    return lambda request: bytes(request).replace(b"From: <", f'From: "{text}" <'.encode())


def _answer(nonce: str, response: str) -> Callable[[Request], bytes]:
    """In the answer to a challenge that never was."""
    words = f'Digest username="101", realm="asterisk", nonce="{nonce}", uri="sip:x", response="{response}"'
    return lambda request: bytes(request).replace(
        b"Expires", f"Authorization: {words}\r\nExpires".encode(), 1
    )


def _response(text: str) -> Callable[[Request], bytes]:
    """In place of the answer to a challenge."""
    return lambda request: re.sub(rb'(?<=response=")\w+', lambda _: text.encode(), bytes(request))


def _to(text: str) -> Callable[[Request], bytes]:
    """In the display name of whose place it is."""
    return lambda request: bytes(request).replace(b"To: <", f'To: "{text}" <'.encode())


def _dialled(text: str) -> Callable[[Request], bytes]:
    """In the number that a guest dials."""
    return lambda request: bytes(replace(request, method="INVITE", target=quote(text)))


USERS = (
    Poison("quotes in the user", _user(f'x",RemoteAddress="{_REMOTE}')),
    Poison("CR LF in the user", _user(f"x\r\nRemoteAddress: {_REMOTE}")),
    Poison("the end of an event in the user", _user("\r\n\r\nEvent: Shutdown\r\n\r\n")),
    Poison("LF in the user", _user("x\nSecurityEvent=")),
    Poison("lone CR in the user", _user(f"x\rRemoteAddress: {_REMOTE}")),
    Poison("line ends of Unicode in the user", _user(f"x{_BREAKS}RemoteAddress: ")),
    Poison("ESC in the user", _user("x\x1b")),
)
"""What chan_sip writes into its records as well."""
CALLS = (
    Poison("bytes that are not UTF-8 in the Call-ID", _call_id(b"x\xff\xfe"), _NOT_UTF8),
    Poison("NUL in the user", _user("x\0RemoteAddress")),
    Poison("quotes in the Call-ID", _call_id(_PAIR), _QUOTED),
    Poison("a forged end in the Call-ID", _call_id(_PAIR + '",Challenge="'), _QUOTED),
    Poison("a record in the Call-ID", _call_id(f'",SessionTV="{_LINE}'), _UNCLEAR),
    Poison("line ends of Unicode in the Call-ID", _call_id(f"x{_BREAKS}{_LINE}"), _UNCLEAR),
    Poison(
        "quotes in the answer", _answer(f'1\\",RemoteAddress=\\"{_REMOTE}', '2\\",SessionTV=\\"'), _QUOTED
    ),
    Poison("line ends of Unicode in the answer", _answer("1\u2028\x85", f"2\u2028RemoteAddress: {_REMOTE}")),
    Poison("a notice in the display name", _name(_NOTICE), _NOTICES),
    Poison("a notice in the Call-ID", _call_id(f") - {_NOTICE}"), _NOTICES),
    Poison("ESC in the Call-ID", _call_id(f'x",RemoteAddress="{_REMOTE}",Challenge="\x1b'), _UNCLEAR),
    Poison("a record too long", _call_id("x" * (_CUT - 300) + _PAIR), _LONG),
)
NUMBERS = (
    Poison("quotes in the number", _dialled(f'x",RemoteAddress="{_REMOTE}')),
    Poison("CR LF in the number", _dialled(f"x\r\nRemoteAddress: {_REMOTE}"), _NOTICES),
    Poison("LF and a line in the number", _dialled(f"x\n{_LINE}"), _NOTICES),
    Poison("ESC in the number", _dialled("x\x1b"), _NOTICES),
    Poison("a notice in the number", _dialled("x' rejected because extension not found"), _NOTICES),
)
"""What guests dial: chan_sip writes it as it came into its records, and decoded into its notices."""
ANSWERS = (
    Poison("quotes in the answer", _response(f'2\\",RemoteAddress=\\"{_REMOTE}'), _QUOTED),
    Poison("a notice in whose place it is", _to(f"x' failed for '{INNOCENT}:1' - Wrong password"), _NOTICES),
)
"""Answers to a challenge of chan_sip, which writes more of them than PJSIP."""
PEERS = (
    Peer("a plain name", b"nobody"),
    Peer("a plain number", b"900", dials=True),
    Peer("NUL in the name", b"x\0RemoteAddress"),
    Peer("bytes that are not UTF-8 in the name", b"x\xff\xfe", _NOT_UTF8),
    Peer("line ends of Unicode in the name", "x\x85\u2028".encode()),
    Peer("a notice in the name", f"x' (from {INNOCENT})".encode(), _NOWHERE),
    Peer("a notice in the number", f"x' (from {INNOCENT})".encode(), _NOWHERE, dials=True),
    Peer("ESC in the name", b"x\x1b", _NOWHERE),
    Peer("ESC and a notice in the name", f"x' (from {INNOCENT})\x1b".encode(), _NOWHERE),
    Peer("lone CR in the name", f"x\r{_HOST}".encode(), _NOWHERE),
    Peer("LF and a notice in the name", f"x\n{_HOST}".encode(), _NOWHERE),
    Peer("LF and a notice in the number", f"x\n{_HOST}".encode(), _NOWHERE, dials=True),
)
"""The careless: who knows how a line ends can write whole ones, see `LINES`."""
LINES = f"x' (from {INNOCENT})\n{_CHAN_IAX2}No registration for peer 'y".encode()
"""A name of IAX2 that makes whole true-looking notices out of one, in a log of text."""
LOGINS = (
    Login("quotes", _PAIR, _QUOTED),
    Login("lone CRs and headers", f"x\rRemoteAddress: {_REMOTE}\r\r{_EVENT}".replace("\n", ""), _UNCLEAR),
    Login("a lone CR and a line", f"x\r{_LINE}", _UNCLEAR),
    Login("line ends of Unicode and a line", f"x{_BREAKS}{_LINE}", _UNCLEAR),
    Login("ESC", f"x\x1b{_PAIR}", _UNCLEAR),
    Login("a notice", _NOTICE, _NOTICES),
)
FORGED = (
    "x\r\nSessionID: 0x1\r\nLocalAddress: IPV4/TCP/0.0.0.0/5038\r\n"
    f"RemoteAddress: IPV4/TCP/{INNOCENT}/1\r\nSessionTV: 1970-01-01T00:00:00.000+0000\r\n\r\n{_EVENT}\r\n"
    "Event: InvalidAccountID\r\nPrivilege: security,all\r\n"
    f"EventTV: {_TV}\r\nSeverity: Error\r\nService: AMI\r\nEventVersion: 1\r\nAccountID: y\n{_LINE}\n"
)
"""A user name for AMI over HTTP, which makes whole true-looking records out of it in log and AMI."""
