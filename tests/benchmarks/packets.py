"""Edge: what a packet costs the kernel, an attacker's and a phone's, with bans and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import kernel
import ours
import peers
import process
import restart
import traffic
from cable import Cable
from figures import Figure
from process import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scale import Scale

_PHONE = "81.0.0.1"
_ROUNDS = 100
_PACKETS = 500
_UNIT = "ns"
_MOST_RULES = 10_000
_A_FILE = 500


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """Sending is part of it; the least of many short rounds, for whoever else is at work only adds."""
    attackers = [traffic.stranger(bans // 2) for bans in scale.packeted]
    with Cable([_PHONE, *attackers]) as cable:
        bare = _cost(cable, _PHONE)
        yield Figure("a packet, no firewall at all", _UNIT, bare, remark="sending it is part of it")
        for bans, attacker in zip(scale.packeted, attackers, strict=True):
            yield from _filtered(root, cable, bans, attacker, bare)


def _filtered(root: Path, cable: Cable, bans: int, attacker: str, bare: float) -> Iterator[Figure]:
    theirs, remark = None, peers.missing("nft")
    if not remark and bans <= _MOST_RULES:
        _load_rules(root, bans)
        theirs = _cost(cable, attacker)
    restart.seeded(root, bans)
    if kernel.banned(ours.TABLE) < bans:
        raise BenchError(f"not all of {bans} bans stand")
    name = f"a packet, {bans:,} bans"
    yield Figure(f"{name}: dropped", _UNIT, _cost(cable, attacker), None, "a rule each", theirs, remark)
    yield Figure(f"{name}: let through", _UNIT, _cost(cable, _PHONE), None, "no firewall", bare)


def _cost(cable: Cable, address: str) -> float:
    return min(cable.cost(address, _PACKETS) for _ in range(_ROUNDS))


def _load_rules(root: Path, bans: int) -> None:
    """A rule for each address, as iptables has it and fail2ban's actions for that."""
    kernel.flush()
    script = root / "rules.nft"
    chain = "add table ip rules\nadd chain ip rules input { type filter hook input priority 0; }\n"
    rules = [f"add rule ip rules input ip saddr {traffic.stranger(n)} drop\n" for n in range(bans)]
    for start in range(0, bans, _A_FILE):  # without real root not many more fit into nft's socket at once
        script.write_text(chain + "".join(rules[start : start + _A_FILE]))
        process.run(["nft", "-f", str(script)])
