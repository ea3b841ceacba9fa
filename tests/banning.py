"""Edge: bans in short, for tests of the firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amiguard.firewall.orders import Element
from amiguard.model import Prefix

if TYPE_CHECKING:
    from amiguard.firewall.nftables import Firewall


def house(text: str, seconds: float | None = 600.0) -> Element:
    return Element(Prefix.parse(text), "house", seconds)


def door(text: str, seconds: float | None = 600.0) -> Element:
    return Element(Prefix.parse(text), "door", seconds)


def held(firewall: Firewall) -> dict[tuple[str, str], float | None]:
    return {(str(ban.source), ban.scope): ban.remaining for ban in firewall.bans()}
