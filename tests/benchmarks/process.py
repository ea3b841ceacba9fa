"""Edge: what a process costs, read from /proc, and how the ones we start are waited for."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TICKS = os.sysconf("SC_CLK_TCK")
_POLL = 0.02


class BenchError(Exception):
    """A measurement cannot go on; the message says at which program or file."""


def cpu(pid: int) -> float:
    """Seconds of CPU, user and system, that the process and its ended threads have used; to 10 ms."""
    return _spent(pid, 11)


def ended_children(pid: int) -> float:
    """Seconds of CPU of the processes that this one has begun and seen end; to 10 ms."""
    return _spent(pid, 13)


def _spent(pid: int, field: int) -> float:
    """Seconds, user and system, of which this field behind the program's name and the next tell."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[field]) + int(fields[field + 1])) / _TICKS


def children(pid: int) -> list[int]:
    """The processes that the main thread of the process has begun, and that have not ended."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory(pid: int, field: str = "VmRSS") -> float:
    """MiB of the process: ``VmRSS`` now, ``VmHWM`` at the most."""
    return _status(Path(f"/proc/{pid}/status"), field) / 1024


def wakeups(pid: int) -> int:
    """How often the threads of the process have gone to sleep of their own will."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(_status(thread / "status", "voluntary_ctxt_switches") for thread in threads)


def run(command: Sequence[str], out: Path | None = None) -> tuple[float, float]:
    """Run a program to its end, its output into `out` or nowhere; seconds it took, and of CPU.

    Raises:
        BenchError: it failed.
    """
    with (out or Path(os.devnull)).open("wb") as sink:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=sink, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        took = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise BenchError(f"{' '.join(command)}: exit status {child.returncode}")
    return took, used.ru_utime + used.ru_stime


def until(done: Callable[[], bool], what: str, seconds: float, every: float = _POLL) -> None:
    """Ask `done` again and again.

    Raises:
        BenchError: it was not so within `seconds`; the message says `what` was waited for.
    """
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {seconds:g} s")
        time.sleep(every)


def end(child: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    """Ask the process to end, and see to it that it does."""
    child.terminate()
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _status(path: Path, field: str) -> int:
    lines = path.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
