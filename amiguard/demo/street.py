"""Edge: the world outside: a network of its own at the other end of a cable, with an address for everybody.

As a program it sends a packet a beat from every address to the SIP port, and
another along a TCP connection to the AMI port.  It prints `ready`, and after
each beat a line of JSON: `{"number": n, "sent": when, "answers": [[address, way,
number of the packet's beat], ...]}`, where `when` is monotonic time in seconds.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from amiguard.demo.namespaces import unshare_network
from amiguard.demo.script import CAST, PBX, PORTS, Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BEAT: Final = 0.1
"""Seconds between two packets of an address."""

_CABLE: Final = "cable0"
_KINDS: Final[dict[Way, socket.SocketKind]] = {"sip": socket.SOCK_DGRAM, "ami": socket.SOCK_STREAM}
_PATIENCE: Final = 5.0
_ENOUGH: Final = 4096


class _Probe:
    """A socket that sends the number of the beat, and hears which of them come back."""

    def __init__(self, address: str, way: Way) -> None:
        self.lane = (address, way)
        self._rest = b""
        self._socket = socket.socket(socket.AF_INET, _KINDS[way])
        self._socket.settimeout(_PATIENCE)
        self._socket.bind((address, 0))
        self._socket.connect((PBX, PORTS[way]))
        self._socket.setblocking(False)

    def send(self, beat: int) -> None:
        self._socket.send(b"%d\n" % beat)

    def heard(self) -> Iterator[int]:
        """The beats whose packets were answered since the last call."""
        with contextlib.suppress(BlockingIOError):
            while heard := self._socket.recv(_ENOUGH):
                *lines, self._rest = (self._rest + heard).split(b"\n")
                yield from map(int, lines)


def _lay_cable() -> None:
    """Move out of the network we were born in, and join the two by a veth pair."""
    from pyroute2 import IPRoute  # noqa: PLC0415 - the demo's other programs get by without its weight

    with IPRoute() as home:
        unshare_network()
        with IPRoute() as street:
            street.link(
                "add", ifname=_CABLE, kind="veth", peer={"ifname": _CABLE, "net_ns_pid": os.getppid()}
            )
            _plug(home, [PBX])
            _plug(street, [who.address for who in CAST])


def _plug(route: Any, addresses: Sequence[str]) -> None:
    """Give an end of the cable its addresses; all others are at the far end."""
    index = route.link_lookup(ifname=_CABLE)[0]
    for address in addresses:
        route.addr("add", index=index, address=address, prefixlen=32)
    route.link("set", index=index, state="up")
    route.route("add", family=socket.AF_INET, dst="default", oif=index)


def _main() -> None:
    _lay_cable()
    probes = [_Probe(who.address, way) for who in CAST for way in PORTS]
    _tell("ready")
    begun = time.monotonic()
    for beat in itertools.count():
        sent = time.monotonic()
        for probe in probes:
            probe.send(beat)
        time.sleep(max(begun + (beat + 1) * BEAT - time.monotonic(), 0.0))
        answers = [(*probe.lane, answered) for probe in probes for answered in probe.heard()]
        _tell(json.dumps({"number": beat, "sent": sent, "answers": answers}))


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
