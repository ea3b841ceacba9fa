"""Edge: what else in the kernel handles packets before the table does, or past it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.firewall import ruleset
from amiguard.firewall.messages import DUMP, GETCHAIN, GETFLOWTABLE, attributes, body, signed
from amiguard.firewall.netlink import Channel

if TYPE_CHECKING:
    from collections.abc import Iterator

# linux/netfilter/nf_tables.h: of a chain, of its hook, of a flow table.
_CHAIN_TABLE, _CHAIN_NAME, _CHAIN_HOOK = 1, 3, 4
_HOOK_NUMBER, _HOOK_PRIORITY = 1, 2
_FLOW_TABLE, _FLOW_NAME = 1, 2
_FAMILIES: Final = {"inet": 1, "ip": 2, "netdev": 5, "ip6": 10}
_INGRESS: Final = {"netdev": 0, "inet": 5}
"""The hook's number where packets arrive, before all others."""


class Others(NamedTuple):
    """Chains that see packets first, and flow tables, whose packets our table never sees; by nft's names."""

    earlier: tuple[str, ...]
    flows: tuple[str, ...]


def others(own: str) -> Others:
    """Look at all tables but our own.

    Raises:
        FirewallError: the kernel refuses to tell.
    """
    with Channel() as channel:
        chains = [name for family in _FAMILIES for name in _earlier(channel, family, own)]
        flows = [name for family in _FAMILIES for name in _flows(channel, family)]
    return Others(tuple(sorted(chains)), tuple(sorted(flows)))


def _earlier(channel: Channel, family: str, own: str) -> Iterator[str]:
    """The chains of a family that packets meet before ours."""
    for told in channel.ask(GETCHAIN, body(b"", _FAMILIES[family]), "read the chains", DUMP):
        chain = dict(attributes(told))
        table = _text(chain[_CHAIN_TABLE])
        if (
            _CHAIN_HOOK in chain
            and _is_earlier(family, chain[_CHAIN_HOOK])
            and (family, table) != ("inet", own)
        ):
            yield f"{family} {table} {_text(chain[_CHAIN_NAME])}"


def _is_earlier(family: str, hook: bytes) -> bool:
    told = dict(attributes(hook))
    number, priority = (signed(told.get(kind, b"")) for kind in (_HOOK_NUMBER, _HOOK_PRIORITY))
    if number == _INGRESS.get(family):
        return True
    return number == ruleset.PREROUTING and priority < ruleset.PRIORITY


def _flows(channel: Channel, family: str) -> Iterator[str]:
    for told in channel.ask(GETFLOWTABLE, body(b"", _FAMILIES[family]), "read the flow tables", DUMP):
        flow = dict(attributes(told))
        yield f"{family} {_text(flow[_FLOW_TABLE])} {_text(flow[_FLOW_NAME])}"


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")
