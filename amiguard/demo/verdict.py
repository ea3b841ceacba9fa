"""Pure: whether all that was to be shown was seen, by packets and by a look into the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from amiguard.demo.script import BURGLAR, PORTS, SHUT, TRUNK, Actor, Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amiguard.demo.tale import Tale, Traffic
    from amiguard.model import Scope


class Held(NamedTuple):
    """An address that the kernel keeps out, seconds for how long (None: for ever), and packets dropped."""

    address: str
    scope: Scope
    seconds: float | None
    packets: int


def failures(cast: Sequence[Actor], held: Sequence[Held], traffic: Traffic, curtain: int) -> list[str]:
    """What was not as it should be, a line each; nothing: all was shown.

    Args:
        cast: who took part.
        held: what an independent look found in the kernel.
        traffic: which packets were answered.
        curtain: the first beat after the service had ended.
    """
    if traffic.beats <= curtain:
        return ["no packet was sent after the service had ended"]
    known = {who.address for who in cast}
    return [
        *(line for who in cast for line in _misheld(who, held)),
        *(f"{one.address} is banned, and had no part in it" for one in held if one.address not in known),
        *(line for who in cast for way in PORTS for line in _misled(who, way, traffic, curtain)),
    ]


def untold(tale: Tale) -> list[str]:
    """What the two channels should have shown, and did not."""
    seen = {
        f"the service does not know {TRUNK} from the AMI": TRUNK in tale.known,
        f"the service tells no breach by {BURGLAR}": list(tale.breaches) == [BURGLAR],
        "nothing that both channels told was recognised as told before": tale.repeats > 0,
    }
    return [failure for failure, shown in seen.items() if not shown]


def missing(cast: Sequence[Actor], traffic: Traffic, curtain: int) -> int:
    """Packets sent before the curtain that should pass and are not answered (yet)."""
    ways = [(who.address, way) for who in cast for way in PORTS if way not in SHUT[who.scope]]
    return sum(traffic.lost(address, way, range(curtain)) for address, way in ways)


def _misheld(who: Actor, held: Sequence[Held]) -> Iterator[str]:
    scopes = [one.scope for one in held if one.address == who.address]
    wanted = [who.scope] if who.scope else []
    if scopes != wanted:
        found = " and ".join(scopes) or "no ban"
        yield f"{who.address} ({who.role}): the kernel holds {found}, but should hold {who.scope or 'no ban'}"


def _misled(who: Actor, way: Way, traffic: Traffic, curtain: int) -> Iterator[str]:
    name = f"{who.address} ({who.role}), {way.upper()} port {PORTS[way]}"
    if way not in SHUT[who.scope]:
        if lost := traffic.lost(who.address, way, range(curtain)):
            yield f"{name}: {lost} of {curtain} packets were lost, but all should pass"
        return
    if not traffic.passed(who.address, way, range(curtain)):
        yield f"{name}: no packet passed before the ban"
    if passed := traffic.passed(who.address, way, range(curtain, traffic.beats)):
        yield f"{name}: packets ({passed}) still passed after the ban"
