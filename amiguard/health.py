"""Pure: how the service does, as its status has it, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard.sight import BY_NAME
from amiguard.silence import Silent
from amiguard.views import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WELL: Final = {"ok", "dry-run", "following", "starting", "listening", "connecting"}
"""States of firewall, store, logs and AMIs that need no mending."""


class Fact(NamedTuple):
    """A name, what stands behind it, and whether that should worry somebody."""

    name: str
    text: str
    ill: bool = False


def facts(status: Mapping[str, Any]) -> Iterator[Fact]:
    """All but the sources of events, the alarms and the phones."""
    firewall, store, channels = status["firewall"], status["store"], status["channels"]
    yield Fact("guarding since", status["since"])
    yield Fact("firewall", f"{firewall['state']}, {firewall['repairs']} repairs", ill(firewall))
    yield Fact("store", store["state"], ill(store))
    for row in status["silent"]:
        yield Fact("SILENT", f"{printable(row['name'])}: {Silent(**row)}", ill=True)
    yield Fact("bans", str(status["bans"]))
    yield Fact("tracked", f"{status['tracked']} sources, {status['friends']} friends")
    yield Fact("known peers", str(status["known"]))
    for name in status["sight"]:
        yield Fact("sight", str(BY_NAME.get(name, name)))
    if status["hidden"]:
        yield Fact("hidden", f"{status['hidden']} failed log-ins; Asterisk does not say whose")
    if overflows := status["notices"]["overflows"]:
        yield Fact("overflows", f"{overflows}: Asterisk's log queue was full, and records are lost", ill=True)
    if channels["compared"]:
        yield Fact("channels", _agreement(**channels), bool(channels["lacking"]))


def source(row: Mapping[str, Any]) -> Fact:
    """A source of events, and its state."""
    reason = f" ({row['reason']})" if row["reason"] else ""
    return Fact(printable(row["name"]), f"{row['state']}{reason}", ill(row))


def ill(told: Mapping[str, Any]) -> bool:
    """Whether a state should worry somebody."""
    return told["state"] not in _WELL


def _agreement(compared: int, untold: dict[str, int], shortened: int, lacking: list[str]) -> str:
    parts = [f"{compared} events compared"]
    parts += [f"{count} not told by {printable(name)}" for name, count in untold.items()]
    if shortened:
        parts.append(f"{shortened} given up for want of room")
    if lacking:
        parts.append("more than is noise")
    return ", ".join(parts)
