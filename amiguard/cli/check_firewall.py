"""Edge: the part of `check` that asks the kernel: rights, a trial in a table of its own, others' tables."""

from __future__ import annotations

import dataclasses
import os
import secrets
from typing import TYPE_CHECKING, Final

from amiguard.cli.findings import Finding
from amiguard.firewall.beside import others
from amiguard.firewall.netlink import FirewallError, NoCapabilityError, NoTablesError
from amiguard.firewall.nftables import firewall_of
from amiguard.firewall.orders import Element
from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.config import Config
    from amiguard.firewall.nftables import Firewall

_TEST_NET: Final = bytes((192, 0, 2))
"""Addresses that nobody has: RFC 5737."""
_SECONDS: Final = 60.0
_MENDS: Final[dict[type[FirewallError], str]] = {
    NoCapabilityError: "run as root, or give CAP_NET_ADMIN",
    NoTablesError: "modprobe nf_tables; a container needs it loaded in its host",
}


def look(config: Config) -> Iterator[Finding]:
    """How the firewall stands."""
    if config.service.dry_run:
        yield Finding("warning", "firewall", "dry_run is on: nobody is kept out", "dry_run = false")
        return
    try:
        with firewall_of(config) as firewall:
            yield Finding("ok", "firewall", f"nf_tables answers, generation {firewall.generation()}")
        yield _trial(config)
        yield _beside(config.firewall.table)
    except FirewallError as error:
        mend = _MENDS.get(type(error), "look into the kernel's log: dmesg")
        yield Finding("error", "firewall", str(error), mend)


def _trial(config: Config) -> Finding:
    """Ban and lift an address that nobody has, in a table that is there for so long."""
    scratch = dataclasses.replace(config.firewall, table=f"amiguard_check_{os.getpid()}")
    probe = Prefix.of(_TEST_NET + bytes((secrets.randbelow(254) + 1,)))
    with firewall_of(dataclasses.replace(config, firewall=scratch)) as firewall:
        try:
            firewall.declare()
            firewall.ban([Element(probe, "house", _SECONDS)])
            banned = [ban.source for ban in firewall.bans()]
            firewall.lift([(probe, "house")])
            lifted = not list(firewall.bans())
        finally:
            firewall.drop()
    if banned == [probe] and lifted:
        return _counting(firewall, f"{probe} was banned and lifted in a table of its own")
    return Finding(
        "error", "trial ban", f"{probe} was not banned, or not lifted", "is this kernel 6.1 or newer?"
    )


def _counting(firewall: Firewall, done: str) -> Finding:
    if firewall.counting:
        return Finding("ok", "trial ban", done)
    lacks = "but this kernel cannot count what bans drop"
    return Finding("warning", "trial ban", f"{done}, {lacks}", "modprobe nft_counter")


def _beside(own: str) -> Finding:
    """Whether packets can pass the table by."""
    found = others(own)
    if found.flows:
        text = f"{', '.join(found.flows)}: what is under way there goes on, though its sender is banned"
        return Finding("warning", "other tables", text, "no `flow add` in the ruleset, for a PBX at least")
    if found.earlier:
        return Finding(
            "ok", "other tables", f"{', '.join(found.earlier)} see packets first; none lets them pass ours by"
        )
    return Finding("ok", "other tables", "none sees packets before ours")
