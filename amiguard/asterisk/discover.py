"""Edge: what an Asterisk installation says of itself: where its security log is, and if its AMI is on."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from amiguard.asterisk.audit.manager import last, manager, number
from amiguard.asterisk.channels import Channel, Format, channels
from amiguard.asterisk.files import Files
from amiguard.asterisk.sections import Conf, Place, is_true

DIRECTORY = "/etc/asterisk"
FALLBACK = "/var/log/asterisk/security"
"""What to follow when the installation does not say."""

_LOG_DIRECTORY = "/var/log/asterisk"
_IAX2_PORT = 4569
_LAST_PORT = 65535
_MEND = 'add "security.json => [json]security" to [logfiles] in logger.conf'


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file that carries the level `security`; `others` are the levels beside it, in lower case."""

    path: str
    format: Format
    others: frozenset[str]
    place: Place

    @property
    def mixed(self) -> bool:
        """Whether it carries other levels, too."""
        return bool(self.others)

    @property
    def forgeable(self) -> bool:
        """Whether a stranger's packet can write whole false records into it.

        pjproject dumps packets it cannot read, line breaks and all, at the
        level error; debug and verbose quote them, too.  JSON escapes the line
        breaks, and a notice quotes only what is escaped.
        """
        return self.format != "json" and not self.others <= {"notice"}

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """The best sorts first: not forgeable, JSON, security alone."""
        return self.forgeable, self.format != "json", self.mixed


@dataclass(frozen=True, slots=True)
class Manager:
    """The AMI as configured; `over_http` means that an attacker can forge its events and the classic log."""

    enabled: bool
    port: int
    over_http: bool


@dataclass(frozen=True, slots=True)
class Installation:
    """What was found; no manager if its file could not be read; `reasons` for worry.

    `files` are all log files, `logs` those with the level `security`, the best first.
    """

    directory: str
    log_directory: str
    files: tuple[Channel, ...]
    logs: tuple[LogFile, ...]
    manager: Manager | None
    iax2_port: int
    reasons: tuple[str, ...]

    @property
    def log(self) -> str:
        """The one path to follow: of logs that hold the same events, two would count them twice."""
        return next((log.path for log in self.logs if not log.forgeable), FALLBACK)


def discover(directory: str = DIRECTORY, hostname: str = "") -> Installation:
    """Read an installation's configuration; what cannot be read is a reason, and never an error.

    Args:
        directory: where asterisk.conf is; its `astetcdir` may lead elsewhere.
        hostname: of the PBX, for `appendhostname`; by default of this machine.
    """
    files = Files(directory)
    main = files.conf("asterisk.conf") or Conf(())
    files.directory = main.last("directories", "astetcdir") or directory
    log_directory = main.last("directories", "astlogdir") or _LOG_DIRECTORY
    every = _files(files, log_directory, hostname or socket.gethostname())
    logs = () if every is None else _logs(files, every)
    manager, port = _manager(files), _iax2_port(files)
    return Installation(
        files.directory, log_directory, every or (), logs, manager, port, tuple(files.reasons)
    )


def _files(files: Files, directory: str, hostname: str) -> tuple[Channel, ...] | None:
    """Every log file; None if logger.conf cannot be read."""
    conf = files.conf("logger.conf", needed=True)
    if conf is None:
        return None
    suffix = f".{hostname}" if is_true(conf.get("general", "appendhostname")) else ""
    return tuple(channel for channel in channels(conf, directory, suffix) if channel.path)


def _logs(files: Files, every: tuple[Channel, ...]) -> tuple[LogFile, ...]:
    """The log files with security in them, the best first."""
    logs = sorted((_log(each) for each in every if each.carries("security")), key=lambda log: log.rank)
    if not logs:
        files.reasons.append(f"no log file has the level security; {_MEND}")
    files.reasons += (_warning(log) for log in logs if log.forgeable)
    return tuple(logs)


def _log(channel: Channel) -> LogFile:
    return LogFile(channel.path, channel.format, channel.levels - {"security"}, channel.place)


def _warning(log: LogFile) -> str:
    others = ", ".join(sorted(map(repr, log.others)))
    return (
        f"{log.place}: {log.path!r} carries {others} beside security, so that a stranger's packet"
        f" can write whole false records into it: it is no evidence; {_MEND}"
    )


def _manager(files: Files) -> Manager | None:
    """The AMI; where http.conf cannot be read, HTTP is taken to be on."""
    conf, http = files.conf("manager.conf"), files.conf("http.conf")
    if conf is None:
        return None
    ami = manager(conf, Conf(()))
    served = http is None or any(is_true(http.last("general", key)) for key in ("enabled", "tlsenable"))
    over_http = ami.enabled and ami.on("webenabled") and served
    if over_http:
        files.reasons.append(
            "AMI over HTTP is on (webenabled in manager.conf): whoever reaches it can forge"
            " AMI events and the records of every log but JSON; set webenabled = no"
        )
    return Manager(ami.enabled, ami.bind.port, over_http)


def _iax2_port(files: Files) -> int:
    """The UDP port of IAX2: `bindport` of iax.conf, where there is one."""
    conf = files.conf("iax.conf")
    port = number(last(conf.section("general"), "bindport"), _IAX2_PORT) if conf else _IAX2_PORT
    return port if 0 < port <= _LAST_PORT else _IAX2_PORT
