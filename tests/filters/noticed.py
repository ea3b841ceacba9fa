"""Pure: notices out of the table of their forms, and the same as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import logs

from amiguard.sources import noticelines

if TYPE_CHECKING:
    from collections.abc import Mapping

VALUES: Final = {
    "peer": "203.0.113.7:5061",
    "account": "101",
    "word": "101",
    "dialled": "0044",
    "uri": "<sip:101@pbx>",
    "header": '"A" <sip:101@pbx>;tag=1',
    "callid": "1d@lab",
    "hash": "e7df7cd2",
    "method": " 'REGISTER'",
    "name": "trunk",
    "transport": "UDP",
    "context": "public",
    "tries": " after 5 tries in 1204.512 ms",
    "rest": ": Username: AAA",
}
"""What an honest peer sends, by the names in the table."""


CALLS: Final = ("extension not found in context '{context}'.", "' does not exist")
"""How the forms end that tell of calls to numbers that do not exist."""


class Form(NamedTuple):
    """A form of notice."""

    file: str
    line: str

    def said(self, values: Mapping[str, str] = VALUES) -> bytes:
        """The record of a classic log with these values, as far as Asterisk deletes nothing in it."""
        text = self.line.format_map(values)
        return f"[Nov 21 22:21:39] NOTICE[3366] {self.file}: {text}".encode()

    def read_by(self, form: str = "") -> str:
        """Which of our filters is for it; `form` is empty or `-json`."""
        about = "calls" if self.line.endswith(CALLS) else "notice"
        return f"amiguard-asterisk-{about}{form}"


FORMS: Final = [
    Form(file.decode(), line) for (file, _), rows in noticelines._ROWS.items() for _, _, line in rows
]


def as_json(line: bytes) -> bytes:
    """A classic line, however hostile, as a JSON one."""
    return logs.notice_json(line)


def delete_escapes(line: bytes) -> bytes:
    """What Asterisk leaves of a classic line."""
    return re.sub(rb"\x1b[^m]*m", b"", line)
