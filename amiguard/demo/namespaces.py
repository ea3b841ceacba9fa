"""Edge: a network namespace for this process, and a user namespace that makes it root there."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
from pathlib import Path
from typing import Final, NamedTuple

_NEWUSER: Final = 0x1000_0000  # CLONE_*: include/uapi/linux/sched.h
_NEWNET: Final = 0x4000_0000
_PR_SET_PDEATHSIG: Final = 1  # include/uapi/linux/prctl.h
_SIOCSIFFLAGS: Final = 0x8914  # include/uapi/linux/sockios.h
_IFF_UP: Final = 1

_libc = ctypes.CDLL(None, use_errno=True)


class ForbiddenError(Exception):
    """This machine allows no namespace; the text says in one line what would."""


class _Knob(NamedTuple):
    """A setting that forbids user namespaces, and the command that allows them."""

    file: str
    forbidding: str
    mend: str


_KNOBS: Final = (
    _Knob("/proc/sys/user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"),
    # Debian's and Ubuntu's kernels have the one, Ubuntu since 23.10 the other.
    _Knob("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    _Knob(
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)


def isolate() -> None:
    """Move this single-threaded process into a new network, as its root, with loopback up.

    Real root needs no user namespace; where a container denies root the network, it may still have both.

    Raises:
        ForbiddenError: this machine or its policy forbids it.
    """
    try:
        _leave()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))
    except OSError as error:
        raise ForbiddenError(_mend(os.strerror(error.errno or 0))) from error


def unshare_network() -> None:
    """Move this process from the network it is in to a new one.

    Raises:
        OSError: it may not.
    """
    _unshare(_NEWNET)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, however that ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _leave() -> None:
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        with contextlib.suppress(PermissionError):
            _unshare(_NEWNET)
            return
    _unshare(_NEWUSER | _NEWNET)
    # A group map may be written only without setgroups: user_namespaces(7).
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")


def _unshare(flags: int) -> None:
    """`os.unshare`, which Python has since 3.12."""
    if _libc.unshare(flags):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _mend(reason: str) -> str:
    """What is amiss and what helps, in one line."""
    for knob in _KNOBS:
        with contextlib.suppress(OSError):
            if Path(knob.file).read_text(encoding="ascii").strip() == knob.forbidding:
                return f"user namespaces are forbidden here: `{knob.mend}` allows them, or run it as root"
    return f"no network namespace to be had here ({reason}); run the demo as root, outside of a container"
