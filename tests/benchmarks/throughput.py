"""Edge: CPU a line, from the file to the judgement, of the whole service; beside fail2ban and grep."""

from __future__ import annotations

import time
from itertools import chain, count
from typing import TYPE_CHECKING

import kernel
import peers
import process
import records
import traffic
from figures import Figure, median
from logfile import written
from ours import Guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from scale import Scale

_UNIT = "us CPU a line"
_COMMITTED = 1.2  # positions and scores are written at most once a second
_NUMBERS = count()


def measure(root: Path, scale: Scale) -> Iterator[Figure]:
    """Two fifths challenges, two fifths log-ins, a fifth failures; start-up measured apart and taken off.

    fail2ban does what we do, and bans by nftables; and, beside the replay, it judges alone.
    """
    now = time.time()
    classic = _log(root, "classic", traffic.day(scale.lines, now, records.classic))
    theirs, remark = _fail2ban(root, scale, now, blocks=True)
    judging, note = _fail2ban(root, scale, now, blocks=False)
    ours = _ours(root, classic, scale)
    name = f"log of {scale.lines:,} lines"
    yield Figure(f"{name}, classic", _UNIT, ours, 3.0, "fail2ban", theirs, remark)
    yield from _grepped(f"{name}, classic", ours, classic, scale)
    replayed = _replayed(root, classic, scale)
    yield Figure(f"{name}, classic, no bans", _UNIT, replayed, None, "fail2ban", judging, f"replay; {note}")
    classic.unlink()
    as_json = _log(root, "json", traffic.day(scale.lines, now, records.as_json))
    remark = remark or "fail2ban's filter reads no JSON: its classic figure"
    yield Figure(f"{name}, JSON", _UNIT, _ours(root, as_json, scale), 5.0, "fail2ban", theirs, remark)


def _log(root: Path, name: str, chunks: Iterable[str] = ()) -> Path:
    """A log with one more attacker at its end, in the same form as the rest."""
    render = records.as_json if name == "json" else records.classic
    return written(root / name, chain(chunks, [traffic.last_one(time.time(), render)]))


def _ours(root: Path, log: Path, scale: Scale) -> float:
    start = median(_guard_cpu(root, _log(root, "empty")) for _ in range(scale.runs))
    spent = median(_guard_cpu(root, log) for _ in range(scale.runs))
    return (spent - start) / scale.lines * 1e6


def _guard_cpu(root: Path, log: Path) -> float:
    """Seconds of CPU of a service without a memory until it has judged the log and written that down."""
    kernel.flush()
    with kernel.Listener() as hears, Guard(root / f"amiguard-{next(_NUMBERS)}", log) as guard:
        hears.arrival(traffic.LAST, 90)
        time.sleep(_COMMITTED)
        return process.cpu(guard.pid)


def _replayed(root: Path, log: Path, scale: Scale) -> float:
    """The pure core with nothing else: no kernel, no store."""
    guard, empty = Guard(root / "replay", log), _log(root, "empty")
    start, spent = (
        median(process.run(guard.command("replay", "--json", str(file)))[1] for _ in range(scale.runs))
        for file in (empty, log)
    )
    return (spent - start) / scale.lines * 1e6


def _fail2ban(root: Path, scale: Scale, now: float, *, blocks: bool) -> tuple[float | None, str]:
    """Its figure, and why there is none or of how much it is; `blocks`: its bans reach the kernel."""
    if remark := peers.missing("fail2ban-server"):
        return None, remark
    log = _log(root, "short", traffic.day(scale.peer_lines, now, records.classic))
    start = median(_fail2ban_cpu(root, _log(root, "empty"), blocks=blocks) for _ in range(scale.runs))
    spent = median(_fail2ban_cpu(root, log, blocks=blocks) for _ in range(scale.runs))
    return (spent - start) / scale.peer_lines * 1e6, f"fail2ban: {scale.peer_lines:,} lines"


def _fail2ban_cpu(root: Path, log: Path, *, blocks: bool) -> float:
    """Seconds of CPU of a server without a memory, and of its actions, until it has banned who comes last."""
    with peers.Fail2ban(root / f"fail2ban-{next(_NUMBERS)}", log, blocks=blocks) as server:
        process.until(lambda: server.has_banned(traffic.LAST), "fail2ban's last ban", 120, every=0.5)
        return process.cpu(server.pid) + process.ended_children(server.pid)


def _grepped(name: str, ours: float, log: Path, scale: Scale) -> Iterator[Figure]:
    if remark := peers.missing("grep"):
        yield Figure(name, _UNIT, ours, peer="grep -E", remark=remark)
        return
    spent = median(peers.grep(log) for _ in range(scale.runs))
    yield Figure(name, _UNIT, ours, peer="grep -E", theirs=spent / scale.lines * 1e6)
