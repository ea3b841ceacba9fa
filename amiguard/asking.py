"""Edge: asking the service over its Unix socket, and what both ends speak there.

A client sends one line, a JSON object with `command` and its arguments.  The
service answers with a line `{"ok": ...}` or `{"error": text, "exit": code}`,
then any number of rows, a line each, and `{"end": true}`: who does not see that
has not seen everything.  `{"end": false, "error": text}` says why there is no more.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from typing import TYPE_CHECKING, Any, Final, TextIO

from amiguard.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE: Final = 10.0
"""Seconds in which a client must send its request, and take what it is given."""
LAST: Final = '{"end": true}\n'
_TIMEVAL: Final = struct.Struct("@ll")
BROKEN: Final = '{"end": false'


class ControlError(Exception):
    """The service refused or could not be asked; `code` is the exit code that says which."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@contextlib.contextmanager
def asking(path: str, command: str, **arguments: Any) -> Iterator[tuple[dict[str, Any], Iterator[str]]]:
    """Ask the service; gives the first object, and the rows as they come.

    Raises:
        ControlError: it does not answer (exit code 4), refuses, or breaks off.
    """
    with (
        socket.socket(socket.AF_UNIX) as service,
        service.makefile("r", encoding="utf-8", newline="\n") as lines,
    ):
        with _explained(path):
            # Where many queue, a socket with a timeout of Python's own would be refused at once.
            service.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEVAL.pack(int(3 * PATIENCE), 0))
            service.connect(path)
            service.settimeout(3 * PATIENCE)
            service.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            head = json.loads(lines.readline() or "null")
        if head is None:
            raise ControlError(f"the service at {path} hung up", Exit.SILENT)
        if "error" in head:
            raise ControlError(head["error"], head["exit"])
        yield head, _rows(lines, path)


def _rows(lines: TextIO, path: str) -> Iterator[str]:
    with _explained(path):
        for line in lines:
            if line == LAST:
                return
            if line.startswith(BROKEN):
                raise ControlError(json.loads(line)["error"], Exit.FAILED)
            if not line.endswith("\n"):
                break
            yield line[:-1]
    raise ControlError(f"the service at {path} broke off in the middle of its answer", Exit.SILENT)


@contextlib.contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise ControlError(
            f"you may not ask the service at {path}: be root or in its group", Exit.SILENT
        ) from error
    except OSError as error:
        raise ControlError(f"no service answers on {path}: {error.strerror or error}", Exit.SILENT) from error
