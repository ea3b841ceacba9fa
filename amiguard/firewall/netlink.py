"""Edge: the netlink socket to nf_tables, of which every error is read.

The kernel does all its work within `send`: when that returns, each
acknowledgement and error is already queued.  So nothing here waits for long;
`_PATIENCE` only guards against a kernel that says nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import itertools
import os
import socket
import struct
from typing import TYPE_CHECKING, Self

from amiguard.firewall import messages
from amiguard.firewall.messages import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from amiguard.firewall.messages import Message, Refusal, Request

_NETLINK_NETFILTER = 12
_SOL_NETLINK = 270
_ADD_MEMBERSHIP, _CAP_ACK, _EXT_ACK = 1, 10, 11
_SO_ATTACH_FILTER, _SO_SNDBUFFORCE = 26, 32
_GROUP_NFTABLES = 7

# Bytes of the biggest transaction, some 20,000 elements.  While somebody listens to its news, the
# kernel needs 14 KB for each of them until the transaction ends.
_MOST_SENT = 1 << 19
_RECEIVE_SIZE = 1 << 16
_PATIENCE = struct.pack("@ll", 5, 0)
_DUMP_ATTEMPTS = 8
_FRAMES = 1 << 13  # bytes for the headers of a transaction
_NAMED = 3  # requests that a message about a whole transaction names


class FirewallError(Exception):
    """The kernel refused something; `errno` says why, `what` is what was tried, in plain words."""

    def __init__(self, code: int, what: str, hint: str = "") -> None:
        name = errno.errorcode.get(code, str(code))
        super().__init__(f"cannot {what}: {hint or os.strerror(code)} ({name})")
        self.errno = code
        self.what = what


class NoCapabilityError(FirewallError):
    """The process lacks CAP_NET_ADMIN, so no firewall can be read or written."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.EPERM, what, "this needs root or the capability CAP_NET_ADMIN")


class NoTablesError(FirewallError):
    """The kernel has no nf_tables: the module is not there, or may not be loaded."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(code, what, "this kernel has no nf_tables, or may not load it")


def failure(code: int, what: str, hint: str = "") -> FirewallError:
    """The exception for an errno."""
    if code == errno.EPERM:
        return NoCapabilityError(what)
    return NoTablesError(code, what) if code == errno.EPROTONOSUPPORT else FirewallError(code, what, hint)


class _Socket:
    """A netlink socket of netfilter; a context manager."""

    def __init__(self) -> None:
        try:
            kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
            self._socket = socket.socket(socket.AF_NETLINK, kind, _NETLINK_NETFILTER)
            self._socket.bind((0, 0))
        except OSError as error:
            raise failure(error.errno or errno.EIO, "open a netlink socket to nf_tables") from error
        self.port: int = self._socket.getsockname()[0]

    def _queued(self) -> Iterator[Message]:
        """Read all that is queued, without waiting."""
        with contextlib.suppress(BlockingIOError):
            while True:
                yield from messages.messages(self._socket.recv(_RECEIVE_SIZE, socket.MSG_DONTWAIT))

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Channel(_Socket):
    """Asks nf_tables and changes it."""

    def __init__(self) -> None:
        super().__init__()
        self._sequences = itertools.count(1)
        for option in (_CAP_ACK, _EXT_ACK):
            self._socket.setsockopt(_SOL_NETLINK, option, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST_SENT)
        with contextlib.suppress(PermissionError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _MOST_SENT)
        allowed = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        self.room = min(allowed, _MOST_SENT) - _FRAMES

    def change(self, requests: Sequence[Request]) -> None:
        """Make one transaction of the requests: all of them happen, or none.

        Raises:
            FirewallError: the kernel refused one; EMSGSIZE: too much at once for this socket.
        """
        if not requests:
            return
        first = next(self._sequences)
        last = first + len(requests)
        self._sequences = itertools.count(last + 2)
        whole = ", ".join(request.what for request in requests[:_NAMED])
        with _explained(whole):
            self._socket.send(messages.transaction(requests, first))
            refusals = [(messages.refusal(answer), answer.sequence) for answer in self._answers(first, last)]
        for refusal, sequence in refusals:
            # The whole is refused for lack of the capability, a single request as the table is another's.
            if sequence == first:
                _raise(refusal, whole)
            _raise(refusal, requests[sequence - first - 1].what, FirewallError)
        if not refusals:
            raise FirewallError(errno.ENODATA, whole, "the kernel did not answer")

    def _answers(self, first: int, last: int) -> Iterator[Message]:
        """What the kernel has said of a transaction so numbered: of its last request always, and last."""
        for answer in self._queued():
            if first <= answer.sequence <= last:
                yield answer
            if answer.sequence == last:
                return

    def ask(self, kind: int, body: bytes, what: str, flags: int = 0) -> list[bytes]:
        """Ask for a thing, or with the flag `messages.DUMP` for all things of a kind.

        A dump that a change interrupts is begun again; the eighth is taken as
        it is, lacking at most what changed meanwhile.

        Returns:
            The attributes of each message of the answer.

        Raises:
            FirewallError: the kernel refused; ENOENT: there is no such thing.
        """
        told: list[bytes] = []
        interrupted, attempts = True, 0
        while interrupted and attempts < _DUMP_ATTEMPTS:
            sequence = next(self._sequences)
            with _explained(what):
                self._socket.send(messages.frame(kind, body, sequence, flags | messages.ACK))
                told, interrupted, refusal = self._collect(sequence)
            _raise(refusal, what)
            attempts += 1
        return told

    def _collect(self, sequence: int) -> tuple[list[bytes], bool, Refusal]:
        """Read an answer to its end; was it interrupted, and how did it end?"""
        told: list[bytes] = []
        interrupted = False
        while True:
            for message in messages.messages(self._socket.recv(_RECEIVE_SIZE)):
                if message.sequence != sequence:
                    continue
                interrupted |= bool(message.flags & messages.DUMP_INTERRUPTED)
                if message.kind in (messages.DONE, messages.ERROR):
                    return told, interrupted, messages.refusal(message)
                told.append(messages.content(message))


class Watch(_Socket):
    """Tells when somebody else has changed the ruleset of this network namespace.

    Subscribed to nf_tables' news, of which a filter in the kernel lets only
    those through that end a transaction which is not ours: a hundred thousand
    new elements would overflow any buffer.

    Args:
        ours: netlink port of the socket whose changes are our own.

    Raises:
        FirewallError: the kernel refused.
    """

    def __init__(self, ours: int) -> None:
        super().__init__()
        self._socket.setblocking(False)
        with _explained("watch the firewall"):
            _attach_filter(self._socket, ours)
            self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _GROUP_NFTABLES)

    def fileno(self) -> int:
        """The descriptor that becomes readable when there are news."""
        return self._socket.fileno()

    def drain(self) -> bool:
        """Read all news; whether there were some, lost ones too."""
        try:
            return bool(list(self._queued()))
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            return True


def _attach_filter(subscriber: socket.socket, ours: int) -> None:
    """Have the kernel queue only messages of type `NEWGEN` that are not of our port.

    A classic BPF program; its loads are in network order, netlink's fields in
    the host's.
    """
    kind = int.from_bytes(struct.pack("=H", messages.NEWGEN))
    port = int.from_bytes(struct.pack("=I", ours))
    program = (
        (0x28, 0, 0, 4),  # load the half word at 4, the type
        (0x15, 0, 3, kind),  # unless it is NEWGEN go to the end
        (0x20, 0, 0, 12),  # load the word at 12, the port
        (0x15, 1, 0, port),  # if it is ours go to the end
        (0x06, 0, 0, 0xFFFFFFFF),  # take all of it
        (0x06, 0, 0, 0),  # the end: take nothing
    )
    code = b"".join(struct.pack("=HBBI", *step) for step in program)
    held = ctypes.create_string_buffer(code, len(code))
    described = struct.pack("@HP", len(program), ctypes.addressof(held))
    subscriber.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)


def _raise(refusal: Refusal, what: str, made: Callable[[int, str, str], FirewallError] = failure) -> None:
    """Raise a refusal that is one."""
    if refusal.code:
        raise made(refusal.code, what, refusal.text)


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn what sockets and their bytes raise into a `FirewallError`."""
    try:
        yield
    except BlockingIOError as error:
        raise FirewallError(errno.ETIMEDOUT, what, "the kernel did not answer in 5 s") from error
    except OSError as error:
        raise failure(error.errno or errno.EIO, what) from error
    except MalformedError as error:
        raise FirewallError(errno.EBADMSG, what, str(error)) from error
