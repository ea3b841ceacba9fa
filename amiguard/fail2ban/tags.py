"""Pure: the tags of fail2ban's regular expressions -> groups.

`<HOST>`, `<ADDR>` and their like stand for an address; `<F-NAME>...</F-NAME>`
opens and closes a group of that name.  See fail2ban's manual page jail.conf(5).
"""

from __future__ import annotations

import re
from itertools import count
from typing import Final

from amiguard.fail2ban.ini import FilterError

_TAG: Final = re.compile(r"</?[\w-]+/?>")
_GROUP: Final = re.compile(r"<(/?)F-([A-Z0-9_-]+)>")

_IP4: Final = r"(?:::f{4,6}:)?(?P<ip4>\d{1,3}(?:\.\d{1,3}){3})"
_HEX: Final = "[0-9A-Fa-f]{1,4}"
_IP6: Final = (
    rf"(?P<ip6>(?:{_HEX}:){{7}}{_HEX}|(?:{_HEX}:){{1,6}}(?::{_HEX}){{1,6}}|(?:{_HEX}:){{1,7}}:|"
    rf"::(?:{_HEX}(?::{_HEX}){{0,6}})?)"
)
_NAME: Final = r"(?P<dns>[\w.-]*\w)"
_ADDRESS: Final = rf"\[?(?:{_IP4}|{_IP6})\]?"
_CIDR: Final = r"(?P<cidr>\d+)"
_FIXED: Final = {
    "HOST": rf"(?:{_ADDRESS}|{_NAME})",
    "ADDR": _ADDRESS,
    "IP4": _IP4,
    "IP6": _IP6,
    "DNS": _NAME,
    "CIDR": _CIDR,
    "SUBNET": rf"\[?(?:{_IP4}|{_IP6})(?:/{_CIDR})?\]?",
    "F-ID/": r"(?P<fid>\S+)",
    "F-PORT/": r"(?P<fport>\w+)",
} | {
    f"F-{name}/": value for name, value in (("IP4", _IP4), ("IP6", _IP6), ("ADDR", _ADDRESS), ("DNS", _NAME))
}
_RENAMED: Final = {"id": "fid", "port": "fport"}
_TUPLE: Final = "(?P<tuple_"
_FLAGS: Final = re.compile(r"(?<!\\)\((?:\?:)?\(\?([a-z]+)\)")
"""`((?i)...)`, which Python takes no longer: now it is `(?i:...)`."""


def compiled(text: str, lines: int = 1) -> re.Pattern[str]:
    """A regular expression of a filter, which looks at so many lines at once.

    Raises:
        FilterError: it is none, or has a tag that is not supported.
    """
    pattern = _FLAGS.sub(r"(?\1:", _TAG.sub(_Groups().of, text))
    if _TUPLE in pattern:
        raise FilterError(f"<F-TUPLE_...> is not supported: {text}")
    try:
        return re.compile(pattern, re.MULTILINE if lines > 1 else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise FilterError(f"no regular expression, {error}: {text}") from error


class _Groups:
    """What the tags of one expression become, from left to right."""

    def __init__(self) -> None:
        self._skipped = count()
        self._opened: set[str] = set()

    def of(self, match: re.Match[str]) -> str:
        tag = match[0][1:-1]
        if tag == "SKIPLINES":
            return rf"\n(?P<skiplines{next(self._skipped)}>(?:(?:.*\n)*?))"
        if tag in _FIXED:
            return _FIXED[tag]
        named = _GROUP.fullmatch(match[0])
        return self._named(named[2], closes=bool(named[1])) or match[0] if named else match[0]

    def _named(self, name: str, *, closes: bool) -> str:
        """What opens or closes a group; empty where none is open."""
        if closes:
            return ")" if name in self._opened else ""
        self._opened.add(name)
        return f"(?P<{_RENAMED.get(name.lower(), name.lower())}>"
