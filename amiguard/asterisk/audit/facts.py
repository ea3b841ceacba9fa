"""Pure: what the machine says, and no configuration file does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amiguard.asterisk.audit.certificate import Certificate
    from amiguard.model import Prefix

OTHERS_READ, OTHERS_WRITE, GROUP_READ, GROUP_WRITE, OTHERS_SEARCH = 0o004, 0o002, 0o040, 0o020, 0o001


class Version(NamedTuple):
    """Asterisk's version; `patched`: a distribution mends it without changing the number."""

    major: int
    minor: int
    patch: int
    patched: bool = False

    @property
    def number(self) -> tuple[int, int, int]:
        """What advisories compare."""
        return self[:3]

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


class Listener(NamedTuple):
    """A socket that waits for strangers: protocol, own address, port."""

    protocol: Literal["tcp", "udp"]
    address: Prefix
    port: int


class Status(NamedTuple):
    """Who may read and write a file or folder: permission bits, and the names of owner and group."""

    mode: int
    owner: str
    group: str
    directory: bool = False


class LogState(NamedTuple):
    """A log file: its trouble, empty if none, and telling words of Asterisk's found near its end."""

    trouble: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """One machine at one time.

    Attributes:
        now: seconds since the epoch; certificates end.
        here: the configuration is that of this host, and so what follows is about it.
        hostname: of this host.
        version: Asterisk's; None if not known.
        listeners: sockets that listen on this host.
        own: addresses of this host.
        statuses: of files and folders read, by path.
        certificates: by path; a text says why there is none, and None that we may not look.
        modules: names of the modules installed; None if not known.
        logs: of the files that Asterisk logs to, by path.
        running: classes that each AMI user has in the running Asterisk, read and write; None if not known.
        connected: names of users that are logged in to the AMI.
        user: under whom Asterisk runs; empty if not known.
        guarded: whether amiguard's table is in the kernel; None if not known.
        ami_user: the AMI user that amiguard's own configuration names.
    """

    now: float = 0.0
    here: bool = False
    hostname: str = ""
    version: Version | None = None
    listeners: tuple[Listener, ...] = ()
    own: frozenset[Prefix] = frozenset()
    statuses: Mapping[str, Status] = field(default_factory=dict)
    certificates: Mapping[str, Certificate | str | None] = field(default_factory=dict)
    modules: frozenset[str] | None = None
    logs: Mapping[str, LogState] = field(default_factory=dict)
    running: Mapping[str, tuple[frozenset[str], frozenset[str]]] | None = None
    connected: frozenset[str] = frozenset()
    user: str = ""
    guarded: bool | None = None
    ami_user: str = "amiguard"
