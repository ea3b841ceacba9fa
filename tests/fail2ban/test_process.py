"""A worker that tries a filter: what befalls it, and what the service loses by that."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from filterfile import ENDLESS, GUESS, SOURCE, filter_file

from amiguard.fail2ban import frames
from amiguard.fail2ban.matcher import Failure
from amiguard.fail2ban.process import Worker

if TYPE_CHECKING:
    from pathlib import Path

    from amiguard.fail2ban.process import Step

NOW = 1_795_299_700.0


async def steps(worker: Worker, data: bytes) -> list[Step]:
    return [step async for step in worker.steps(NOW, 0, data)]


def tried(worker: Worker, *blocks: bytes) -> list[list[Step]]:
    async def work() -> list[list[Step]]:
        async with aclosing(worker):
            return [await steps(worker, block) for block in blocks]

    return asyncio.run(work())


def test_what_lines_tell_comes_back(tmp_path: Path) -> None:
    [[step]] = tried(Worker(str(filter_file(tmp_path))), b"other\n" + GUESS)
    line = GUESS.decode().rstrip()
    assert (frames.Finding(Failure(SOURCE, 1_795_299_699.0, "root"), line),) == step.findings
    assert (0, None) == (step.left, step.given_up)


def test_much_is_told_in_several_steps_and_nothing_is_lost(tmp_path: Path) -> None:
    [found] = tried(Worker(str(filter_file(tmp_path))), GUESS * 500)
    assert 500 == sum(len(step.findings) for step in found)
    assert [0] == [step.left for step in found if step.left % len(GUESS) or not step.left]
    assert len(found) > 1


def test_a_line_that_takes_too_long_is_given_up_alone(tmp_path: Path) -> None:
    [found, after] = tried(Worker(str(filter_file(tmp_path))), GUESS + ENDLESS + GUESS, GUESS)
    assert [1, 1] == [len(step.findings) for step in found]
    assert [ENDLESS, None] == [step.given_up for step in found]
    assert [len(GUESS), 0] == [step.left for step in found]
    assert 1 == len(after[0].findings)


def test_a_line_that_makes_the_worker_silent_is_found_by_halves(tmp_path: Path) -> None:
    """Its own clock is set so that it never ends a line: then the service must."""
    worker = Worker(str(filter_file(tmp_path)), tick=3600.0, patience=2.0)
    [found] = tried(worker, GUESS * 2 + ENDLESS + GUESS)
    assert 3 == sum(len(step.findings) for step in found)
    assert [ENDLESS] == [step.given_up for step in found if step.given_up]


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    async def work() -> int:
        worker = Worker(str(filter_file(tmp_path)))
        async with aclosing(worker):
            first = await steps(worker, GUESS)
            assert worker._process
            os.kill(worker._process.pid, signal.SIGKILL)
            return len([*first, *await steps(worker, GUESS)])

    assert 2 == asyncio.run(work())


def test_it_ends_with_the_service(tmp_path: Path) -> None:
    async def work() -> int | None:
        worker = Worker(str(filter_file(tmp_path)))
        await steps(worker, GUESS)
        process = worker._process
        assert process
        assert process.stdin
        process.stdin.close()  # as when the service is killed
        async with asyncio.timeout(15):
            return await process.wait()

    assert 0 == asyncio.run(work())


def test_while_no_worker_stands_lines_wait_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = filter_file(tmp_path)
    aside = path.rename(tmp_path / "aside")

    async def work() -> list[Step]:
        worker = Worker(str(path))
        async with aclosing(worker), asyncio.TaskGroup() as group:
            task = group.create_task(steps(worker, GUESS))
            while not worker.trouble:  # noqa: ASYNC110 - nothing in the worker waits for being looked at
                await asyncio.sleep(0.01)
            aside.rename(path)
            found = await task
            assert "" == worker.trouble
            return found

    assert 1 == len(asyncio.run(work())[0].findings)
    assert 1 == len([record for record in caplog.records if "no filter stands" in record.message])


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]"])
def test_what_is_no_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        frames.answered(body)


def test_a_frame_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="a frame of"):
        frames.size(b"\xff" * frames.HEAD)


def test_an_answer_of_the_longest_texts_fits() -> None:
    finding = frames.Finding(Failure("\x00" * 9999, 1.0, "\U0010ffff" * 9999), "\U0010ffff" * 9999)
    framed = frames.answer(frames.Answer(1, overran=False, findings=(finding,) * 200))
    assert len(framed) <= frames.LARGEST
    assert frames.size(framed[: frames.HEAD]) == len(framed) - frames.HEAD
