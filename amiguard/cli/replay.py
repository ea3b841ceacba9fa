"""Edge: `replay`: the pure core and nothing else, on logs of the past."""

from __future__ import annotations

import contextlib
import gzip
import sys
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

import click

from amiguard.cli.common import config_or_exit, fail, print_table, with_config, with_json
from amiguard.exits import Exit
from amiguard.views import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.channel import Channel
    from amiguard.config import Config
    from amiguard.model import Verdict

_BLOCK: Final = 256 * 1024
_LINE: Final = 64 * 1024
_LONG: Final = 4 * 1024 * 1024
_GZIP: Final = b"\x1f\x8b"


class _UnreadableError(Exception):
    """A file cannot be read; the text names it and says why."""


class _Outcome(NamedTuple):
    lines: int
    events: int
    ambiguous: int
    verdicts: list[Verdict]


@click.command("replay")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@with_config
@with_json
def replay_command(files: tuple[Path, ...], config_path: str | None, *, as_json: bool) -> None:
    """Tell what would have been banned, when and why.

    FILEs are security logs, plain or gzip, in any order.  Nothing is touched,
    and no root is needed.  Logs of notices cannot be replayed: their dates lack
    year and zone.
    """
    config = config_or_exit(config_path)
    try:
        outcome = _replay(config, _in_order(files))
    except _UnreadableError as error:
        fail(str(error), Exit.FAILED)
    if as_json:
        _print_json(outcome)
    else:
        _print_text(outcome)


def _replay(config: Config, files: list[Path]) -> _Outcome:
    from amiguard.channel import Channel  # noqa: PLC0415
    from amiguard.judge.guard import Guard  # noqa: PLC0415
    from amiguard.model import Verdict  # noqa: PLC0415

    guard = Guard(config)
    now = time.time()
    lines, channels, verdicts = 0, [], []
    with _progress(files) as advance:
        for path in files:
            channel = Channel("replay", guard)
            channels.append(channel)
            for block in _blocks(path, advance):
                lines += block.count(b"\n") + (not block.endswith(b"\n"))
                found = channel.feed(block, now, backlog=True)
                verdicts += [outcome for outcome in found if isinstance(outcome, Verdict)]
    return _Outcome(lines, *_sums(channels), verdicts)


def _sums(channels: list[Channel]) -> tuple[int, int]:
    return sum(c.events for c in channels), sum(c.ambiguous.total() for c in channels)


def _in_order(files: tuple[Path, ...]) -> list[Path]:
    """Rotated files by the time of their first event, whatever their names."""
    firsts = {path: _first_time(path) for path in files}
    return sorted(files, key=firsts.__getitem__)


def _first_time(path: Path) -> float:
    from amiguard.sources.securitylog import Ambiguous, SecurityLog  # noqa: PLC0415

    reader = SecurityLog(skip_challenges=False)
    with _opened(path) as file:
        for found in reader.feed(file.read(_BLOCK), 0.0):
            if not isinstance(found, Ambiguous):
                return found.time
    return 0.0


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with _named(path), path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        yield gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[misc]  # it reads bytes all the same


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise _UnreadableError(f"{printable(str(path))}: {why}") from error


def _blocks(path: Path, advance: Any) -> Iterator[bytes]:
    """Whole lines, in blocks; a last line without its end comes alone."""
    rest = b""
    with _opened(path) as file:
        while block := file.read(_BLOCK):
            advance(path, file)
            whole, feed, rest = (rest + block).rpartition(b"\n")
            if feed:
                yield whole + feed
            if len(rest) > _LINE:
                rest = rest[-_LINE:]  # no record is that long
    if rest:
        yield rest


def _size(path: Path) -> int:
    with _named(path):
        return path.stat().st_size


class _progress:  # noqa: N801 - reads as the with statement it is for
    """A progress bar on a terminal, for long logs."""

    def __init__(self, files: list[Path]) -> None:
        total = sum(map(_size, files))
        self._bar = click.progressbar(length=total, label="reading", file=sys.stderr)
        self._shown = total >= _LONG and sys.stderr.isatty()
        self._places: dict[Path, int] = {}

    def __enter__(self) -> Any:
        if self._shown:
            self._bar.__enter__()
        return self._advance

    def __exit__(self, *error: object) -> None:
        if self._shown:
            self._bar.__exit__(None, None, None)

    def _advance(self, path: Path, file: BinaryIO) -> None:
        if not self._shown:
            return
        raw = getattr(file, "fileobj", None) or file
        place = raw.tell()
        self._bar.update(place - self._places.get(path, 0))
        self._places[path] = place


def _print_json(outcome: _Outcome) -> None:
    from amiguard import views  # noqa: PLC0415

    counts = {"lines": outcome.lines, "events": outcome.events, "ambiguous": outcome.ambiguous}
    bans = [views.ban(verdict.ban) for verdict in outcome.verdicts]
    click.echo(views.document({**counts, "bans": bans}))


def _print_text(outcome: _Outcome) -> None:
    from amiguard.views import moment, span  # noqa: PLC0415

    rows = [
        (
            moment(ban.since) or "",
            str(ban.source),
            ban.scope,
            ban.proof,
            span(ban.until - ban.since),
            printable(ban.reason),
        )
        for ban, *_ in outcome.verdicts
    ]
    if rows:
        print_table(("AT", "SOURCE", "SCOPE", "PROOF", "FOR", "REASON"), rows)
    click.echo(
        f"{outcome.lines} lines, {outcome.events} events, {outcome.ambiguous} ambiguous, {len(rows)} bans"
    )
