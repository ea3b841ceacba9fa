"""Edge: a network at the other end of a cable, which sends packets and says what one takes.

As a program it is that far end: for each line `ADDRESS PACKETS` it sends so many UDP packets from
there to the SIP port, and prints the nanoseconds that each took.  A veth pair hands a packet over
within `send`: the receiver's work is part of it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from process import BenchError
from pyroute2 import IPRoute

if TYPE_CHECKING:
    from collections.abc import Iterable

PBX, SIP_PORT = "192.0.2.1", 5060
_NAME = "cable0"
_HERE = Path(__file__)


class Cable:
    """A cable to a network in which the addresses are, and at our end a SIP port that nobody reads."""

    def __init__(self, addresses: Iterable[str]) -> None:
        command = ["unshare", "-n", sys.executable, str(_HERE), *addresses]
        self._far = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self) -> Self:
        self._answer()
        with IPRoute() as route:
            peer = {"ifname": _NAME, "net_ns_pid": self._far.pid}
            route.link("add", ifname=_NAME, kind="veth", peer=peer)
            _plug(route, [PBX])
        self._phone.bind((PBX, SIP_PORT))
        self._ask("plug")
        return self

    def __exit__(self, *_: object) -> None:
        self._phone.close()
        self._far.kill()
        self._far.communicate()

    def cost(self, address: str, packets: int) -> float:
        """Nanoseconds that a packet from this address takes."""
        return float(self._ask(f"{address} {packets}"))

    def _ask(self, words: str) -> str:
        assert self._far.stdin is not None
        self._far.stdin.write(f"{words}\n")
        self._far.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._far.stdout is not None
        line = self._far.stdout.readline()
        if not line:
            raise BenchError("the far end of the cable has gone")
        return line


def _plug(route: IPRoute, addresses: Iterable[str]) -> None:
    """Give an end of the cable its addresses; all others are at the far end."""
    index = route.link_lookup(ifname=_NAME)[0]
    for address in addresses:
        route.addr("add", index=index, address=address, prefixlen=32)
    route.link("set", index=index, state="up")
    route.route("add", family=socket.AF_INET, dst="default", oif=index)


def _sent(address: str, packets: int) -> float:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((address, 0))
        sender.connect((PBX, SIP_PORT))
        start = time.perf_counter_ns()
        for _ in range(packets):
            sender.send(b"")
        return (time.perf_counter_ns() - start) / packets


def _far_end(addresses: list[str]) -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        address, _, packets = line.strip().partition(" ")
        if packets:
            sys.stdout.write(f"{_sent(address, int(packets))}\n")
        else:
            with IPRoute() as route:
                _plug(route, addresses)
            sys.stdout.write("plugged\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _far_end(sys.argv[1:])
