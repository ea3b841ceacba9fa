"""Pure: the kinds of news, of which an administrator chooses those that he wants to be told."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amiguard.model import AlarmKind

Kind = Literal["breach", "silent", "tampering", "firewall", "friend", "spared", "ami", "phone", "test"]

KINDS: Final[tuple[Kind, ...]] = tuple(kind for kind in get_args(Kind) if kind != "test")
"""Those that may be chosen; a test is always told."""

OF_ALARM: Final[Mapping[AlarmKind, Kind]] = MappingProxyType(
    {"breach": "breach", "suppressed": "spared", "distributed guessing": "spared", "broken phone": "phone"}
)
"""What kind of news each alarm is."""

WORDS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "breach": "a password may have been guessed",
        "silent": "an input has fallen silent",
        "tampering": "records were tampered with",
        "firewall": "the firewall was altered, or does not obey",
        "friend": "a ban in a network that friends live in",
        "spared": "an attacker who is not banned",
        "ami": "an AMI does not let us listen",
        "phone": "a broken phone",
        "test": "a test",
    }
)
"""What a message's title says of each; an order of urgency, too."""
