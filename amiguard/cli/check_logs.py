"""Edge: the part of `check` that looks at the logs."""

from __future__ import annotations

import glob
import stat
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amiguard.cli.findings import Finding
from amiguard.config import NOTICE
from amiguard.sight import NOTICES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.discover import Installation
    from amiguard.config import Config
    from amiguard.logs import Logs

_SAMPLE: Final = 256 * 1024


def look(config: Config, installation: Installation) -> Iterator[Finding]:
    """How the logs stand that are configured, or else those that Asterisk names."""
    from amiguard.logs import Logs  # noqa: PLC0415 - `--help` needs none of it

    logs = Logs(config, installation)
    yield from (Finding("warning", "discovery", reason) for reason in logs.warnings)
    for pattern in logs.patterns:
        for path in sorted(glob.glob(pattern)) or [pattern]:  # noqa: PTH207 - a pattern may be absolute
            yield _path(path, logs)


def _path(path: str, logs: Logs) -> Finding:
    if why_not := logs.refusal(path):
        return Finding("error" if path in logs.patterns else "warning", path, f"is not read: {why_not}")
    notices = logs.filter(path) == NOTICE
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
        level = "notice => notice" if notices else "security.json => [json]security"
        mend = f'add "{level}" to [logfiles] in logger.conf, then `logger reload`'
        return Finding("warning", path, "does not exist yet; it is followed when it does", mend)
    except OSError as error:
        return Finding("error", path, error.strerror or str(error), "let the service's user read it")
    lines = sample if status.st_size <= _SAMPLE else sample.partition(b"\n")[2]
    whole = lines[: lines.rfind(b"\n") + 1]
    return _notices(path, whole) if notices else _events(path, whole)


def _events(path: str, lines: bytes) -> Finding:
    from amiguard.sources.securitylog import Ambiguous, SecurityLog  # noqa: PLC0415

    reader = SecurityLog(skip_challenges=False)
    found = list(reader.feed(lines, 0.0))
    events = sum(not isinstance(outcome, Ambiguous) for outcome in found)
    if not events:
        return Finding("warning", path, "holds no security event", "is it the log with the level `security`?")
    text = f"{reader.form}, {events} events and {len(found) - events} ambiguous records at its end"
    return Finding("ok", path, text, form=reader.form)


def _notices(path: str, lines: bytes) -> Finding:
    """A log of notices may well hold none of a refused log-in: that is a quiet PBX."""
    from amiguard.sources.notice import NoticeLog  # noqa: PLC0415
    from amiguard.sources.noticelines import Notice  # noqa: PLC0415
    from amiguard.sources.securitylog import Ambiguous  # noqa: PLC0415

    reader = NoticeLog()
    kinds = Counter(map(type, reader.feed(lines, 0.0)))
    text = f"{reader.form}, {kinds[Notice]} notices and {kinds[Ambiguous]} ambiguous records at its end"
    return Finding("ok", path, text, form="" if reader.form == "json" else NOTICES)
