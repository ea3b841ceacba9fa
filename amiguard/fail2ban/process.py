"""Edge: a filter's worker as the service sees it: begun, asked, ended, and begun again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.fail2ban import frames

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncGenerator

    from amiguard.fail2ban.frames import Answer, Finding

_log = logging.getLogger("amiguard")

PATIENCE: Final = 30.0
"""Seconds for an answer, which takes one of CPU time at most; a busy machine may need more."""
_FIRST, _LONGEST = 0.2, 60.0
"""Seconds before a worker is begun again, doubled each time until one has answered."""


class LostError(Exception):
    """The worker is gone, or might as well be."""


class Step(NamedTuple):
    """What some lines told, and how many bytes of lines are left.

    `given_up`: the last of them took too long, or ended the worker, and was not read.
    """

    findings: tuple[Finding, ...]
    left: int
    given_up: bytes | None = None


class Worker:
    """Tries a filter on lines in a process of its own; to be closed.

    Attributes:
        trouble: why no worker stands; empty while one does, or none was needed yet.
    """

    def __init__(self, name: str, tick: float | None = None, patience: float = PATIENCE) -> None:
        """Begin nothing yet.

        Args:
            name: the filter, as a jail asks for it.
            tick: seconds of CPU that a line may take, as `Budget` has it.
            patience: seconds that an answer may take.
        """
        self.trouble = ""
        self._command = [sys.executable, "-I", "-m", "amiguard.fail2ban.worker", name]
        self._command += [] if tick is None else [str(tick)]
        self._patience = patience
        self._process: Process | None = None
        self._pause = 0.0

    async def steps(self, now: float, log: int, data: bytes) -> AsyncGenerator[Step, None]:
        """What whole lines, each with its LF, tell of, as it is found.

        A line that ends the worker is looked for by halves, and given up like one that takes too long.
        """
        offered = len(data)
        while data:
            end = data.rfind(b"\n", 0, offered) + 1 or data.index(b"\n") + 1
            try:
                answer = await self._ask(frames.Work(now, log, data[:end]))
            except LostError:
                if data.index(b"\n") + 1 < end:
                    offered = end // 2
                    continue
                answer = frames.Answer(end, overran=True)
            read, data, offered = data[: answer.used], data[answer.used :], 2 * offered
            given_up = read[read.rfind(b"\n", 0, -1) + 1 :] if answer.overran else None
            yield Step(answer.findings, len(data), given_up)

    async def aclose(self) -> None:
        """End the worker, if one runs."""
        process, self._process = self._process, None
        if process:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, work: frames.Work) -> Answer:
        process = self._process or await self._begun()
        assert process.stdin
        try:
            process.stdin.write(frames.work(work))
            await process.stdin.drain()
            answer = await self._answer(process)
        except (OSError, LostError) as error:
            await self.aclose()
            raise LostError from error
        self._pause = 0.0
        return answer

    async def _begun(self) -> Process:
        """A worker that stands, however long that takes."""
        while True:
            await asyncio.sleep(self._pause)
            self._pause = min(max(2 * self._pause, _FIRST), _LONGEST)
            try:
                self._process = await self._launched()
                await self._answer(self._process)
            except (OSError, LostError) as error:
                await self.aclose()
                self._say(str(error) or "it ended at once")
            else:
                self._say("")
                return self._process

    async def _launched(self) -> Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)

    async def _answer(self, process: Process) -> Answer:
        assert process.stdout
        try:
            async with asyncio.timeout(self._patience):
                length = frames.size(await process.stdout.readexactly(frames.HEAD))
                answer = frames.answered(await process.stdout.readexactly(length))
        except TimeoutError as error:
            raise LostError(f"no answer for {self._patience:g} s") from error
        except (asyncio.IncompleteReadError, ValueError) as error:
            raise LostError from error
        return answer

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            _log.error("%s: no filter stands: %s", self._command[4], trouble)
        self.trouble = trouble
