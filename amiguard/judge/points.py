"""Pure: what an event is worth, by `score.points`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.sources import security
from amiguard.sources.kinds import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amiguard.model import SecurityEvent

_REMEMBERED: Final = 1024

_Key = tuple[str, bytes, bool, bytes | None]


class Points:
    """Looks events up in the table; the most specific key that fits holds."""

    def __init__(self, table: Mapping[str, float]) -> None:
        self._table = table
        self._prefixes = {key[:-1]: value for key, value in table.items() if key.endswith("*")}
        self._known: dict[_Key, float] = {}

    def of(self, event: SecurityEvent) -> float:
        """Points of one event, 0 or more."""
        if event.tampered:
            return self._table["tampering"]
        acl = security.detail(event, "ACLName") if event.kind == "FailedACL" else None
        key = (event.kind, event.service, event.account == UNKNOWN, acl)
        points = self._known.get(key)
        if points is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            points = self._known[key] = self._look_up(*key)
        return points

    def worthless(self, kind: str) -> bool:
        """Whether events of this kind are worth nothing for a known account, whoever raises them."""
        return all(
            not value
            for key, value in self._table.items()
            if key.partition(".")[0] == kind and key != f"{kind}.unknown"
        )

    def _look_up(self, kind: str, service: bytes, unknown: bool, acl: bytes | None) -> float:
        for name in _names(service, unknown, acl):
            if f"{kind}.{name}" in self._table:
                return self._table[f"{kind}.{name}"]
            wildcard = max(
                (p for p in self._prefixes if f"{kind}.{name}".startswith(p)), default=None, key=len
            )
            if wildcard is not None:
                return self._prefixes[wildcard]
        return self._table[kind]


def _names(service: bytes, unknown: bool, acl: bytes | None) -> Iterator[str]:
    if acl:
        yield acl.decode("ascii", "replace")
    if unknown:
        yield "unknown"
    yield service.decode("ascii", "replace")
