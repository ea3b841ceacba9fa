"""Edge: programs that run beside the demo and never outlive it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from amiguard.demo.namespaces import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE: Final = 10.0
"""Seconds that a child has to end when it is asked to."""


class StageError(Exception):
    """Something the demo needs does not work here; the text says what, in one line."""


class Child:
    """A module of ours as a program; it can be told, what it prints be read; its errors go to a file."""

    def __init__(self, process: subprocess.Popen[bytes], name: str, errors: Path) -> None:
        self.process = process
        self._name = name
        self._errors = errors

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def line(self) -> str:
        """The next line it prints, without its end.

        Raises:
            StageError: it has ended.
        """
        line = self.process.stdout.readline() if self.process.stdout else b""
        if not line:
            raise self.failed()
        return line.decode().rstrip("\n")

    def tell(self, data: bytes) -> None:
        """Write to its standard input.

        Raises:
            StageError: it has ended.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise self.failed() from error

    def stop(self) -> None:
        """Ask it to end, and wait until it has.

        Raises:
            StageError: it did not end, or not well.
        """
        self.process.terminate()
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise StageError(f"{self._name} does not end when it is asked to") from error
        if code:
            raise self.failed()

    def failed(self) -> StageError:
        """The error that tells its last words."""
        words = self._errors.read_text(encoding="utf-8", errors="replace").splitlines()
        return StageError(f"{self._name} failed: {words[-1] if words else 'it did not say why'}")


@contextlib.contextmanager
def child(name: str, directory: Path, *words: str) -> Iterator[Child]:
    """Run `python -m WORDS`; at the end of the context it is gone.

    Args:
        name: what it is called in errors.
        directory: where its errors are written.
        words: a module and its arguments.
    """
    errors = directory / f"{name.replace(' ', '-')}.err"
    with (
        errors.open("wb") as stderr,
        subprocess.Popen(  # noqa: S603 - our own modules, run by our own interpreter
            (sys.executable, "-m", *words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            process_group=0,  # Ctrl-C is for the demo alone, which then ends its children
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no other thread is here that could hold a lock
        ) as process,
    ):
        try:
            yield Child(process, name, errors)
        finally:
            process.kill()
