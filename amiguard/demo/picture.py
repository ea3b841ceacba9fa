"""Pure: what the demo looks like in a terminal of 80 columns, and what it says at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.demo.script import PORTS, Way
from amiguard.views import span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amiguard.demo.script import Actor
    from amiguard.demo.tale import Tale
    from amiguard.demo.verdict import Held

WIDTH: Final = 80
HEIGHT: Final = 23

_CELLS: Final = 14
_FRESH: Final = 1
"""The newest beats, whose answers may still be on their way."""
_GLANCE: Final = 3
"""Beats without an answer after which packets are said to be dropped."""

_RED, _GREEN, _BOLD, _DIM, _PLAIN = (f"\x1b[{code}m" for code in (31, 32, 1, 2, 0))
_TITLE: Final = "amiguard demo: recorded attacks, the real service, the real kernel"
_HEAD: Final = f"{'SOURCE':14} {'WHO':19} {'SIP udp/5060':{_CELLS}} {'AMI tcp/5038':{_CELLS}} STATE"


def frame(tale: Tale, beats: int) -> list[str]:
    """The picture, a string a line; `beats` is how long the whole story will be."""
    passed, lost = tale.totals()
    packets = f"packets: {_GREEN}= {passed} answered{_PLAIN}, {_RED}x {lost} not{_PLAIN}"
    return [
        f"{_BOLD}{_TITLE}{_PLAIN}  {tale.elapsed:5.1f} s",
        "",
        f"{_DIM}{_HEAD}{_PLAIN}",
        *(_row(tale, who, beats) for who in tale.cast),
        "",
        f"{_BOLD}{tale.caption}{_PLAIN}",
        "",
        *(_cut(line) for line in tale.news),
        "",
        f"{tale.events.total()} events, {tale.repeats} heard twice; {packets}",
    ]


def flowing(tale: Tale, address: str, way: Way) -> bool | None:
    """Whether packets pass now; None while it is too early to say."""
    last = tale.traffic.beats - _FRESH
    if last < _GLANCE:
        return None
    return tale.traffic.passed(address, way, range(last - _GLANCE, last)) > 0


def summary(tale: Tale, held: Sequence[Held]) -> list[str]:
    """What was shown, in six lines."""
    banned = ", ".join(f"{one.address} ({one.scope}, {span(one.seconds)})" for one in held)
    spared = sum(who.scope is None for who in tale.cast) - 2
    dropped = sum(one.packets for one in held)
    told = (
        f"{tale.events.total()} events that real Asterisks told under attack came by AMI, and most by a log.",
        f"The real service heard both, and the kernel keeps out: {banned}.",
        "By UDP, where addresses can be forged, only the SIP door closes; by TCP the house, open lines too.",
        f"What both told counted once ({tale.repeats} events); the guessed secret was told as a breach.",
        f"The phone, the trunk (known by AMI) and {spared} innocents named in forgeries lost not a packet.",
        f"The service was stopped before the end, the kernel goes on alone; it dropped {dropped} packets.",
    )
    return [f"{number}. {line}" for number, line in enumerate(told, 1)]


def _row(tale: Tale, who: Actor, beats: int) -> str:
    trails = " ".join(_trail(tale, who.address, way, beats) for way in PORTS)
    return f"{who.address:14} {who.role:19} {trails} {_state(tale, who)}"


def _state(tale: Tale, who: Actor) -> str:
    ban = tale.bans.get(who.address)
    if ban is None:
        return f"{_GREEN}{'open, known' if who.address in tale.known else 'open'}{_PLAIN}"
    return f"{_RED}{ban['scope'].upper()} {span(ban['remaining'])}{_PLAIN}"


def _trail(tale: Tale, address: str, way: Way, beats: int) -> str:
    """The whole story from left to right: `=` where packets passed, `x` where none did."""
    known = max(tale.traffic.beats - _FRESH, 0)
    cells = []
    for cell in range(_CELLS):
        last = known if cell == _CELLS - 1 else min((cell + 1) * beats // _CELLS, known)
        cells.append(_cell(tale, address, way, range(cell * beats // _CELLS, last)))
    return "".join(cells)


def _cell(tale: Tale, address: str, way: Way, beats: range) -> str:
    if not beats:
        return " "
    return f"{_GREEN}={_PLAIN}" if tale.traffic.passed(address, way, beats) else f"{_RED}x{_PLAIN}"


def _cut(line: str) -> str:
    return line if len(line) < WIDTH else f"{line[: WIDTH - 4]}..."
