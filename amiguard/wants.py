"""Edge: what a request means, to the desk and to the commands that do without a service alike."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from amiguard import views
from amiguard.asking import ControlError
from amiguard.exits import Exit
from amiguard.model import FOREVER, Ban, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amiguard.config import Config
    from amiguard.store import Archive

_SELECTING: Final = ("origin", "reason")


def past(archive: Archive, source: Prefix | None, limit: int) -> Iterator[str]:
    """The rows of `history`; closes the archive behind them."""
    now = time.time()
    with archive:
        for row in archive.history(source, limit):
            yield json.dumps(views.past(row, now))


def selective(request: Mapping[str, Any]) -> bool:
    """Whether a request to lift bans means only some of those that hold an address."""
    return any(request.get(name) is not None for name in _SELECTING)


def means(request: Mapping[str, Any], ban: Ban) -> bool:
    """Whether a request to lift bans means this one among those that hold an address."""
    return all(request.get(name) in (None, getattr(ban, name)) for name in _SELECTING)


def stranger(source: Prefix, scope: str, remaining: float | None, now: float) -> Ban:
    """A ban that stands in the kernel, and of which nobody has told us."""
    until = FOREVER if remaining is None else now + remaining
    reason = "found in the kernel; nobody remembers why"
    return Ban(source, "door" if scope == "door" else "house", "proven", now, until, reason, "operator")


def read_prefix(text: str) -> Prefix:
    """An address or prefix as an operator writes it.

    Raises:
        ControlError: it is neither.
    """
    try:
        return Prefix.parse(text)
    except ValueError as error:
        raise ControlError(f"not an address or prefix: {views.printable(str(error))}", Exit.USAGE) from error


def read_source(text: str, config: Config) -> Prefix:
    """As `read_prefix`, but a bare IPv6 address means its source prefix.

    Raises:
        ControlError: it is neither.
    """
    prefix = read_prefix(text)
    return prefix if "/" in text or not prefix.is_ipv6 else prefix.within(config.ban.ipv6_prefix)
