"""Edge: which logs are followed, who reads each, and which are no evidence."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from amiguard.config import NOTICE, SECURITY, Log
from amiguard.sources.refusal import level, refusal

if TYPE_CHECKING:
    from amiguard.asterisk.channels import Channel
    from amiguard.asterisk.discover import Installation
    from amiguard.config import Config
    from amiguard.sources.journal import Journal
    from amiguard.sources.position import Position

_UNHEARD: Final = (
    f'nothing tells of security events: there is neither a [[log]] with filter = "{SECURITY}" nor an [[ami]]'
)


class Logs:
    """What the configuration says of logs, and Asterisk's own of the same files.

    Attributes:
        patterns: paths and globs that are followed.
        journals: what is followed of systemd's journal, by its name.
        warnings: what the administrator should know of them.
    """

    def __init__(self, config: Config, installation: Installation) -> None:
        """Put the two together."""
        paths = tuple(log.path for log in config.logs if not log.journal)
        self.patterns = paths if config.logs else (installation.log,)
        self.journals = {log.path: log for log in config.logs if log.journal}
        self._logs = config.logs
        self._files = {PurePath(file.path): file for file in installation.files}
        deaf = config.logs and not config.ami and all(log.filter != SECURITY for log in config.logs)
        self.warnings = (_UNHEARD,) if deaf else () if config.logs else installation.reasons

    def entry(self, path: str) -> Log:
        """How a file is configured: by its own entry, else by the first glob it fits."""
        named = [log for log in self._logs if log.path == path]
        around = [log for log in self._logs if PurePath(path).match(log.path)]
        return next(iter(named + around), Log(path))

    def journal(self, name: str, position: Position | None = None) -> Journal:
        """What reads a journal of this name, from this place on; of Asterisk only what no peer can cut up."""
        from amiguard.sources.journal import Journal  # noqa: PLC0415 - an extra, and its libsystemd

        log = self.journals[name]
        framed = level(log.filter) is not None
        return Journal(log.journal, position, bare=not log.foreign, framed=framed)

    def filter(self, path: str) -> str:
        """The filter that reads a file."""
        return self.entry(path).filter

    def channel(self, path: str) -> Channel | None:
        """What Asterisk's logger.conf writes into a file; None if it names no such file."""
        return self._files.get(PurePath(path))

    def refusal(self, path: str) -> str:
        """Why a file must not be read, with the mend; empty when it may."""
        if not self._logs:
            return ""  # what was found was chosen for its levels
        name = self.filter(path)
        if name != NOTICE:
            wanted = level(name)
            return refusal(path, wanted) if wanted else ""
        file = self.channel(path)
        return refusal(path, "notice", file.levels if file and file.format != "json" else ())
