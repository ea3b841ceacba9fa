"""Pure: logger.conf -> a JSON security log, a log of notices alone, and their rotation."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from amiguard.asterisk.channels import Channel, channels
from amiguard.asterisk.conf import ConfError
from amiguard.asterisk.sections import is_true
from amiguard.setup import rotation
from amiguard.setup.editing import appended, inserted
from amiguard.setup.products import known
from amiguard.sources.refusal import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from amiguard.asterisk.sections import Conf
    from amiguard.setup.draft import Draft

_FILE: Final = "logger.conf"


class Logs(NamedTuple):
    """The paths of the two logs; empty for one that there will not be."""

    security: str = ""
    notices: str = ""


class _Wanted(NamedTuple):
    """A log that there should be: its usual name, what is assigned to it, its evidence, how to know one."""

    name: str
    levels: str
    evidence: Literal["security", "notice"]
    carries: Callable[[Channel], bool]

    def fits(self, found: Channel) -> bool:
        """Whether a channel is one that amiguard would read."""
        return bool(found.path) and self.carries(found) and not refusal(found.path, self.evidence)


def _is_security(found: Channel) -> bool:
    return found.format == "json" and found.carries("security")


def _is_notices(found: Channel) -> bool:
    return found.format != "json" and found.levels == {"notice"}


_SECURITY: Final = _Wanted("security.json", "[json]security", "security", _is_security)
_NOTICES: Final = _Wanted("notice", "notice", "notice", _is_notices)


def plan_logs(draft: Draft) -> Logs:
    """Have Asterisk write both logs, and logrotate rotate them."""
    try:
        conf = draft.conf(_FILE)
    except ConfError as error:
        draft.notes.append(f"{error}; Asterisk discards the whole file: mend it, then come again")
        return Logs()
    missing = [each for each in (_SECURITY, _NOTICES) if _path(draft, conf, each) == ""]
    if missing and not _add(draft, conf, missing):
        lines = " and ".join(f"{each.name} => {each.levels}" for each in missing)
        draft.notes.append(f"{draft.place(_FILE)}: no place found for {lines} in [logfiles]")
    after = draft.conf(_FILE)
    logs = Logs(*(_path(draft, after, each) for each in (_SECURITY, _NOTICES)))
    rotation.plan_rotation(draft, [path for path in logs if path])
    return logs


def _path(draft: Draft, conf: Conf, wanted: _Wanted) -> str:
    """Where there is such a log; empty if nowhere.  One of the level alone is better than one of many."""
    found = sorted(filter(wanted.fits, _channels(draft, conf)), key=lambda channel: len(channel.levels))
    return found[0].path if found else ""


def _channels(draft: Draft, conf: Conf) -> Iterator[Channel]:
    suffix = f".{draft.view.hostname}" if is_true(conf.get("general", "appendhostname")) else ""
    return channels(conf, draft.view.log_directory, suffix)


def _add(draft: Draft, conf: Conf, missing: Sequence[_Wanted]) -> bool:
    """Put the lines where the product leaves room for them, or else into the file itself."""
    taken = {posixpath.basename(channel.name) for channel in _channels(draft, conf)}
    lines = [f"{_free(each.name, taken)} => {each.levels}" for each in missing]
    return draft.put_first(
        _FILE,
        _tries(draft, conf, lines),
        lambda read: all(_path(draft, read, each) for each in missing),
        "for amiguard: " + " and ".join(lines),
    )


def _free(name: str, taken: set[str]) -> str:
    """A name that no other log has."""
    return f"amiguard-{name}" if name in taken else name


def _tries(draft: Draft, conf: Conf, lines: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    if own := known(draft.view.product).logger:
        path = draft.place(own)
        yield path, appended(draft.text(path) or b"", lines)
        return
    path, section = draft.place(_FILE), conf.section("logfiles")
    if section and (text := draft.text(section.place.file)) is not None:
        yield section.place.file, inserted(text, section.place.line, lines)
    yield path, appended(draft.text(path) or b"", ["[logfiles](+)" if section else "[logfiles]", *lines])
