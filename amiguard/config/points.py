"""Pure: how many points an event is worth, by the names Asterisk gives its events."""

from __future__ import annotations

import re
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from amiguard.config.schema import Reader, meant, mistake, number, read_each, wrong
from amiguard.sources.kinds import FAILURE, KINDS, SCORED, TAMPERING_POINTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EVENTS = (*KINDS, FAILURE.name)
"""The security events of Asterisk, and what filters find in other logs."""


def _defaults() -> Iterator[tuple[str, float]]:
    for kind in (*KINDS.values(), FAILURE):
        yield from ((f"{kind.name}.{key}" if key else kind.name, value) for key, value in kind.points.items())
    yield "tampering", TAMPERING_POINTS


POINTS: Mapping[str, float] = MappingProxyType(dict(_defaults()))
"""Points of one event by default; of the keys that fit an event, the most specific holds."""


_POINT: Reader[float] = number(0, 1000)
_ACL_NAME = re.compile(r"[A-Za-z0-9_-]+\*?")
_FILTER = re.compile(r"[A-Za-z0-9_.-]+\*?")


def points(value: object) -> Mapping[str, float]:
    """Read the points; what the file does not name keeps its default.

    Keys are ``Event``, ``Event.Service``, ``Event.unknown`` (the account is
    ``<unknown>``), ``FailedACL.NAME`` and ``Failure.FILTER`` (with ``*`` at
    its end: any that begins so) or ``tampering``; values are 0 to 1000.

    Raises:
        SchemaError: it is no table, a key names nothing, or a value is no such number.
    """
    if not isinstance(value, dict):
        raise wrong(value, "a table")
    given = read_each((key, partial(_point, key), each) for key, each in value.items())
    return MappingProxyType(dict(POINTS) | dict(zip(value, given, strict=True)))


def _point(key: str, value: object) -> float:
    """Read the points of the event that the key names."""
    event, dot, detail = key.partition(".")
    if event not in EVENTS and key != "tampering":
        raise mistake(value, f"unknown event{meant(event, (*EVENTS, 'tampering'), cutoff=0.0)}")
    if dot and not _is_detail(event, detail):
        raise mistake(value, f"unknown detail of {event}, expected {_details(event)}")
    if isinstance(value, dict):
        raise wrong(value, 'a number; a key with a dot needs quotes, such as "FailedACL.AMI"')
    return _POINT(value)


def _is_detail(event: str, detail: str) -> bool:
    if event == FAILURE.name:
        return bool(_FILTER.fullmatch(detail))
    return detail in (*SCORED, "unknown") or (event == "FailedACL" and bool(_ACL_NAME.fullmatch(detail)))


def _details(event: str) -> str:
    if event == FAILURE.name:
        return "the name of a filter"
    names = [*SCORED, "unknown"]
    return ", ".join(names) + (" or the name of an ACL" if event == "FailedACL" else "")
