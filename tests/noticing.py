"""Pure: notices as Asterisk writes them, and what is read of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from amiguard.model import Prefix
from amiguard.sources.notice import NoticeLog
from amiguard.sources.noticelines import Health, Notice

if TYPE_CHECKING:
    from amiguard.sources.securitylog import Ambiguous

NOON = 1_795_299_699.0
TRUE = Prefix.parse("203.0.113.7")
INNOCENT = b"198.51.100.99"
DISTRIBUTOR = "res_pjsip/pjsip_distributor.c"
PREFIXES = {
    "classic": b"[Nov 21 22:21:39] NOTICE[3366] %s: ",
    "call": b"[2026-11-21 22:56:00.329] NOTICE[3366][C-0000000a] %s: ",
    "plain": b"[Nov 21 22:21:39] NOTICE[3366]: %s:114 log_failed_request: ",
    "journal": b"NOTICE[3366]: %s:114 in log_failed_request: ",
    "syslog": b"<134>Nov 21 22:21:39 pbx asterisk[812]: NOTICE[3366]: %s:114 in log_failed_request: ",
}


def classic(file: str, text: str | bytes, prefix: bytes = PREFIXES["classic"]) -> bytes:
    return prefix % file.encode() + (text if isinstance(text, bytes) else text.encode()) + b"\n"


def as_json(file: str, text: str) -> bytes:
    line = {
        "hostname": "",
        "timestamp": "Nov 21 22:21:39",
        "identifiers": {"lwp": 3366, "callid": ""},
        "logmsg": {
            "location": {"filename": file, "function": "log_failed_request", "line": 114},
            "level": "NOTICE",
            "message": text + "\n",
        },
    }
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def read(*blocks: bytes, log: NoticeLog | None = None) -> list[Notice | Health | Ambiguous]:
    log = log or NoticeLog()
    return [outcome for block in blocks for outcome in log.feed(block, NOON)]


def named(outcomes: list[Notice | Health | Ambiguous]) -> set[Prefix]:
    return {outcome.address for outcome in outcomes if isinstance(outcome, Notice)}


def guess(account: bytes, host: bytes = b"203.0.113.7") -> bytes:
    return classic("manager.c", b"%s failed to authenticate as '%s'" % (host, account))


FORGED = as_json("manager.c", f"{INNOCENT.decode()} failed to authenticate as 'a'")
