"""Pure: security events made for a test, and a guard to judge them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amiguard import config
from amiguard.judge.guard import Guard
from amiguard.model import Alarm, Ban, Endpoint, Prefix, SecurityEvent, Verdict
from amiguard.sources.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

START = 1_795_299_699.5
"""When every test begins; `at` counts seconds from here."""
ATTACKER = "203.0.113.7"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def event(
    kind: str = "ChallengeResponseFailed",
    at: float = 0.0,
    source: str = ATTACKER,
    *,
    account: bytes = b"101",
    session: bytes = b"891c7575@lab",
    service: bytes = b"PJSIP",
    transport: bytes = b"UDP",
    port: int = 5060,
    local: bytes = b"IPV4/UDP/198.51.100.1/5060",
    tampered: bool = False,
    **details: bytes,
) -> SecurityEvent:
    """An event; by default a wrong password, over UDP, that a blind sender could have forged."""
    remote = Endpoint(transport, Prefix.parse(source), port)
    values = tuple(details.get(name) for name in KINDS[kind].details)
    return SecurityEvent(kind, START + at, service, account, session, local, remote, values, tampered)


def login(
    at: float = 0.0,
    source: str = ATTACKER,
    *,
    account: bytes = b"101",
    transport: bytes = b"UDP",
    port: int = 5060,
) -> SecurityEvent:
    """A log-in with the right password."""
    return event(
        "SuccessfulAuth", at, source, account=account, transport=transport, port=port, UsingPassword=b"1"
    )


def guard(toml: str = "") -> Guard:
    """A guard with this configuration."""
    return Guard(config.parse(toml, "test.toml"))


def bans(judge: Guard, events: Iterable[SecurityEvent]) -> list[Ban]:
    """The bans that these events earn, each judged at its own time."""
    outcomes = (outcome for each in events for outcome in judge.observe(each, each.time))
    return [outcome.ban for outcome in outcomes if isinstance(outcome, Verdict)]


def alarms(judge: Guard, events: Iterable[SecurityEvent]) -> list[Alarm]:
    """The alarms that these events raise."""
    outcomes = (outcome for each in events for outcome in judge.observe(each, each.time))
    return [outcome for outcome in outcomes if isinstance(outcome, Alarm)]


def suppressed(judge: Guard, events: Iterable[SecurityEvent]) -> list[Alarm]:
    """The alarms of bans that there were not."""
    return [alarm for alarm in alarms(judge, events) if alarm.what == "suppressed"]
