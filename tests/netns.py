"""Edge: user and network namespaces, so that tests have a network of their own."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import pickle
import select
import signal
import socket
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

CLONE_NEWUSER = 0x1000_0000
CLONE_NEWNET = 0x4000_0000
_PR_SET_PDEATHSIG = 1
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1

_libc = ctypes.CDLL(None, use_errno=True)


class Outcome(NamedTuple):
    """How a call in a child process ended: its value, or what it raised as `render` made it a text."""

    value: Any
    failure: Any


def unshare(flags: int) -> None:
    """Leave the namespaces of `flags` for new ones (`os.unshare` is Python 3.12's).

    Raises:
        OSError: this machine or its policy forbids it.
    """
    if _libc.unshare(flags):
        code = ctypes.get_errno()
        raise OSError(code, f"unshare: {os.strerror(code)}")


def die_with_parent() -> None:
    """Have the kernel kill this process when the parent ends; a change of credentials undoes it."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def isolate(*, user: bool = True) -> None:
    """Move this single-threaded process into a new network namespace with loopback up.

    Args:
        user: be root of a new user namespace first, which anybody may; else real root is needed.

    Raises:
        OSError: this machine or its policy forbids it.
    """
    uid, gid = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER | CLONE_NEWNET if user else CLONE_NEWNET)
    if user:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))


def run_forked(call: Callable[[], Any], render: Callable[[BaseException], Any], limit: float) -> Outcome:
    """Run `call` in a forked child and bring back what it returns or raises.

    The child leads a process group of its own, which is killed at the end with
    all it left behind.

    Args:
        call: returns what pickle can carry.
        render: makes an exception what pickle can carry.
        limit: seconds after which the child is killed.

    Raises:
        TimeoutError: the child did not end within `limit`.
        ChildProcessError: the child died without a word.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        _be_child(writer, call, render)
    os.close(writer)
    try:
        told = _read_all(reader, time.monotonic() + limit)
    finally:
        os.close(reader)
        status = _end(pid)
    if not told:
        raise ChildProcessError(f"the child died without a word, wait status {status:#x}")
    return Outcome(*pickle.loads(told))


def _be_child(writer: int, call: Callable[[], Any], render: Callable[[BaseException], Any]) -> NoReturn:
    """Run, report, and leave without the parent's exit handlers."""
    __tracebackhide__ = True
    try:
        os.setpgid(0, 0)
        die_with_parent()
        try:
            told = (call(), None)
        except BaseException as error:  # noqa: BLE001 - all of it, SystemExit too, is the parent's to judge
            told = (None, render(error))
        with os.fdopen(writer, "wb") as report:
            pickle.dump(told, report)
    finally:
        os._exit(0)


def _read_all(reader: int, deadline: float) -> bytes:
    """Read a pipe to its end."""
    told = bytearray()
    while select.select([reader], [], [], max(deadline - time.monotonic(), 0.0))[0]:
        chunk = os.read(reader, 65536)
        if not chunk:
            return bytes(told)
        told += chunk
    raise TimeoutError("the child did not end in time and was killed")


def _end(pid: int) -> int:
    """Kill what is left of a child's process group and reap the child."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]
