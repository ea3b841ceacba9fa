"""What other tables do before ours, or past it, is seen in the real kernel."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, cast

import pytest

from amiguard.firewall import beside
from amiguard.firewall.beside import Others, others
from amiguard.firewall.messages import GETFLOWTABLE, text

if TYPE_CHECKING:
    from amiguard.firewall.netlink import Channel

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

CHAINS = {
    "inet amiguard guard": "hook prerouting priority -300",
    "inet first early": "hook prerouting priority -400",
    "inet late later": "hook prerouting priority -299",
    "inet late out": "hook output priority -400",
    "ip raw PREROUTING": "hook prerouting priority -301",
    "ip6 six same": "hook prerouting priority -300",
    "netdev port in": 'hook ingress device "lo" priority 0',
}


def load(chains: dict[str, str]) -> None:
    lines = [f"add table {name.rpartition(' ')[0]}" for name in chains]
    lines += [f"add chain {name} {{ type filter {hook}; }}" for name, hook in chains.items()]
    ruleset = "\n".join([*lines, "add chain inet late none", ""])
    subprocess.run(["nft", "-f", "-"], input=ruleset, text=True, check=True)


def test_chains_before_ours_are_named() -> None:
    assert Others((), ()) == others("amiguard")
    load(CHAINS)
    found = others("amiguard")
    assert ("inet first early", "ip raw PREROUTING", "netdev port in") == found.earlier


def test_our_own_table_is_no_other() -> None:
    load(CHAINS | {"inet amiguard guard": "hook prerouting priority -500"})
    assert "inet amiguard guard" not in others("amiguard").earlier
    assert "inet amiguard guard" in others("other").earlier


class Told:
    """A kernel with a flow table, which not every one can have."""

    def ask(self, kind: int, *_: object) -> list[bytes]:
        return [text(1, "fast") + text(2, "lane")] if kind == GETFLOWTABLE else []


def test_flow_tables_are_named() -> None:
    assert ["ip6 fast lane"] == list(beside._flows(cast("Channel", Told()), "ip6"))
