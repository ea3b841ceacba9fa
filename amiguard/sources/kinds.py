"""Pure: the security events of Asterisk, one row a kind.

The rows follow `main/security_events.c` of Asterisk (16.30 to 22 agree): which
information elements an event must and may carry after the addresses, and in
which order.  The log line and the AMI event are made from that same table.
What an event is worth stands beside it, so this is the one place to touch when
Asterisk learns a new event.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN: Final = b"<unknown>"
"""The account that PJSIP names where no endpoint matched."""

Severity = Literal["Error", "Informational"]
_ERROR: Final = "Error"
_INFORMATIONAL: Final = "Informational"


class EventKind(NamedTuple):
    """A kind of security event.

    `points` are the defaults of `score.points`: the key `""` stands for the
    event itself, `AMI` (or another service) for that service, `unknown` for the
    account `<unknown>`, anything else for an ACL's name, where a trailing `*`
    matches any rest.  The most specific wins.
    """

    name: str
    version: int
    severity: Severity
    required: tuple[str, ...]
    optional: tuple[str, ...]
    points: Mapping[str, float]
    meaning: str

    @property
    def details(self) -> tuple[str, ...]:
        """The fields after the addresses that an event keeps, in their order.

        `ExpectedResponse` is not among them: on the AMI it is the valid answer
        to the challenge, a secret.
        """
        return tuple(field for field in self.required + self.optional if field != "ExpectedResponse")

    @property
    def account_in_head(self) -> bool:
        """Whether AccountID stands before SessionID, as it does in all kinds but one."""
        return "AccountID" not in self.optional


_TV = ("SessionTV",)

_ROWS = (
    EventKind(
        "FailedACL",
        1,
        _ERROR,
        (),
        ("ACLName", "SessionTV"),
        {"": 2.0, "AMI": 4.0, "no_extension_match": 4.0, "registrar_*": 0.0},
        "an access list refused the address",
    ),
    EventKind(
        "InvalidAccountID",
        1,
        _ERROR,
        (),
        _TV,
        {"": 1.0, "AMI": 4.0},
        "log-in to an account that does not exist",
    ),
    EventKind("SessionLimit", 1, _ERROR, (), _TV, {"": 0.0}, "the account has all the sessions it may have"),
    EventKind("MemoryLimit", 1, _ERROR, (), _TV, {"": 0.0}, "refused for want of memory"),
    EventKind("LoadAverageLimit", 1, _ERROR, (), _TV, {"": 0.0}, "refused because the load is too high"),
    EventKind(
        "RequestNotSupported", 1, _ERROR, ("RequestType",), _TV, {"": 0.0}, "a request that the account lacks"
    ),
    EventKind(
        "RequestNotAllowed",
        1,
        _ERROR,
        ("RequestType",),
        ("SessionTV", "RequestParams"),
        {"": 3.0},
        "a request without the right to it",
    ),
    EventKind(
        "AuthMethodNotAllowed",
        1,
        _ERROR,
        ("AuthMethod",),
        _TV,
        {"": 1.0},
        "a way of log-in that is not allowed",
    ),
    EventKind(
        "RequestBadFormat",
        1,
        _ERROR,
        ("RequestType",),
        ("SessionTV", "AccountID", "RequestParams"),
        {"": 3.0},
        "a request that makes no sense",
    ),
    EventKind("SuccessfulAuth", 1, _INFORMATIONAL, ("UsingPassword",), _TV, {"": 0.0}, "a log-in succeeded"),
    EventKind(
        "UnexpectedAddress",
        2,
        _ERROR,
        ("ExpectedAddress",),
        _TV,
        {"": 1.0},
        "the account came from another address than expected",
    ),
    EventKind(
        "ChallengeResponseFailed",
        1,
        _ERROR,
        ("Challenge", "Response", "ExpectedResponse"),
        _TV,
        {"": 2.0, "unknown": 0.5, "AMI": 4.0},
        "a wrong answer to a log-in challenge: a wrong password",
    ),
    EventKind(
        "InvalidPassword",
        2,
        _ERROR,
        (),
        ("SessionTV", "Challenge", "ReceivedChallenge", "ReceivedHash"),
        {"": 2.0, "AMI": 4.0},
        "a wrong password",
    ),
    EventKind(
        "ChallengeSent",
        1,
        _INFORMATIONAL,
        ("Challenge",),
        _TV,
        {"": 0.0, "unknown": 0.5},
        "asked for a password, as every log-in begins",
    ),
    EventKind(
        "InvalidTransport",
        1,
        _ERROR,
        ("AttemptedTransport",),
        _TV,
        {"": 1.0},
        "a transport that the account may not use",
    ),
)

KINDS: Final[Mapping[str, EventKind]] = MappingProxyType({row.name: row for row in _ROWS})
"""Every kind by its name."""

FAILURE: Final = EventKind(
    "Failure",
    1,
    _ERROR,
    ("Line",),
    (),
    {"": 2.0},
    "a failure that a line of a log tells of",
)
"""What a fail2ban filter finds in a log of any program; its service is the filter's name."""

MEANINGS: Final[Mapping[str, str]] = MappingProxyType({row.name: row.meaning for row in (*_ROWS, FAILURE)})
"""What happened, by the name of the kind."""

ACLS: Final[Mapping[bytes, str]] = MappingProxyType(
    {
        b"no_extension_match": "a call to a number that does not exist",
    }
)
"""What a FailedACL means by its ACLName, where that is no list of addresses."""

SERVICES: Final = ("AMI", "PJSIP", "SIP")
"""Who raises security events; IAX2, HTTP and ARI never do."""

SCORED: Final = (*SERVICES, "IAX2")
"""Whose failures earn points: those of IAX2 are known by notices alone."""

TAMPERING_POINTS: Final = 9.0
"""What a record is worth into which its true source wrote bytes that no honest phone sends."""
