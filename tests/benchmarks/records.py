"""Pure: records of the security log, letter for letter as Asterisk writes them: classic, JSON, AMI."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

_DATE = "%b %d %H:%M:%S"
_NO_SESSION = ',SessionTV="1970-01-01T00:00:00.000+0000"'
_CLASSIC = "[{date}] SECURITY[3366] res_security_log.c: {message}\n"
_JSON = (
    '{{"hostname":"","timestamp":"{date}","identifiers":{{"lwp":3366,"callid":""}},"logmsg":{{"location":'
    '{{"filename":"res_security_log.c","function":"security_event_stasis_cb","line":114}},'
    '"level":"SECURITY","message":"{message}\\n"}}}}\n'
)


class Shape(NamedTuple):
    """What is fixed in one kind of record; `tail` follows the addresses; its `{secret}` is 32 hex digits."""

    kind: str
    severity: str
    service: str
    version: int
    tail: str = ""


CHALLENGE = Shape("ChallengeSent", "Informational", "PJSIP", 1, ',Challenge=""')
SUCCESS = Shape("SuccessfulAuth", "Informational", "PJSIP", 1, ',UsingPassword="1"')
WRONG_PASSWORD = Shape(
    "ChallengeResponseFailed",
    "Error",
    "PJSIP",
    1,
    ',Challenge="1795302438/{secret}",Response="{secret}",ExpectedResponse=""',
)
UNKNOWN_ACCOUNT = Shape("InvalidAccountID", "Error", "PJSIP", 1)
SIP_PASSWORD = Shape(
    "InvalidPassword",
    "Error",
    "SIP",
    2,
    ',Challenge="158cb245",ReceivedChallenge="158cb245",ReceivedHash="{secret}"',
)
AMI_PASSWORD = Shape("InvalidPassword", "Error", "AMI", 2, _NO_SESSION)
AMI_USER = Shape("InvalidAccountID", "Error", "AMI", 1, _NO_SESSION)


class Peer(NamedTuple):
    """Who sent a request, as the two address fields have it: ``IPV4/UDP/192.0.2.1/5060``."""

    local: str
    remote: str


def peer(address: str, transport: str = "UDP", port: int = 5060) -> Peer:
    """The two address fields of a packet from `address` to the PBX."""
    family, pbx = ("IPV6", "2001:db8::1") if ":" in address else ("IPV4", "198.51.100.1")
    door = {"UDP": 5060, "TCP": 5060, "TLS": 5061, "AMI": 5038}[transport]
    wire = "TCP" if transport == "AMI" else transport
    return Peer(f"{family}/{wire}/{pbx}/{door}", f"{family}/{wire}/{address}/{port}")


def message(shape: Shape, when: float, account: str, session: str, sender: Peer, secret: str = "") -> str:
    """The text of one security event at `when`, in seconds since the epoch."""
    second, fraction = divmod(round(when * 1000), 1000)
    _, moment, zone = _clock(second)
    tail = shape.tail.replace("{secret}", secret)
    return (
        f'SecurityEvent="{shape.kind}",EventTV="{moment}.{fraction:03d}{zone}",Severity="{shape.severity}",'
        f'Service="{shape.service}",EventVersion="{shape.version}",AccountID="{account}",SessionID="{session}",'
        f'LocalAddress="{sender.local}",RemoteAddress="{sender.remote}"{tail}'
    )


def classic(text: str, when: float) -> str:
    """One line of the classic security log."""
    return _CLASSIC.format(date=_clock(int(when))[0], message=text)


def as_json(text: str, when: float) -> str:
    """One line of a ``[json]`` security log."""
    return _JSON.format(date=_clock(int(when))[0], message=text.replace('"', '\\"'))


def as_ami(text: str, when: float) -> str:
    """The same as an event on the AMI, with the empty line that ends it."""
    del when  # it tells no time but the event's own
    lines = text.removesuffix('"').replace('="', ": ").replace('",', "\r\n")
    _, kind, rest = re.split(r"SecurityEvent: (\w+)\r\n", lines, maxsplit=1)
    return f"Event: {kind}\r\nPrivilege: security,all\r\n{rest}\r\n\r\n"


@lru_cache(maxsize=8)
def _clock(second: int) -> tuple[str, str, str]:
    """The prefix's date, EventTV without its fraction, and the zone, in local time as Asterisk has it."""
    local = datetime.fromtimestamp(second, tz=UTC).astimezone()
    return local.strftime(_DATE), local.strftime("%Y-%m-%dT%H:%M:%S"), local.strftime("%z")
