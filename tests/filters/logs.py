"""Pure: the recorded attacks as the logs that the filters are for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from recorded import cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recorded import Case

_NOTICE: Final = re.compile(
    rb"\[([^\]]+)\] NOTICE\[(\d+)\](?:\[(C-[0-9a-f]+)\])? ([\w/]+\.c): (.*)", re.DOTALL
)
_SPEAKERS: Final = (
    b"manager.c",
    b"res_pjsip/pjsip_distributor.c",
    b"res_pjsip_session.c",
    b"chan_sip.c",
    b"chan_iax2.c",
)
_OTHERS: Final = (b"Unknown SIP command ", b"Failed to authenticate device ")
"""Notices that name nobody, or nobody who has failed yet."""
_HARMLESS: Final = (b"registrar_", b"SessionLimit", b"RequestNotSupported")
"""What comes after a log-in that succeeded."""
_DUMPED: Final = "inject-pjsip-packet-dump"
"""Its whole point is an error that writes lines into `messages`; a file of notices alone has none of it."""


class Line(NamedTuple):
    """A line of a case; `tells`: it tells of a failed log-in, or of a number that does not exist."""

    case: Case
    text: bytes
    tells: bool


def _lines(channel: str) -> Iterator[tuple[Case, bytes]]:
    for case in cases():
        for text in case.read(channel).split(b"\n"):
            if text:
                yield case, text


def security(channel: str) -> list[Line]:
    """The security log: `security`, or `json`."""
    return [
        Line(case, text, b"Error" in text and not any(word in text for word in _HARMLESS))
        for case, text in _lines(channel)
    ]


def notices(*, as_json: bool) -> list[Line]:
    """The lines of level notice; recorded in the classic form, and put into JSON's where that is asked."""
    found = []
    for case, text in _lines("messages"):
        if case.name != _DUMPED and (notice := _NOTICE.fullmatch(text)):
            tells = notice[4] in _SPEAKERS and not notice[5].startswith(_OTHERS)
            found.append(Line(case, framed(notice) if as_json else text, tells))
    return found


def framed(notice: re.Match[bytes]) -> bytes:
    """A classic notice as Asterisk's JSON formatter writes it."""
    date, thread, call, file, text = (each.decode("utf-8", "replace") for each in notice.groups(b""))
    location = {"filename": file, "function": "log_failed_request", "line": 114}
    record = {
        "hostname": "",
        "timestamp": date,
        "identifiers": {"lwp": int(thread), "callid": call},
        "logmsg": {"location": location, "level": "NOTICE", "message": text + "\n"},
    }
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()


def notice_json(line: bytes) -> bytes:
    """The same of one line."""
    notice = _NOTICE.fullmatch(line)
    assert notice, line
    return framed(notice)
