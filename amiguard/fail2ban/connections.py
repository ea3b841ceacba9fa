"""Pure: lines of one connection, which only together tell of a failure.

A filter marks what names a connection (`<F-MLFID>`), lines that are no failure
by themselves (`<F-NOFAIL>`), the end (`<F-MLFFORGET>`), and a log-in that
succeeded (`<F-MLFGAINED>`).  See fail2ban's manual page jail.conf(5).
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST: Final = 1000
"""Connections remembered; the one that was heard of least lately is forgotten first."""
_SEVERAL: Final = 2


class _Told(NamedTuple):
    """What the lines of a connection have told so far."""

    who: str | None = None
    users: tuple[str, ...] = ()
    """Two at most: more than one is all that matters."""
    pending: bool = False
    """A failure waits for somebody to be named."""


class Connections:
    """What is known of the connections of one log."""

    def __init__(self) -> None:
        """Begin without any."""
        self._told: OrderedDict[str, _Told] = OrderedDict()

    def failed(self, said: Mapping[str, str | None]) -> str | None:
        """Who has failed, as the groups of a matching line say together with those before it."""
        connection = said.get("mlfid")
        if connection is None:
            return named(said)
        before = self._told.pop(connection, _Told())
        gained, user = said.get("mlfgained"), said.get("user")
        users = before.users
        if user and user not in users:
            users = (*users, user)[:_SEVERAL]
        who = named(said) or before.who
        pending = before.pending and not gained
        # Who logs in under another name than he failed under has guessed.
        harmless = (said.get("nofail") or gained) and not pending and len(users) < _SEVERAL
        waits = who is None and not harmless
        if not said.get("mlfforget"):
            self._told[connection] = _Told(who, users, waits)
            if len(self._told) > _MOST:
                self._told.popitem(last=False)
        return None if harmless else who


def named(said: Mapping[str, str | None]) -> str | None:
    """Who is named: an address, in its usual spelling if it has one, or what else the filter goes by."""
    if address := said.get("ip4"):
        return address  # its only spelling
    if address := said.get("ip6"):
        try:
            return str(ip_address(address))
        except ValueError:
            return address
    return said.get("dns") or said.get("fid")
