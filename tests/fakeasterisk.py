"""Edge: an Asterisk Manager Interface as Asterisk speaks it, in a thread of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import written

if TYPE_CHECKING:
    from written import Words


def event(kind: str, words: Words = written.HONEST, *, stamp: bool = False, **details: bytes) -> bytes:
    """A security event without its empty line; required details that are not given say `1`."""
    required = dict.fromkeys(written.KINDS[kind].required, b"1")
    (_, name), *pairs = written.fields(kind, words, required | details)
    head = [("Event", name), ("Privilege", b"security,all")]
    if stamp:
        head.append(("Timestamp", b"1795301729.276880"))
    return b"\r\n".join(b"%s: %s" % (each.encode(), value) for each, value in head + pairs)
