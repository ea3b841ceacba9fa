"""Edge: the part of `check` that looks at the logs."""

from __future__ import annotations

import glob
import stat
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amiguard.cli.findings import Finding
from amiguard.config import NOTICE, SECURITY
from amiguard.sight import NOTICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from amiguard.asterisk.channels import Channel
    from amiguard.logs import Logs
    from amiguard.sources.journal import Journal

_SAMPLE: Final = 256 * 1024
_QUIET: Final = 86400.0
"""Seconds after which silence is odd: each registration of a phone is told."""


def look(logs: Logs, log_directory: str) -> Iterator[Finding]:
    """How the logs stand that are configured, or else those that Asterisk names."""
    yield from (Finding("warning", "discovery", reason) for reason in logs.warnings)
    for path in paths(logs):
        found = _path(path, logs)
        yield found
        if found.level == "ok" and not logs.entry(path).foreign:
            yield from _doubts(path, logs.channel(path), log_directory)
    yield from (_journal(name, logs.journal(name)) for name in logs.journals)


def paths(logs: Logs) -> Iterator[str]:
    """Every file that is followed; a pattern that fits none stands for itself."""
    for pattern in logs.patterns:
        yield from sorted(glob.glob(pattern)) or [pattern]  # noqa: PTH207 - a pattern may be absolute


def _journal(name: str, journal: Journal) -> Finding:
    chunk = journal.read()
    journal.close()
    if journal.reason:
        return Finding("error", name, journal.reason)
    return Finding("ok", name, "can be read" if chunk else "can be read, and tells nothing of the last day")


def _doubts(path: str, channel: Channel | None, log_directory: str) -> Iterator[Finding]:
    """Why a log may tell less than it could."""
    if channel is None and Path(path).is_relative_to(log_directory):
        yield Finding("warning", path, "no line of logger.conf writes it", "`amiguard setup`")
    others = channel.levels - {"security", "notice"} if channel and channel.format != "json" else ()
    if others:
        text = f"carries {', '.join(sorted(others))}, too: a stranger's packet can write records into it"
        yield Finding("warning", path, text, "a file of its own for each level: `amiguard setup`")
    silent = time.time() - Path(path).stat().st_mtime
    if silent > _QUIET:
        text = f"nothing was written into it for {silent / 86400:.0f} days"
        yield Finding("warning", path, text, "see if `amiguard check --canary` shows in it")


def _path(path: str, logs: Logs) -> Finding:
    if why_not := logs.refusal(path):
        return Finding("error" if path in logs.patterns else "warning", path, f"is not read: {why_not}")
    entry, channel = logs.entry(path), logs.channel(path)
    promised = "" if channel is None else _promised(channel, entry.filter)
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            return Finding("error", path, "not a regular file", "name the log itself")
        if not status.st_size:  # nor read: some files of /proc never end, and have no size
            return Finding("ok", path, "empty so far", form=promised)
        with Path(path).open("rb") as file:
            file.seek(max(status.st_size - _SAMPLE, 0))
            sample = file.read(_SAMPLE)
    except FileNotFoundError:
        level = "notice => notice" if entry.filter == NOTICE else "security.json => [json]security"
        mend = f'add "{level}" to [logfiles] in logger.conf, then `logger reload`'
        text = "does not exist yet; it is followed when it does"
        return Finding("warning", path, text, "" if entry.foreign else mend)
    except OSError as error:
        return Finding("error", path, error.strerror or str(error), "let the service's user read it")
    lines = sample if status.st_size <= _SAMPLE else sample.partition(b"\n")[2]
    whole = lines[: lines.rfind(b"\n") + 1]
    judges: dict[str, Callable[[str, bytes], Finding]] = {
        SECURITY: partial(_events, promised),
        NOTICE: _notices,
    }
    return judges.get(entry.filter, partial(_failures, entry.filter))(path, whole)


def _promised(channel: Channel, name: str) -> str:
    """The form that logger.conf promises of a log that has told nothing yet; empty if it promises none."""
    if name == SECURITY and channel.carries("security"):
        return "json" if channel.format == "json" else "classic"
    return NOTICES if name == NOTICE and channel.carries("notice") and channel.format != "json" else ""


def _events(promised: str, path: str, lines: bytes) -> Finding:
    from amiguard.sources.securitylog import Ambiguous, SecurityLog  # noqa: PLC0415

    reader = SecurityLog(skip_challenges=False)
    found = list(reader.feed(lines, 0.0))
    times = [each.time for each in found if not isinstance(each, Ambiguous)]
    if not times and promised:
        return Finding("ok", path, f"{promised}, no security event since it was begun", form=promised)
    if not times:
        return Finding("warning", path, "holds no security event", "is it the log with the level `security`?")
    text = f"{reader.form}, {len(times)} events and {len(found) - len(times)} ambiguous records at its end"
    return Finding("ok", path, text, form=reader.form, newest=max(times))


def _failures(name: str, path: str, lines: bytes) -> Finding:
    """A log may well tell of no failure at all."""
    from amiguard.fail2ban.budget import Budget  # noqa: PLC0415
    from amiguard.fail2ban.files import ready  # noqa: PLC0415
    from amiguard.fail2ban.trying import answers  # noqa: PLC0415

    with Budget() as budget:
        found = [len(answer.findings) for answer in answers(ready(name), lines, time.time(), budget)]
    count = lines.count(b"\n")
    return Finding("ok", path, f"{name}: {sum(found)} failures in {count} lines at its end")


def _notices(path: str, lines: bytes) -> Finding:
    """A log of notices may well hold none of a refused log-in: that is a quiet PBX."""
    from amiguard.sources.notice import NoticeLog  # noqa: PLC0415
    from amiguard.sources.noticelines import Notice  # noqa: PLC0415
    from amiguard.sources.securitylog import Ambiguous  # noqa: PLC0415

    reader = NoticeLog()
    kinds = Counter(map(type, reader.feed(lines, 0.0)))
    text = f"{reader.form}, {kinds[Notice]} notices and {kinds[Ambiguous]} ambiguous records at its end"
    return Finding("ok", path, text, form="" if reader.form == "json" else NOTICES)
