"""Edge: a program that is told, by JSON on its standard input; without a shell, and not for ever."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING, Final

from amiguard.views import printable

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Sequence

PARTLY: Final = 3
"""Exit status of a program that reached some, so that trying again would tell them twice."""
_DYING: Final = 1.0
_COMPLAINT: Final = 300
"""Bytes of a complaint that are shown."""


class ToldError(Exception):
    """The program did not do what it should; the text says how it ended, and its first complaint.

    Attributes:
        partly: it has reached some of those that it should.
    """

    def __init__(self, text: str, *, partly: bool = False) -> None:
        self.partly = partly
        super().__init__(text)


async def tell(command: Sequence[str], words: bytes, limit: float) -> None:
    """Run a program and wait for its end; whatever it has started ends with it.

    Args:
        command: the program and its arguments.
        words: what it reads from its standard input.
        limit: seconds after which it is killed.

    Raises:
        ToldError: it cannot be run, its exit status is not 0, or it takes too long.
    """
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=nothing, stderr=pipe, start_new_session=True
        )
    except (OSError, ValueError) as error:
        raise ToldError(f"cannot be run: {error}") from error
    try:
        async with asyncio.timeout(limit):
            complaint, _ = await asyncio.gather(_listen(process), _speak(process, words))
            status = await process.wait()
    except TimeoutError:
        raise ToldError(f"has not ended within {limit:g} s, and was killed") from None
    finally:
        await _end(process)
    if status:
        said = f": {printable(complaint)}" if complaint else ""
        raise ToldError(f"exit status {status}{said}", partly=status == PARTLY)


async def _end(process: Process) -> None:
    """Kill what is left of it and of what it has started, and let the kernel forget it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):  # who has left the group may hold our pipe for ever
        async with asyncio.timeout(_DYING):
            await process.wait()


async def _speak(process: Process, words: bytes) -> None:
    """Give it what it is to read, as far as it cares to."""
    stdin = process.stdin
    assert stdin is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(words)
        await stdin.drain()
    stdin.close()


async def _listen(process: Process) -> bytes:
    """The first line of its complaints; the rest is read and forgotten."""
    stderr = process.stderr
    assert stderr is not None
    kept = b""
    while chunk := await stderr.read(4096):
        kept = (kept + chunk)[:_COMPLAINT]
    return kept.split(b"\n", 1)[0]
