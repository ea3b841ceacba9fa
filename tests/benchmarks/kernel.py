"""Edge: an independent look at the kernel's bans, with a netlink socket and `nft`, nothing of amiguard's.

Numbers are from linux/netlink.h, linux/netfilter/nfnetlink.h and
linux/netfilter/nf_tables.h.
"""

from __future__ import annotations

import ctypes
import json
import select
import socket
import struct
import subprocess
import time
from typing import TYPE_CHECKING, Self

from process import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NETLINK_NETFILTER = 12
_NFTABLES_GROUP = 1 << 6  # NFNLGRP_NFTABLES is 7, counted from 1
_NEW_ELEMENT = 10 << 8 | 12  # NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWSETELEM
_NEW_GENERATION = 10 << 8 | 15  # NFT_MSG_NEWGEN
_NFTA_SET_ELEM_LIST_ELEMENTS, _NFTA_SET_ELEM_KEY, _NFTA_DATA_VALUE, _NFTA_LIST_ELEM = 3, 1, 1, 1
_SO_ATTACH_FILTER = 26
_QUIET = 0.3
_ADDRESSES = ("ipv4_addr", "ipv6_addr")


class Listener:
    """Hears of every change to nf_tables in this network namespace, from its making on."""

    def __init__(self, kind: int = _NEW_ELEMENT) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        _pass_only(self._socket, kind)
        self._socket.bind((0, _NFTABLES_GROUP))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def arrivals(self, seconds: float) -> Iterator[tuple[bytes, float]]:
        """Keys of new elements as they come, each with `time.perf_counter()`, for so many seconds."""
        deadline = time.perf_counter() + seconds
        while self._wait(deadline - time.perf_counter()):
            datagram = self._receive()
            now = time.perf_counter()
            yield from ((key, now) for key in _keys(datagram))

    def arrival(self, address: str, seconds: float) -> float:
        """When that IPv4 address came.

        Raises:
            BenchError: it did not come within `seconds`.
        """
        wanted = socket.inet_aton(address)
        for key, when in self.arrivals(seconds):
            if key == wanted:
                return when
        raise BenchError(f"{address} was not banned within {seconds:g} s")

    def last_change(self) -> float | None:
        """When the newest change came, once 0.3 s have passed without another; None if there was none."""
        last = None
        while self._wait(_QUIET):
            self._receive()
            last = time.perf_counter()
        return last

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(1 << 20)
        except OSError as error:
            raise BenchError(f"netlink: {error.strerror}; a larger net.core.rmem_max may help") from error

    def _wait(self, seconds: float) -> bool:
        return bool(select.select([self._socket], [], [], max(seconds, 0.0))[0])


def settled(changes: Listener, table: str, bans: int, seconds: float) -> float:
    """When the change came after which at least `bans` elements stood in the table.

    `changes` is a `Listener(GENERATIONS)`: one message a transaction, so that
    100,000 elements at once do not overflow it.

    Raises:
        BenchError: they did not stand within `seconds`.
    """
    deadline, last = time.monotonic() + seconds, 0.0
    while time.monotonic() < deadline:
        last = changes.last_change() or last
        if (stood := banned(table)) >= bans:
            return last or changes.last_change() or time.perf_counter()  # it came while nft was listing
    raise BenchError(f"{stood} of {bans} bans in table {table} within {seconds:g} s")


GENERATIONS = _NEW_GENERATION


def banned(table: str) -> int:
    """How many addresses stand in the table's sets, the allowed ones aside; 0 without a table."""
    command = ["nft", "--json", "list", "table", "inet", table]
    listing = subprocess.run(command, capture_output=True, check=False).stdout or b'{"nftables": []}'
    sets = (item["set"] for item in json.loads(listing)["nftables"] if "set" in item)
    bans = (each for each in sets if each["type"] in _ADDRESSES and not each["name"].startswith("allow"))
    return sum(len(each.get("elem", ())) for each in bans)


def flush() -> None:
    """Empty the namespace's whole ruleset, as a reboot would."""
    subprocess.run(["nft", "flush", "ruleset"], check=True)


def _pass_only(receiver: socket.socket, kind: int) -> None:
    """Let the kernel keep from us every message but one kind: load the type, compare, accept or drop."""
    wire = socket.htons(kind)  # the filter machine reads big-endian, netlink is in host order
    program = struct.pack("HBBI" * 4, 0x28, 0, 0, 4, 0x15, 0, 1, wire, 0x06, 0, 0, 0xFFFFFFFF, 0x06, 0, 0, 0)
    held = ctypes.create_string_buffer(program)
    receiver.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HxxxxxxP", 4, ctypes.addressof(held))
    )


def _keys(datagram: bytes) -> Iterator[bytes]:
    """The keys of the elements in a datagram of NFT_MSG_NEWSETELEM messages."""
    start = 0
    while start < len(datagram):
        length, kind = struct.unpack_from("IH", datagram, start)
        if kind == _NEW_ELEMENT:
            yield from _element_keys(datagram[start + 20 : start + length])
        start += length + 3 & ~3


def _element_keys(attributes: bytes) -> Iterator[bytes]:
    for elements in _find(attributes, _NFTA_SET_ELEM_LIST_ELEMENTS):
        for element in _find(elements, _NFTA_LIST_ELEM):
            for key in _find(element, _NFTA_SET_ELEM_KEY):
                yield from _find(key, _NFTA_DATA_VALUE)


def _find(attributes: bytes, wanted: int) -> Iterator[bytes]:
    """The values of the attributes of one type; the top bits of a type are flags."""
    start = 0
    while start + 4 <= len(attributes):
        length, kind = struct.unpack_from("HH", attributes, start)
        if kind & 0x3FFF == wanted:
            yield attributes[start + 4 : start + length]
        start += length + 3 & ~3
