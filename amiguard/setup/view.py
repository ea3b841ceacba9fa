"""Pure: an installation as it is found, and what shall become of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amiguard.asterisk.audit.facts import Listener, Version

CONFIG: Final = "/etc/amiguard/amiguard.toml"
CREDENTIAL: Final = "/etc/amiguard/ami.secret"
AMI_USER: Final = "amiguard"


class Unit(NamedTuple):
    """How the service stands with systemd: if there is one, if it runs this machine, what it says."""

    there: bool = False
    booted: bool = False
    enabled: bool = False
    active: bool = False


class Folder(NamedTuple):
    """To whom a folder belongs; `open`: everybody may read what is in it."""

    owner: str
    group: str
    open: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """All that a plan rests on.  Paths are those of the installation, wherever its root is.

    Attributes:
        directory: of Asterisk's configuration.
        log_directory: where Asterisk logs to.
        hostname: what `appendhostname` appends to the names of logs.
        texts: every file that was read, by path: Asterisk's, logrotate's, our own.
        product: what Asterisk is a part of; empty for Asterisk alone.
        guards: what else keeps attackers out.
        version: Asterisk's; None if not known.
        answers: whether an Asterisk runs and can be told to read its files again.
        folders: to whom the folders of configuration and log belong, by path.
        unit: how the service stands.
        ours: the files that belong to a service, by the path where they belong if they are missing.
        fresh_secret: a random one, should one be needed.
        config: the path of amiguard.toml.
        console: the path of Asterisk's socket for it.
        listeners: sockets that listen on this host.
    """

    directory: str
    log_directory: str
    hostname: str
    texts: Mapping[str, bytes]
    product: str = ""
    guards: tuple[str, ...] = ()
    version: Version | None = None
    answers: bool = False
    folders: Mapping[str, Folder] = field(default_factory=dict)
    unit: Unit = field(default_factory=Unit)
    ours: Mapping[str, bytes] = field(default_factory=dict)
    fresh_secret: str = ""
    config: str = CONFIG
    console: str = ""
    listeners: tuple[Listener, ...] = ()


class Change(NamedTuple):
    """A file that is to hold something else; `before` is None where there is no such file.

    A new file has the owner and mode of the file `like`, or else is root's and of this `mode`.
    """

    path: str
    before: bytes | None
    after: bytes
    why: str
    mode: int = 0o644
    like: str = ""

    @property
    def is_secret(self) -> bool:
        """Whether no line of it may be shown."""
        return self.path == CREDENTIAL


class Step(NamedTuple):
    """A program to be run after the changes, and why."""

    words: tuple[str, ...]
    why: str


class Plan(NamedTuple):
    """What is to be done; `notes` are what only an administrator can do, or should know."""

    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
