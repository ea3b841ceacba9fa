"""Pure: who plays, what happens when, and recorded lines told as if they happened now.

The recordings beside this module are what Asterisk 20 and 22 wrote into their
JSON security logs while they were attacked, byte for byte; no value in them
was made up by us.  Touch this to tell another story.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from amiguard.model import Scope

Way = Literal["sip", "ami"]

PBX: Final = "198.51.100.1"
PORTS: Final[Mapping[Way, int]] = {"sip": 5060, "ami": 5038}
"""Where packets go: UDP to the SIP port, and a TCP connection to the AMI."""

SHUT: Final[Mapping[Scope | None, tuple[Way, ...]]] = {None: (), "door": ("sip",), "house": ("sip", "ami")}
"""What a ban closes: a door only UDP to the SIP ports, a house everything."""


class Actor(NamedTuple):
    """An address, and how the kernel shall hold it in the end; None: not at all."""

    address: str
    role: str
    scope: Scope | None = None


class Scene(NamedTuple):
    """Recordings played from `begin` for `length` seconds of the whole story."""

    begin: float
    length: float
    recordings: tuple[str, ...]
    caption: str


class Cue(NamedTuple):
    """A recorded line, and the second of the story at which it is written."""

    moment: float
    record: bytes


CAST: Final = (
    Actor("198.51.100.10", "phone of the house"),
    Actor("198.51.100.66", "guesses passwords", "house"),
    Actor("192.0.2.2", "forges SIP records", "door"),
    Actor("192.0.2.3", "guesses at the AMI", "house"),
    Actor("9.9.9.9", "named by forgers"),
    Actor("198.51.100.4", "named by forgers"),
    Actor("198.51.100.8", "named by forgers"),
)

SCENES: Final = (
    Scene(0.5, 0.5, ("pjsip-register-ok",), "The phone logs in: it is a friend now."),
    Scene(2.0, 1.0, ("tool-svwar",), "198.51.100.66 scans for extensions (sipvicious)."),
    Scene(
        3.5, 2.5, ("pjsip-crack-40",), "198.51.100.66 guesses 40 passwords by UDP: only the SIP door closes."
    ),
    Scene(
        6.5,
        1.0,
        ("inject-pjsip-callid-quote",),
        "198.51.100.66 forges records that name 9.9.9.9 as the attacker.",
    ),
    Scene(8.0, 0.5, ("inject-callid-fields",), "192.0.2.2 forges records that name 198.51.100.4."),
    Scene(
        9.5,
        1.5,
        ("ami-probe", "ami-guess", "ami-inject-quote"),
        "192.0.2.3 guesses at the AMI by TCP, and names 198.51.100.8: the house closes.",
    ),
    Scene(
        12.0,
        1.5,
        ("ami-wrong-secret", "ami-unknown-user", "ami-action-before-login"),
        "198.51.100.66 goes on by TCP, which cannot be forged: the house closes.",
    ),
    Scene(14.0, 0.5, ("pjsip-register-ok",), "The phone logs in again."),
)
END: Final = 15.0
"""The second of the story at which the service is stopped; the kernel must go on without it."""
EPILOGUE: Final = 2.0
CLOSING: Final = "The service is stopped: the kernel keeps the bans without it."

_EVENT_TV: Final = re.compile(rb'EventTV=\\"([^\\"]+)\\"')
_DATE: Final = re.compile(rb'"timestamp":"[^"]*"')


def cues(read: Callable[[str], bytes], scenes: Sequence[Scene] = SCENES) -> list[Cue]:
    """The lines of all scenes in order.

    Within a scene the lines keep the rhythm in which they were recorded; all of
    it is stretched or compressed to the scene's length.

    Args:
        read: gives a recording by its name.
        scenes: in order.

    Raises:
        ValueError: a line of a recording has no EventTV.
    """
    return [cue for scene in scenes for cue in _staged(scene, read)]


def caption(moment: float, scenes: Sequence[Scene] = SCENES) -> str:
    """What happens at this second of the story."""
    begun = [scene.caption for scene in scenes if scene.begin <= moment]
    return begun[-1] if begun else "Everybody's packets pass."


def restamped(record: bytes, time: float) -> bytes:
    """The line as Asterisk would write it at `time` (seconds since the epoch).

    Only the first EventTV is changed: it stands before all that an attacker can write.
    """
    moment = datetime.fromtimestamp(time, UTC)
    event_tv = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"
    record = _EVENT_TV.sub(rb'EventTV=\\"%s\\"' % event_tv.encode(), record, count=1)
    return _DATE.sub(b'"timestamp":"%s"' % f"{moment:%b %d %H:%M:%S}".encode(), record, count=1)


def _staged(scene: Scene, read: Callable[[str], bytes]) -> Iterator[Cue]:
    lines = [line for name in scene.recordings for line in read(name).split(b"\n") if line]
    times = [_recorded(line) for line in lines]
    span = max(times, default=0.0) - min(times, default=0.0)
    pace = scene.length / span if span else 0.0
    for line, time in zip(lines, times, strict=True):
        yield Cue(scene.begin + (time - min(times)) * pace, line + b"\n")


def _recorded(line: bytes) -> float:
    found = _EVENT_TV.search(line)
    if not found:
        raise ValueError(f"a recorded line has no EventTV: {line[:80]!r}")
    return datetime.fromisoformat(found[1].decode("ascii")).timestamp()
