"""Edge: who is banned, how soon and after how many guesses, where all guessers are known; beside fail2ban."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import groundtruth
import kernel
import peers
import process
from figures import Figure, median
from groundtruth import VICTIM, Outcome
from logfile import SecurityLog, written
from ours import Guard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from groundtruth import Kind, Story
    from scale import Scale

    Bans = Mapping[str, float]

_RIVALS = {"fail2ban, 10 in 10m": (10, 600), "fail2ban, 5 in 1d": (5, 86_400)}
"""fail2ban's jail as Debian brings it, and one that an administrator has sharpened: maxretry and findtime."""
_JUDGE = Path(__file__).with_name("fail2banjudge.py")
_INTERPRETER = "/usr/bin/python3"
_PIECES = 200
_ALARM = "distributed guessing"


class Live(NamedTuple):
    """What a service made of it: since when each is banned, who is named, and when that was told."""

    bans: Bans
    named: set[str]
    alarm: float | None


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """A log of two hours, replayed, and told to a service piece by piece."""
    told = groundtruth.story(time.time() - 1, scale.outcome)
    log = written(root / "story", (line for _, line in told.lines))
    guard = Guard(root / "amiguard", root / "live")
    replayed = _since(_asked(guard, "replay", str(log))["bans"])
    live = _live(guard, told)
    rivals, remark = _rivals(log)
    for kind in groundtruth.KINDS:
        yield from _figures(told, kind, live.bans, rivals, remark)
    yield from _victim(told, live, _guessers(_asked(guard, "replay", "--accounts", str(log))["accounts"]))
    both = replayed.keys() | live.bans.keys()
    odd = [address for address in both if replayed.get(address) != live.bans.get(address)]
    yield Figure("sources judged otherwise live than in replay", "", len(odd), 0)


def _live(guard: Guard, told: Story) -> Live:
    kernel.flush()
    with SecurityLog(guard.root.parent / "live") as log, guard:
        for start in range(0, len(told.lines), _PIECES):
            log.write("".join(line for _, line in told.lines[start : start + _PIECES]))
        process.until(lambda: _read(guard) >= len(told.lines), "the whole story read", 60, every=0.2)
        named = _guessers(_asked(guard, "accounts", VICTIM)["accounts"])
        alarms = [
            each for each in _asked(guard, "status")["alarms"] if each["kind"] == "distributed guessing"
        ]
        first = min((_moment(each["since"]) for each in alarms), default=None)
        return Live(_since(_asked(guard, "list")["bans"]), named, first)


def _read(guard: Guard) -> int:
    return sum(source["events"] for source in (guard.status() or {"sources": ()})["sources"])


def _asked(guard: Guard, *words: str) -> dict[str, Any]:
    command = guard.command(words[0], "--json", *words[1:])
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


def _since(bans: Sequence[Mapping[str, Any]]) -> Bans:
    """When each address was banned first."""
    found: dict[str, float] = {}
    for ban in bans:
        found.setdefault(ban["address"], _moment(ban["since"]))
    return found


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _guessers(accounts: Sequence[Mapping[str, Any]]) -> set[str]:
    """Who is said to guess at the victim with many others."""
    return {
        source["address"]
        for account in accounts
        if account["account"] == VICTIM and account["attack"] == "distributed"
        for source in account["from"]
    }


def _rivals(log: Path) -> tuple[dict[str, Bans], str]:
    """Whom fail2ban bans, its clock set to each line's time; and why it does not."""
    if remark := peers.missing("fail2ban-server"):
        return {}, remark
    found = {}
    for name, (retries, seconds) in _RIVALS.items():
        command = [_INTERPRETER, str(_JUDGE), str(log), str(retries), str(seconds)]
        ran = subprocess.run(command, check=True, capture_output=True)
        found[name] = json.loads(ran.stdout)
    return found, ""


def _figures(
    told: Story, kind: Kind, ours: Bans, rivals: Mapping[str, Bans], remark: str
) -> Iterator[Figure]:
    own = groundtruth.outcome(told, kind, ours)
    for rival, bans in (rivals or {"fail2ban": None}).items():
        other = None if bans is None else groundtruth.outcome(told, kind, bans)
        yield from _compared(kind, own, rival, other, remark)


def _compared(kind: Kind, own: Outcome, rival: str, other: Outcome | None, remark: str) -> Iterator[Figure]:
    name = f"{kind.name}, {own.sources} sources"
    if not kind.banned:
        theirs = other.banned if other else None
        yield Figure(f"{name}: banned", "", own.banned, 0, rival, theirs, remark)
        return
    missed, theirs = own.sources - own.banned, other.sources - other.banned if other else None
    yield Figure(f"{name}: not banned", "", missed, 0, rival, theirs, remark)
    for what, unit in (("seconds", "s"), ("guesses", "")):
        values, others = getattr(own, what), getattr(other, what) if other else []
        if values:
            peer = median(others) if others else None
            label = {"seconds": "first guess to ban", "guesses": "guesses allowed"}[what]
            yield Figure(f"{name}: {label}, median", unit, median(values), None, rival, peer, remark)
            greatest = max(others, default=None)
            yield Figure(f"{name}: {label}, most", unit, max(values), None, rival, greatest, remark)


def _victim(told: Story, live: Live, replayed: set[str]) -> Iterator[Figure]:
    """Who guesses at one account with many others is listed, though none of them is banned."""
    kind = next(kind for kind in groundtruth.KINDS if kind.name == "distributed")
    guessers = told.sources(kind)
    name = f"{kind.name}, {len(guessers)} sources"
    for where, named in (("live", live.named), ("replay", replayed)):
        yield Figure(f"{name}: not named, {where}", "", len(guessers.keys() - named), 0)
    if live.alarm is None:
        raise process.BenchError("nobody was told of the distributed guessing")
    times = sorted(time for each in guessers.values() for time in each)
    yield Figure(f"{name}: first guess to alarm", "s", live.alarm - times[0])
    allowed = sum(time < live.alarm + groundtruth.EXACT for time in times)
    yield Figure(f"{name}: guesses before the alarm", "", allowed)
