"""Edge: logs of the past, plain or gzip, from files or standard input, in the order of their events."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from amiguard.views import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from amiguard.cli.pastreaders import Reader

    Advance = Callable[[Path, BinaryIO], None]

STANDARD: Final = Path("-")
_BLOCK: Final = 256 * 1024
_LINE: Final = 64 * 1024
_LONG: Final = 4 * 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31  # with a gzip header: https://docs.python.org/3/library/zlib.html#zlib.decompressobj


class UnreadableError(Exception):
    """A log cannot be read; the text names it and says why."""


class PastLog:
    """One log; every method raises `UnreadableError` when it cannot be read."""

    def __init__(self, path: Path, reader: Reader, now: float) -> None:
        """Open nothing yet; `reader` understands it, and nothing in it is later than `now`."""
        self.path = path
        self._reader = reader
        self._now = now
        self._standard: io.BufferedReader | None = None
        if path == STANDARD:
            self._standard = io.BufferedReader(sys.stdin.buffer, _BLOCK)  # type: ignore[arg-type]  # has readinto

    @property
    def size(self) -> int:
        """Bytes as they lie on the disk; 0 for standard input."""
        if self._standard is not None:
            return 0
        with self._named():
            return self.path.stat().st_size

    @functools.cached_property
    def first_time(self) -> float:
        """The time of its first event; 0 when it has none, or standard input does not show it at once."""
        return self._reader.first_time(self._beginning(), self._now)

    def blocks(self, advance: Advance) -> Iterator[bytes]:
        """Whole lines, in blocks; a last line without its end comes alone."""
        rest = b""
        with self._opened() as file:
            while block := file.read(_BLOCK):
                advance(self.path, file)
                whole, feed, rest = (rest + block).rpartition(b"\n")
                if feed:
                    yield whole + feed
                if len(rest) > _LINE:
                    rest = rest[-_LINE:]  # no record is that long
        if rest:
            yield rest

    def _beginning(self) -> Iterator[bytes]:
        if self._standard is None:
            yield from self.blocks(lambda *_: None)
            return
        with self._named():
            data = self._standard.peek()
            packed = data.startswith(_GZIP)
            yield zlib.decompressobj(_GZIP_WINDOW).decompress(data) if packed else data

    @contextlib.contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        with self._named(), contextlib.ExitStack() as stack:
            file = self._standard or io.BufferedReader(stack.enter_context(self.path.open("rb", 0)), _BLOCK)
            packed = file.peek(len(_GZIP)).startswith(_GZIP)
            yield gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[misc]  # it reads bytes all the same

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, zlib.error) as error:
            why = getattr(error, "strerror", None) or error
            raise UnreadableError(f"{printable(str(self.path))}: {why}") from error


def in_order(paths: Iterable[Path], reader: Reader, now: float) -> list[PastLog]:
    """Logs by the time of their first event, whatever their names: a rotated set from its oldest on.

    Raises:
        UnreadableError: one of them cannot be read.
    """
    return sorted((PastLog(path, reader, now) for path in paths), key=lambda log: log.first_time)


class Progress:
    """A progress bar on a terminal, for long logs; a context manager that gives what moves it."""

    def __init__(self, logs: Iterable[PastLog]) -> None:
        total = sum(log.size for log in logs)
        self._bar = click.progressbar(length=total, label="reading", file=sys.stderr)
        self._shown = total >= _LONG and sys.stderr.isatty()
        self._places: dict[Path, int] = {}

    def __enter__(self) -> Advance:
        if self._shown:
            self._bar.__enter__()
        return self._advance

    def __exit__(self, *error: object) -> None:
        if self._shown:
            self._bar.__exit__(None, None, None)

    def _advance(self, path: Path, file: BinaryIO) -> None:
        if not self._shown or path == STANDARD:
            return
        raw = getattr(file, "fileobj", None) or file
        place = raw.tell()
        self._bar.update(place - self._places.get(path, 0))
        self._places[path] = place
