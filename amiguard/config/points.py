"""Pure: how many points an event is worth, by the names Asterisk gives its events."""

from __future__ import annotations

import re
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from amiguard.config.schema import Reader, meant, mistake, number, read_each, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENTS = (
    "FailedACL",
    "InvalidAccountID",
    "SessionLimit",
    "MemoryLimit",
    "LoadAverageLimit",
    "RequestNotSupported",
    "RequestNotAllowed",
    "AuthMethodNotAllowed",
    "RequestBadFormat",
    "SuccessfulAuth",
    "UnexpectedAddress",
    "ChallengeResponseFailed",
    "InvalidPassword",
    "ChallengeSent",
    "InvalidTransport",
)
"""The security events of Asterisk (main/security_events.c), 1.8 to 23."""

SERVICES = ("AMI", "PJSIP", "SIP")
"""The services that raise them."""

POINTS: Mapping[str, float] = MappingProxyType(
    {
        "InvalidPassword": 2.0,
        "InvalidPassword.AMI": 4.0,
        "ChallengeResponseFailed": 2.0,
        "ChallengeResponseFailed.AMI": 4.0,
        "ChallengeResponseFailed.unknown": 0.5,
        "InvalidAccountID": 1.0,
        "InvalidAccountID.AMI": 4.0,
        "ChallengeSent": 0.0,
        "ChallengeSent.unknown": 0.5,
        "RequestNotAllowed": 3.0,
        "RequestBadFormat": 3.0,
        "FailedACL": 2.0,
        "FailedACL.AMI": 4.0,
        "FailedACL.no_extension_match": 4.0,
        # These follow a successful log-in: a misconfigured phone, and no attack.
        "FailedACL.registrar_attempt_exceeds_maximum_configured_contacts": 0.0,
        "FailedACL.registrar_attempt_without_configured_aors": 0.0,
        "FailedACL.registrar_invalid_contacts_provided": 0.0,
        "FailedACL.registrar_invalid_uri_in_to_received": 0.0,
        "InvalidTransport": 1.0,
        "AuthMethodNotAllowed": 1.0,
        "UnexpectedAddress": 1.0,
        "RequestNotSupported": 0.0,
        "SessionLimit": 0.0,
        "MemoryLimit": 0.0,
        "LoadAverageLimit": 0.0,
        "SuccessfulAuth": 0.0,
        "tampering": 9.0,
    }
)
"""Points of one event by default; of the keys that fit an event, the most specific holds."""


_POINT: Reader[float] = number(0, 1000)
_ACL_NAME = re.compile(r"[A-Za-z0-9_-]+")


def points(value: object) -> Mapping[str, float]:
    """Read the points; what the file does not name keeps its default.

    Keys are ``Event``, ``Event.Service``, ``Event.unknown`` (the account is
    ``<unknown>``), ``FailedACL.NAME`` or ``tampering``; values are 0 to 1000.

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
    return detail in (*SERVICES, "unknown") or (event == "FailedACL" and bool(_ACL_NAME.fullmatch(detail)))


def _details(event: str) -> str:
    names = [*SERVICES, "unknown"]
    return ", ".join(names) + (" or the name of an ACL" if event == "FailedACL" else "")
