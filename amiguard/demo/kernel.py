"""Edge: an independent look at what the kernel keeps out: pyroute2's decoding, and nothing of ours."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Final

from amiguard.demo.verdict import Held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.model import Scope

_TABLE: Final = "amiguard"
_SETS: Final[dict[str, Scope]] = {"ban": "house", "net": "house", "door": "door", "doornet": "door"}
_TYPES: Final = {4: "ipv4_addr", 6: "ipv6_addr"}
_INET: Final = 1  # NFPROTO_INET: include/uapi/linux/netfilter.h


def look() -> list[Held]:
    """Everything in the sets of bans; no table, no bans.

    pyroute2 gives some ninety elements of a set, which is more than the demo has.
    Not for a thread that runs an event loop: pyroute2 runs one of its own.

    Raises:
        pyroute2.netlink.exceptions.NetlinkError: the kernel refuses to tell.
    """
    from pyroute2.nftables.main import NFTables  # noqa: PLC0415 - costs 140 ms, so only where it is used

    with NFTables(nfgen_family=_INET) as kernel:
        return [
            Held(one.value, scope, one.expiration and one.expiration / 1000, one.counter_packets or 0)
            for name, scope in _SETS.items()
            for version, kind in _TYPES.items()
            for one in _elements(kernel, f"{name}{version}", kind)
        ]


def _elements(kernel: Any, name: str, kind: str) -> Iterator[Any]:
    from pyroute2.netlink.exceptions import NetlinkError  # noqa: PLC0415 - see above
    from pyroute2.nftables.main import NFTSet  # noqa: PLC0415

    try:
        yield from kernel.set_elems("get", set=NFTSet(_TABLE, name, key_type=kind))
    except NetlinkError as error:
        if error.code != errno.ENOENT:
            raise
