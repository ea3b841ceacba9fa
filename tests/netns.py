"""Edge: user and network namespaces, so that tests have a network of their own."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import ipaddress
import json
import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CLONE_NEWUSER = 0x1000_0000
CLONE_NEWNET = 0x4000_0000
_PR_SET_PDEATHSIG = 1
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_IFA_F_NODAD = 2

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


class Peer:
    """Another host: a network namespace at the other end of a cable (a veth pair).

    To be made inside a namespace made by `isolate`.  All methods return when
    the kernel has done what they say; the cable keeps packets in order, so a
    packet that must not arrive is shown lost by a later one that did.

    Args:
        ours: addresses at our end, with prefix length.
        theirs: addresses at the far end, with prefix length.
        cable: name of the interface at either end.
    """

    def __init__(self, ours: Sequence[str], theirs: Sequence[str], cable: str = "cable0") -> None:
        plan = json.dumps({"ours": ours, "theirs": theirs, "cable": cable})
        command = [sys.executable, __file__, plan, str(os.getpid())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            self._answer()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Pull the cable."""
        self._process.kill()
        self._process.communicate()

    def say(self, source: str, port: int, target: str, target_port: int, words: str) -> None:
        """Send a UDP packet from an address and port of the far end."""
        self._do("say", source, port, target, target_port, words)

    def listen(self, address: str, port: int) -> None:
        """Open a UDP port at the far end."""
        self._do("listen", address, port)

    def hear(self, limit: float = 5.0) -> str | None:
        """What the opened port hears within `limit` seconds."""
        return self._do("hear", limit)

    def connect(self, source: str, target: str, target_port: int, limit: float = 5.0) -> bool:
        """Make a TCP connection from an address of the far end; whether it came about in `limit` seconds."""
        return self._do("connect", source, target, target_port, limit)

    def tell(self, words: str) -> None:
        """Send words along the TCP connection made last."""
        self._do("tell", words)

    def _do(self, *request: object) -> Any:
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        line = self._process.stdout.readline()
        if not line:
            raise ChildProcessError("the peer is gone; what it said is above")
        return json.loads(line)


class _FarEnd:
    """What a `Peer` has done in its own process."""

    def __init__(self) -> None:
        self._ports: dict[tuple[str, int], socket.socket] = {}
        self._heard = self._stream = socket.socket()

    def say(self, source: str, port: int, target: str, target_port: int, words: str) -> None:
        self._port(source, port).sendto(words.encode(), (target, target_port))

    def listen(self, address: str, port: int) -> None:
        self._heard = self._port(address, port)

    def hear(self, limit: float) -> str | None:
        self._heard.settimeout(limit)
        try:
            return self._heard.recv(65536).decode()
        except TimeoutError:
            return None

    def connect(self, source: str, target: str, target_port: int, limit: float) -> bool:
        try:
            self._stream = socket.create_connection((target, target_port), limit, (source, 0))
        except TimeoutError:
            return False
        return True

    def tell(self, words: str) -> None:
        self._stream.sendall(words.encode())

    def _port(self, address: str, port: int) -> socket.socket:
        """A UDP socket of the far end, opened once."""
        if (address, port) not in self._ports:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            opened = socket.socket(family, socket.SOCK_DGRAM)
            opened.bind((address, port))
            self._ports[address, port] = opened
        return self._ports[address, port]


def _plug(route: Any, cable: str, addresses: Sequence[str]) -> None:
    """Give an end of the cable its addresses, at once usable, and switch it on."""
    index = route.link_lookup(ifname=cable)[0]
    for address in addresses:
        interface = ipaddress.ip_interface(address)
        flags = {"flags": _IFA_F_NODAD} if interface.version == 6 else {}
        length = interface.network.prefixlen
        route.addr("add", index=index, address=str(interface.ip), prefixlen=length, **flags)
    route.link("set", index=index, state="up")


def _lay_cable(plan: dict[str, Any], home: int) -> None:
    """Move to a namespace of our own and join it to that of process `home`, where we were born."""
    from pyroute2 import IPRoute  # noqa: PLC0415 - only the far end's process has it

    with IPRoute() as near:
        unshare(CLONE_NEWNET)
        with IPRoute() as far:
            other = {"ifname": plan["cable"], "net_ns_pid": home}
            far.link("add", ifname=plan["cable"], kind="veth", peer=other)
            far.link("set", index=1, state="up")
            _plug(near, plan["cable"], plan["ours"])
            _plug(far, plan["cable"], plan["theirs"])


def _main(plan: str, home: str) -> None:
    """Be the far end: do what each line of standard input says, answer each by a line."""
    die_with_parent()
    _lay_cable(json.loads(plan), int(home))
    _answer(True)
    end = _FarEnd()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        _answer(getattr(end, name)(*arguments))


def _answer(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main(*sys.argv[1:])
