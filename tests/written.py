"""Pure: security records as Asterisk writes them, out of their fields.

`main/security_events.c` puts the fields in the order of the kinds' table and
escapes nothing; `main/logger.c` puts a prefix before that, or makes JSON of it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from amiguard.sources.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENTTV = b"2026-11-21T22:21:39.487+0000"
NOON = 1_795_299_699.487
"""EVENTTV as seconds since the epoch."""


class Words(NamedTuple):
    """What a record says besides the fields of its kind."""

    service: bytes = b"PJSIP"
    account: bytes = b"101"
    session: bytes = b"0x7f62"
    local: bytes = b"IPV4/UDP/198.51.100.1/5060"
    remote: bytes = b"IPV4/UDP/203.0.113.7/5061"
    eventtv: bytes = EVENTTV


HONEST = Words()


def fields(kind: str, words: Words, details: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    """A record's names and values in Asterisk's order; `details` names those after the addresses."""
    row = KINDS[kind]
    head = [
        ("SecurityEvent", kind.encode()),
        ("EventTV", words.eventtv),
        ("Severity", row.severity.encode()),
        ("Service", words.service),
        ("EventVersion", b"%d" % row.version),
        ("AccountID", words.account),
        ("SessionID", words.session),
        ("LocalAddress", words.local),
        ("RemoteAddress", words.remote),
    ]
    if not row.account_in_head:
        head = [pair for pair in head if pair[0] != "AccountID"]
    return head + [(name, details[name]) for name in row.required + row.optional if name in details]


def message(pairs: list[tuple[str, bytes]]) -> bytes:
    """The text of a record."""
    return b",".join(b'%s="%s"' % (name.encode(), value) for name, value in pairs)


def record(kind: str, words: Words = HONEST, **details: bytes) -> bytes:
    """The text of a record of this kind; details that it requires and that are not given say `1`."""
    required = dict.fromkeys(KINDS[kind].required, b"1")
    return message(fields(kind, words, required | details))


def classic(text: bytes) -> bytes:
    """A line of the classic form."""
    return b"[Nov 21 22:21:39] SECURITY[3366] res_security_log.c: %s\n" % text


def as_json(text: bytes) -> bytes:
    """A line of the JSON form; what is not UTF-8 Asterisk would not have written."""
    location = {"filename": "res_security_log.c", "function": "security_event_stasis_cb", "line": 114}
    line = {
        "hostname": "",
        "timestamp": "Nov 21 22:21:39",
        "identifiers": {"lwp": 3366, "callid": ""},
        "logmsg": {"location": location, "level": "SECURITY", "message": text.decode() + "\n"},
    }
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


PREFIXES: Mapping[str, bytes] = {
    "classic": b"[Nov 21 22:21:39] SECURITY[3366] res_security_log.c: ",
    "milliseconds": b"[2026-11-21 22:56:00.329] SECURITY[7331] res_security_log.c: ",
    "call": b"[Nov 21 22:21:39] SECURITY[3366][C-0000000a] res_security_log.c: ",
    "plain": b"[Nov 21 22:21:39] SECURITY[3366]: res_security_log.c:114 security_event_stasis_cb: ",
    "journal": b"SECURITY[3366]: res_security_log.c:114 in security_event_stasis_cb: ",
    "syslog": b"Nov  1 22:21:39 pbx-1 asterisk[812]: "
    b"SECURITY[3366]: res_security_log.c:114 in security_event_stasis_cb: ",
    "syslog with priority": b"<134>Nov 21 22:21:39 pbx asterisk[812]: SECURITY[3366]: "
    b"res_security_log.c:114 in security_event_stasis_cb: ",
    "rsyslog": b"2026-11-21T22:21:39.487123+00:00 pbx.example asterisk[812]: SECURITY[3366]: "
    b"res_security_log.c:114 in security_event_stasis_cb: ",
}
"""How a record begins in each form that is a line of text."""
