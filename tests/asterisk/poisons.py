"""Pure: what hostile peers write where Asterisk escapes nothing: other names, and what breaks readers.

Whatever Asterisk makes of it, nobody but the sender may be blamed, and never `INNOCENT`.
"""

from __future__ import annotations

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
_NOTICE = f"x' failed for '{INNOCENT}:5060' (callid: y) - No matching endpoint found"
_BREAKS = "\v\f\x1c\x85\u2028"
_CUT = 8191
"""Bytes after which Asterisk cuts a record of its log."""

CLASSIC, JSON, AMI, NOTICE = "classic", "json", "ami", "notice"
_QUOTED = frozenset({CLASSIC})
_UNCLEAR = frozenset({CLASSIC, NOTICE})
_LONG = frozenset({CLASSIC, JSON, NOTICE})
_NOWHERE = frozenset({CLASSIC, JSON, AMI})


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
    Poison("bytes that are not UTF-8 in the Call-ID", _call_id(b"x\xff\xfe"), _NOWHERE),
    Poison("NUL in the user", _user("x\0RemoteAddress")),
    Poison("quotes in the Call-ID", _call_id(_PAIR), _QUOTED),
    Poison("a forged end in the Call-ID", _call_id(_PAIR + '",Challenge="'), _QUOTED),
    Poison("a record in the Call-ID", _call_id(f'",SessionTV="{_LINE}'), _UNCLEAR),
    Poison("line ends of Unicode in the Call-ID", _call_id(f"x{_BREAKS}{_LINE}"), _UNCLEAR),
    Poison(
        "quotes in the answer", _answer(f'1\\",RemoteAddress=\\"{_REMOTE}', '2\\",SessionTV=\\"'), _QUOTED
    ),
    Poison("line ends of Unicode in the answer", _answer("1\u2028\x85", f"2\u2028RemoteAddress: {_REMOTE}")),
    Poison("a notice in the display name", _name(_NOTICE), frozenset({NOTICE})),
    Poison("a notice in the Call-ID", _call_id(f") - {_NOTICE}"), frozenset({NOTICE})),
    Poison("ESC in the Call-ID", _call_id(f'x",RemoteAddress="{_REMOTE}",Challenge="\x1b'), _UNCLEAR),
    Poison("a record too long", _call_id("x" * (_CUT - 300) + _PAIR), _LONG),
)
LOGINS = (
    Login("quotes", _PAIR, _QUOTED),
    Login("lone CRs and headers", f"x\rRemoteAddress: {_REMOTE}\r\r{_EVENT}".replace("\n", ""), _UNCLEAR),
    Login("a lone CR and a line", f"x\r{_LINE}", _UNCLEAR),
    Login("line ends of Unicode and a line", f"x{_BREAKS}{_LINE}", _UNCLEAR),
    Login("ESC", f"x\x1b{_PAIR}", _UNCLEAR),
    Login("a notice", _NOTICE, frozenset({NOTICE})),
)
FORGED = (
    "x\r\nSessionID: 0x1\r\nLocalAddress: IPV4/TCP/0.0.0.0/5038\r\n"
    f"RemoteAddress: IPV4/TCP/{INNOCENT}/1\r\nSessionTV: 1970-01-01T00:00:00.000+0000\r\n\r\n{_EVENT}\r\n"
    "Event: InvalidAccountID\r\nPrivilege: security,all\r\n"
    f"EventTV: {_TV}\r\nSeverity: Error\r\nService: AMI\r\nEventVersion: 1\r\nAccountID: y\n{_LINE}\n"
)
"""A user name for AMI over HTTP, which makes whole true-looking records out of it in log and AMI."""
