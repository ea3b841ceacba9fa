"""Pure: one installation: its configuration files, and what the machine says."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.acl import NEIGHBOURS, STRANGERS, Address, address
from amiguard.asterisk.audit.binding import Bind, Reach, bind, live
from amiguard.asterisk.audit.dialplan import Dialplan, dialplan
from amiguard.asterisk.audit.facts import Facts
from amiguard.asterisk.audit.manager import Manager, is_on, last, manager, number
from amiguard.asterisk.channels import Channel, channels
from amiguard.asterisk.sections import Conf, Note, Section, Variable, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amiguard.asterisk.audit.manager import User

HTTP_PORT, HTTPS_PORT = 8088, 8089
LOG_DIRECTORY: Final = "/var/log/asterisk"
FILES: Final = (
    "asterisk.conf", "manager.conf", "users.conf", "acl.conf", "http.conf", "ari.conf", "logger.conf",
    "modules.conf", "stasis.conf", "extconfig.conf", "pjsip.conf", "pjsip_wizard.conf", "sip.conf",
    "iax.conf", "extensions.conf", "cli_permissions.conf",
)  # fmt: skip
"""What rules read."""

_LOADS: Final = {"load", "preload", "require", "preload-require", "load-require"}


@dataclass(frozen=True, eq=False)
class Site:
    """An installation.

    Attributes:
        confs: its files by name; one that Asterisk has not, or discards, is missing or empty.
        facts: what the machine says.
        unread: names of files that are there and that we cannot read.
        refused: files that Asterisk discards, and why.
    """

    confs: Mapping[str, Conf]
    facts: Facts = field(default_factory=Facts)
    unread: frozenset[str] = frozenset()
    refused: tuple[Note, ...] = ()

    def conf(self, name: str) -> Conf:
        """A file as Asterisk has it."""
        return self.confs.get(name) or Conf(())

    def directory(self, key: str, default: str) -> str:
        """One of the folders that asterisk.conf names."""
        said = last(self.conf("asterisk.conf").section("directories"), key)
        return said.value if said else default

    def general(self, file: str, key: str) -> Variable | None:
        """The last line of that name in ``[general]``."""
        return last(self.conf(file).section("general"), key)

    def sections(self, file: str, kind: str = "") -> Iterator[Section]:
        """Sections that are no templates, of that ``type =`` if it is given."""
        for section in self.conf(file).sections:
            if not section.template and (not kind or fold(section.last("type") or "") == kind):
                yield section

    @cached_property
    def manager(self) -> Manager:
        """The AMI."""
        return manager(self.conf("manager.conf"), self.conf("acl.conf"))

    @cached_property
    def dialplan(self) -> Dialplan:
        """extensions.conf."""
        return dialplan(self.conf("extensions.conf"))

    @cached_property
    def ami(self) -> Reach:
        """Who reaches the AMI without TLS, by configuration or by what listens now."""
        where = self.manager.bind
        return self.reach(where) if self.manager.enabled else live(self.facts.listeners, where.port)

    @cached_property
    def ami_anyhow(self) -> Reach:
        """Who reaches the AMI, with TLS or without."""
        tls = self.manager.tls if self.manager.enabled else None
        return self.ami | self.reach(tls) if tls else self.ami

    @cached_property
    def http(self) -> Bind | None:
        """Where HTTP listens; None if it is off, as it is without a `bindaddr`, whatever `enabled` says."""
        address = self.general("http.conf", "bindaddr")
        if address is None or not is_on(self.general("http.conf", "enabled")):
            return None
        port = number(self.general("http.conf", "bindport"), HTTP_PORT)
        return bind(address, "", port)

    @cached_property
    def https(self) -> Bind | None:
        """Where HTTPS listens; None if it is off."""
        address = self.general("http.conf", "tlsbindaddr")
        if not is_on(self.general("http.conf", "tlsenable")):
            return None
        if address:
            return bind(address, "", HTTPS_PORT)
        return self.http._replace(port=HTTPS_PORT) if self.http else None

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """What Asterisk logs to."""
        directory = self.directory("astlogdir", LOG_DIRECTORY)
        suffix = f".{self.facts.hostname}" if is_on(self.general("logger.conf", "appendhostname")) else ""
        found = channels(self.conf("logger.conf"), directory, suffix)
        return tuple(found)

    def reach(self, where: Bind) -> Reach:
        """Who reaches it, by configuration or by what listens now."""
        return where.reach | live(self.facts.listeners, where.port)

    def web(self) -> Reach:
        """Who reaches HTTP or HTTPS."""
        reach = Reach(frozenset(), public=False)
        for where in filter(None, (self.http, self.https)):
            reach |= self.reach(where)
        return reach

    def loads(self, module: str) -> bool:
        """Whether Asterisk loads a module, as far as can be known."""
        section = self.conf("modules.conf").section("modules")
        said = [(fold(v.name), v.value.removesuffix(".so")) for v in (section.variables if section else ())]
        if ("noload", module) in said or (
            self.facts.modules is not None and module not in self.facts.modules
        ):
            return False
        autoload = is_on(last(section, "autoload"))
        return section is None or autoload or any(key in _LOADS and name == module for key, name in said)

    def is_remote(self, user: User) -> bool:
        """Whether any other host may log in to the AMI as that user."""
        versions = self.ami_anyhow.versions
        others = [who for who in map(address, (*STRANGERS, *NEIGHBOURS)) if who.version in versions]
        if any(map(user.acl.lets, others)):
            return True
        own = {Address(int.from_bytes(each.network), each.version) for each in self.facts.own}
        doors = [door for door in user.acl.doors() if door.network.version in versions]
        local = (door.is_loopback or (door.is_single and door.network in own) for door in doors)
        return not all(local)
