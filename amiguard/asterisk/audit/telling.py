"""Pure: what the machine's own texts tell: /proc/net, Asterisk's console, version strings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from amiguard.asterisk.audit.facts import Listener, Version
from amiguard.asterisk.audit.rights import CLASSES, effective
from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOCKET: Final = re.compile(r"\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:0000 ([0-9A-F]{2}) ")
_WAITING: Final = {"tcp": "0A", "udp": "07"}  # TCP_LISTEN, TCP_CLOSE: include/net/tcp_states.h
_WORD: Final = 8
_VERSION: Final = re.compile(
    r"(?:Asterisk |Version: (?:[0-9]+:)?)(?:certified/)?"
    r"([0-9]{1,5})\.([0-9]{1,5})(?:[.-]\w{0,8}?([0-9]{1,5}))?(\S*)"
)
_PATCHED: Final = re.compile(r"\+deb\d+u|ubuntu\d|\.el\d|-certified|cert")
_RULER: Final = re.compile(r"-+")
_RIGHTS: Final = re.compile(r"^\s*(read|write) perm: (\S+)", re.MULTILINE)
_SHORTENED: Final = 15
"""`manager show connected` shows no more of a name."""


def listeners(text: str, protocol: Literal["tcp", "udp"]) -> Iterator[Listener]:
    """The sockets of /proc/net/tcp, tcp6, udp or udp6 that wait for anybody."""
    for line in text.splitlines():
        found = _SOCKET.match(line)
        if found and found[3] == _WAITING[protocol]:
            yield Listener(protocol, Prefix.of(_packed(found[1])), int(found[2], 16))


def _packed(text: str) -> bytes:
    """An address from words in the byte order of this host, which is little-endian wherever Asterisk runs."""
    words = [text[at : at + _WORD] for at in range(0, len(text), _WORD)]
    return b"".join(bytes.fromhex(word)[::-1] for word in words)


def version(text: str) -> Version | None:
    """The version in what `asterisk -V` prints, or in a line of dpkg's."""
    found = _VERSION.search(text)
    if found is None:
        return None
    return Version(int(found[1]), int(found[2]), int(found[3] or 0), _PATCHED.search(found[0]) is not None)


def users(text: str) -> list[str]:
    """The names in what `manager show users` prints, between two rulers."""
    lines = [line.strip() for line in text.splitlines()]
    rulers = [at for at, line in enumerate(lines) if _RULER.fullmatch(line)]
    return list(filter(None, lines[rulers[0] + 1 : rulers[-1]])) if len(rulers) > 1 else []


def rights(text: str) -> tuple[frozenset[str], frozenset[str]] | None:
    """The classes, read and write, in what `manager show user` prints; None if it is no such thing."""
    found = {
        key: frozenset(CLASSES) if "all" in value.split(",") else effective(value)
        for key, value in _RIGHTS.findall(text)
    }
    return (found["read"], found["write"]) if len(found) > 1 else None


def connected(text: str) -> frozenset[str]:
    """The names in what `manager show connected` prints; those that it shortens are left out."""
    lines = (line.split() for line in text.splitlines()[1:])
    names = (words[0] for words in lines if len(words) > 2)  # noqa: PLR2004 - the last line counts, in three words
    return frozenset(name for name in names if len(name) < _SHORTENED and not name.isdecimal())
