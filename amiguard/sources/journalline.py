"""Pure: an entry of systemd's journal -> the one line that syslog would have written of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from amiguard.sources import grammar
from amiguard.sources.position import LINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    Fields = Mapping[str, str | list[str]]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LF: Final = "#012"
"""What rsyslog writes for a line break: https://www.rsyslog.com/doc/configuration/input_directives/rsconf1_escapecontrolcharactersonreceive.html"""


def line(fields: Fields, at: int, *, bare: bool) -> bytes:
    """The entry as a line with its LF, which no message can forge: a line break in it becomes `#012`.

    Args:
        fields: the entry's; of one that it has several times the first counts.
        at: when journald got it, in microseconds since the epoch.
        bare: the message alone, if it begins as Asterisk's records do: its libraries tell
            syslog things in its name; else what fail2ban's filters expect,
            ``TIME HOST IDENTIFIER[PID]: MESSAGE``.

    Returns:
        At most `LINE` bytes and the LF; nothing where the entry has no such message.
    """
    message = _first(fields, "MESSAGE")
    text = message if bare else f"{_head(fields, at)}: {message}"
    data = text.replace("\n", _LF).encode()[:LINE] + b"\n"
    return data if message and (not bare or _is_record(data)) else b""


def _is_record(data: bytes) -> bool:
    return data.startswith(grammar.JSON_START) or grammar.RECORD_START.match(data) is not None


def _head(fields: Fields, at: int) -> str:
    time = (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds")
    who = _first(fields, "SYSLOG_IDENTIFIER", "_COMM")
    pid = _first(fields, "SYSLOG_PID", "_PID")
    return f"{time} {_first(fields, '_HOSTNAME')} {who}" + (f"[{pid}]" if pid else "")


def _first(fields: Fields, *names: str) -> str:
    """The first of these that the entry has."""
    values = (fields[name] for name in names if name in fields)
    value = next(values, "")
    return value if isinstance(value, str) else value[0]
