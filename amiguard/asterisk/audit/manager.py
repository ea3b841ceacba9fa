"""Pure: manager.conf -> the AMI's settings and users, as Asterisk has them (main/manager.c)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit import rights
from amiguard.asterisk.audit.acl import Acl, acl
from amiguard.asterisk.audit.binding import Bind, bind
from amiguard.asterisk.sections import Conf, Section, Variable, fold, is_true

if TYPE_CHECKING:
    from collections.abc import Iterable

PORT: Final = 5038
TLS_PORT: Final = 5039
_PORTS: Final = range(1024, 65536)
"""What `port` may be; otherwise Asterisk does not listen to it."""
EVERYWHERE: Final = "[::]"
"""Where Asterisk listens when `bindaddr` does not say."""

_DECIMAL: Final = re.compile(r"\s*([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class User:
    """One who may log in.

    Attributes:
        name: as first written.
        sections: all of that name; secret and classes merge, the list is the last one's alone.
        acl: who may log in as him.
    """

    name: str
    sections: tuple[Section, ...]
    acl: Acl

    def last(self, key: str) -> Variable | None:
        """The line of that name that holds."""
        found = [v for section in self.sections for v in section.variables if fold(v.name) == key]
        return found[-1] if found else None

    def classes(self, key: str) -> frozenset[str]:
        """The classes that ``read`` or ``write`` grants."""
        line = self.last(key)
        return rights.effective(line.value) if line else frozenset()

    @property
    def section(self) -> Section:
        """The last one."""
        return self.sections[-1]

    @property
    def can_log_in(self) -> bool:
        """Whether he has a secret, be it an empty one, and Asterisk does not throw him away."""
        return self.last("secret") is not None and not self.acl.broken


@dataclass(frozen=True, slots=True)
class Manager:
    """The AMI."""

    enabled: bool
    general: Section | None
    bind: Bind
    tls: Bind | None
    users: tuple[User, ...]

    def last(self, key: str) -> Variable | None:
        """The line of ``[general]`` that holds."""
        return last(self.general, key)

    def on(self, key: str, *, default: bool = False) -> bool:
        """Whether that setting is on."""
        return is_on(self.last(key), default=default)


def manager(conf: Conf, named: Conf) -> Manager:
    """Read manager.conf; `named` is acl.conf."""
    general = conf.section("general")
    port = number(last(general, "port"), PORT)
    port = port if port in _PORTS else PORT
    plain = bind(last(general, "bindaddr"), EVERYWHERE, port)._replace(port=port)
    tls = _tls(general, plain) if is_on(last(general, "tlsenable")) else None
    return Manager(is_on(last(general, "enabled")), general, plain, tls, tuple(_users(conf, named)))


def _tls(general: Section | None, plain: Bind) -> Bind:
    """Where TLS listens: beside the plain port, which it never takes."""
    line = last(general, "tlsbindaddr")
    tls = bind(line, "", TLS_PORT) if line else plain
    return tls if tls.port != plain.port else tls._replace(port=TLS_PORT)


def last(section: Section | None, key: str) -> Variable | None:
    """The last line of that name in a section."""
    found = [each for each in section.variables if fold(each.name) == key] if section else []
    return found[-1] if found else None


def is_on(variable: Variable | None, *, default: bool = False) -> bool:
    """Whether a setting is true to Asterisk."""
    return is_true(variable.value) if variable else default


def number(variable: Variable | None, default: int) -> int:
    """A setting's number."""
    found = _DECIMAL.match(variable.value) if variable else None
    return int(found[1]) if found else default


def _users(conf: Conf, named: Conf) -> Iterable[User]:
    sections: dict[str, list[Section]] = {}
    for each in conf.sections:
        if not each.template and fold(each.name) != "general":
            sections.setdefault(fold(each.name), []).append(each)
    for same in sections.values():
        yield User(same[0].name, tuple(same), acl(same[-1].variables, named))
