"""Edge: the part of `check` that looks at the logs."""

from __future__ import annotations

import glob
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amiguard.cli.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.discover import Installation
    from amiguard.config import Log

_SAMPLE: Final = 256 * 1024


def look(logs: tuple[Log, ...], installation: Installation) -> Iterator[Finding]:
    """How the logs stand that are configured, or else those that Asterisk names."""
    if not logs:
        yield from (Finding("warning", "discovery", reason) for reason in installation.reasons)
        yield _path(installation.log)
    for log in logs:
        for path in sorted(glob.glob(log.path)) or [log.path]:  # noqa: PTH207 - a pattern may be absolute
            yield _path(path)


def _path(path: str) -> Finding:
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            return Finding("error", path, "not a regular file", "name the log itself")
        if not status.st_size:  # nor read: some files of /proc never end, and have no size
            return Finding("ok", path, "empty so far")
        with Path(path).open("rb") as file:
            file.seek(max(status.st_size - _SAMPLE, 0))
            sample = file.read(_SAMPLE)
    except FileNotFoundError:
        mend = 'add "security.json => [json]security" to [logfiles] in logger.conf, then `logger reload`'
        return Finding("warning", path, "does not exist yet; it is followed when it does", mend)
    except OSError as error:
        return Finding("error", path, error.strerror or str(error), "let the service's user read it")
    return _content(path, sample, whole=status.st_size <= _SAMPLE)


def _content(path: str, sample: bytes, *, whole: bool) -> Finding:
    from amiguard.sources.securitylog import Ambiguous, SecurityLog  # noqa: PLC0415

    reader = SecurityLog(skip_challenges=False)
    lines = sample if whole else sample.partition(b"\n")[2]
    found = list(reader.feed(lines[: lines.rfind(b"\n") + 1], 0.0))
    events = sum(not isinstance(outcome, Ambiguous) for outcome in found)
    if not events:
        return Finding("warning", path, "holds no security event", "is it the log with the level `security`?")
    text = f"{reader.form}, {events} events and {len(found) - events} ambiguous records at its end"
    return Finding("ok", path, text, form=reader.form)
