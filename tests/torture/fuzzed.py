"""Pure: what reads a stranger's bytes, each as a function that must take any and keep its word."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from amiguard.asterisk.conf import ConfError, load
from amiguard.firewall.messages import MalformedError, attributes, messages
from amiguard.model import SecurityEvent
from amiguard.sources.ami import Connection
from amiguard.sources.amievents import AmiEvents
from amiguard.sources.amimessages import RemoteProtocolError
from amiguard.sources.notice import NoticeLog
from amiguard.sources.securitylog import SecurityLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

NOW: Final = 1_795_299_699.5
SECRET: Final = b"s3cr3t of ours"
ANY: Final = "any.conf"


def _blames_who_is_named(data: bytes, found: Iterable[object]) -> None:
    """No event names an address that the bytes do not."""
    for each in found:
        if isinstance(each, SecurityEvent) and not each.remote.address.is_ipv6:
            assert each.remote.address.address.encode() in data


def security_log(data: bytes) -> None:
    """The same records come out, however many lines are read at once."""
    whole = SecurityLog(skip_challenges=False).feed(data, NOW)
    _blames_who_is_named(data, whole)
    reader = SecurityLog(skip_challenges=False)
    lines = (data[begin:end] for begin, end in pairwise([0, *_ends(data), len(data)]))
    assert [each for line in lines for each in reader.feed(line, NOW)] == whole


def _ends(data: bytes) -> Iterator[int]:
    return (match.end() for match in re.finditer(rb"\n(?!\Z)", data))


def notices(data: bytes) -> None:
    """Nothing is raised."""
    NoticeLog().feed(data, NOW)


def ami_events(data: bytes) -> None:
    """Nobody is blamed who is not named."""
    reader = AmiEvents(skip_challenges=False)
    _blames_who_is_named(data, [*reader.read(data, NOW), *reader.end()])


def ami_wire(data: bytes) -> None:
    """Whatever a server says ends in events or in one error, wherever it is cut; no secret is sent."""
    half = len(data) // 2
    whole, halves = _spoken(data), _spoken(data[:half], data[half:])
    assert whole == halves
    assert SECRET not in whole[1]


def _spoken(*pieces: bytes) -> tuple[bool, bytes]:
    """Whether it is an AMI, and what we answer."""
    connection = Connection("user", SECRET)
    try:
        for piece in pieces:
            list(connection.receive(piece))
    except RemoteProtocolError:
        return False, b""
    return True, connection.bytes_to_send()


def asterisk_conf(data: bytes) -> None:
    """A file is read, or refused with its place."""
    try:
        load(ANY, lambda name: [(ANY, data)] if name == ANY else [])
    except ConfError:
        return


def netlink(data: bytes) -> None:
    """The kernel's answer is understood, or malformed."""
    try:
        for message in messages(data):
            list(attributes(message.body[4:]))
    except MalformedError:
        return


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "security_log": security_log,
    "notices": notices,
    "ami_events": ami_events,
    "ami_wire": ami_wire,
    "asterisk_conf": asterisk_conf,
    "netlink": netlink,
}
