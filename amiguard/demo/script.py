"""Pure: who plays, what happens when, and recordings told as if they happened now.

The recordings beside this module are what Asterisk 20 and 22 wrote into their
security logs, and at the same time told over the AMI, while they were attacked,
byte for byte; no value in them was made up by us.  Touch this to tell another story.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from amiguard.model import Scope

Way = Literal["sip", "ami"]
Channel = Literal["security", "ami"]
"""How Asterisk tells of something; the suffix of a recording of it."""
CHANNELS: Final[tuple[Channel, ...]] = ("security", "ami")

PBX: Final = "198.51.100.1"
PORTS: Final[Mapping[Way, int]] = {"sip": 5060, "ami": 5038}
"""Where packets go: UDP to the SIP port, and a TCP connection to the AMI."""

MANAGER: Final = ("127.0.0.1", 5039)
"""Where the PBX's manager listens: the AMI port itself only gives back what the street sends."""
USER: Final = "amiguard"
SECRET: Final = "a-secret-of-the-demo"  # noqa: S105 - of a manager in a network that holds nothing but the demo

SHUT: Final[Mapping[Scope | None, tuple[Way, ...]]] = {None: (), "door": ("sip",), "house": ("sip", "ami")}
"""What a ban closes: a door only UDP to the SIP ports, a house everything."""


class Actor(NamedTuple):
    """An address, and how the kernel shall hold it in the end; None: not at all."""

    address: str
    role: str
    scope: Scope | None = None


class Scene(NamedTuple):
    """Recordings played from `begin` for `length` seconds of the whole story, by these channels."""

    begin: float
    length: float
    recordings: tuple[str, ...]
    caption: str
    channels: tuple[Channel, ...] = CHANNELS


class Cue(NamedTuple):
    """What was recorded of a channel, and the second of the story at which it is told again."""

    moment: float
    channel: Channel
    record: bytes


TRUNK: Final = "192.0.2.7"
"""Known to the service from the AMI alone: it never logs in."""
BURGLAR: Final = "198.51.100.66"
"""He guesses a secret in the end."""

CAST: Final = (
    Actor("198.51.100.10", "phone of the house"),
    Actor(TRUNK, "trunk of the house"),
    Actor(BURGLAR, "guesses passwords", "house"),
    Actor("192.0.2.2", "forges SIP records", "door"),
    Actor("192.0.2.3", "guesses at the AMI", "house"),
    Actor("9.9.9.9", "named by forgers"),
    Actor("198.51.100.4", "named by forgers"),
    Actor("198.51.100.8", "named by forgers"),
)

SCENES: Final = (
    Scene(0.5, 0.5, ("pjsip-register-ok",), "The phone logs in: it is a friend now."),
    Scene(1.7, 0.9, ("tool-svwar",), "198.51.100.66 scans for extensions (sipvicious)."),
    Scene(
        3.2, 2.3, ("pjsip-crack-40",), "198.51.100.66 guesses 40 passwords by UDP: only the SIP door closes."
    ),
    Scene(
        6.0,
        0.8,
        ("inject-pjsip-callid-quote",),
        "198.51.100.66 forges records naming 9.9.9.9: the log doubts, the AMI knows.",
    ),
    Scene(7.3, 0.5, ("inject-callid-fields",), "192.0.2.2 forges records that name 198.51.100.4."),
    Scene(
        8.6,
        0.8,
        ("trunk-no-extension",) * 3,
        "Our trunk calls 3 wrong numbers, which bans strangers: the AMI knows it.",
    ),
    Scene(
        10.2,
        1.5,
        ("ami-probe", "ami-guess", "ami-inject-quote"),
        "The log is silent; the AMI tells that 192.0.2.3 guesses there: the house closes.",
        ("ami",),
    ),
    Scene(
        12.3,
        1.5,
        ("ami-wrong-secret", "ami-unknown-user", "ami-guessed"),
        "198.51.100.66 guesses an AMI secret by TCP: a breach, and the house closes.",
    ),
    Scene(14.2, 0.4, ("pjsip-register-ok",), "The phone logs in again."),
)
END: Final = 15.0
"""The second of the story at which the service is stopped; the kernel must go on without it."""
EPILOGUE: Final = 2.0
CLOSING: Final = "The service is stopped: the kernel keeps the bans without it."


class _Form(NamedTuple):
    """How a channel writes: what ends a record, and where it says when something happened."""

    end: bytes
    time: re.Pattern[bytes]
    date: re.Pattern[bytes]


_FORMS: Final[Mapping[Channel, _Form]] = {
    "security": _Form(b"\n", re.compile(rb'(?<=EventTV=")[^"]+'), re.compile(rb"(?<=^\[)[^\]]+")),
    "ami": _Form(
        b"\r\n\r\n", re.compile(rb"(?<=\r\nEventTV: )[^\r]+"), re.compile(rb"(?<=\r\nTimestamp: )[^\r]+")
    ),
}


def cues(read: Callable[[str, Channel], bytes], scenes: Sequence[Scene] = SCENES) -> list[Cue]:
    """All that is told in all scenes, in order.

    Within a scene the rhythm is that in which it was recorded; all of it is
    stretched or compressed to the scene's length.

    Args:
        read: gives a recording by its name and channel.
        scenes: in order.

    Raises:
        ValueError: a line of a log has no EventTV.
    """
    return [cue for scene in scenes for cue in _staged(scene, read)]


def caption(moment: float, scenes: Sequence[Scene] = SCENES) -> str:
    """What happens at this second of the story."""
    begun = [scene.caption for scene in scenes if scene.begin <= moment]
    return begun[-1] if begun else "Everybody's packets pass."


def restamped(cue: Cue, time: float) -> bytes:
    """The record as Asterisk would tell it at `time` (seconds since the epoch).

    Only the first EventTV is changed: it stands before all that an attacker can write.
    """
    form, moment = _FORMS[cue.channel], datetime.fromtimestamp(time, UTC)
    event_tv = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"
    date = f"{moment:%b %d %H:%M:%S}" if cue.channel == "security" else f"{time:.6f}"
    return form.date.sub(date.encode(), form.time.sub(event_tv.encode(), cue.record, count=1), count=1)


class _Told(NamedTuple):
    """A record, and when it was recorded."""

    time: float
    channel: Channel
    record: bytes


def _staged(scene: Scene, read: Callable[[str, Channel], bytes]) -> list[Cue]:
    told = [
        each
        for number, name in enumerate(scene.recordings)
        for channel in scene.channels
        for each in _records(channel, read(name, channel), number)
    ]
    times = [each.time for each in told]
    first, last = min(times, default=0.0), max(times, default=0.0)
    pace = scene.length / (last - first) if last > first else 0.0
    moments = [Cue(scene.begin + (each.time - first) * pace, each.channel, each.record) for each in told]
    return sorted(moments, key=lambda cue: cue.moment)


def _records(channel: Channel, recording: bytes, number: int) -> Iterator[_Told]:
    """What is no security event was told together with the one before it.

    A recording that is played a second time comes a second later: `number` tells which this is.
    """
    end = _FORMS[channel].end
    time = 0.0
    for record in recording.split(end):
        found = _FORMS[channel].time.search(record)
        if found:
            time = datetime.fromisoformat(found[0].decode("ascii")).timestamp()
        elif record and (channel == "security" or not time):
            raise ValueError(f"a recorded line has no EventTV: {record[:80]!r}")
        if record:
            yield _Told(time + number, channel, record + end)
