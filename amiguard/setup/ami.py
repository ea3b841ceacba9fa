"""Pure: manager.conf -> an AMI that is on, with a user of the least privileges."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.asterisk.audit.manager import manager
from amiguard.asterisk.conf import ConfError
from amiguard.asterisk.sections import Conf, fold
from amiguard.setup.editing import appended, assigned, inserted
from amiguard.setup.products import known
from amiguard.setup.view import AMI_USER, CREDENTIAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.manager import Manager, User
    from amiguard.setup.draft import Draft

_FILE: Final = "manager.conf"
_DROP_IN: Final = "manager.d/amiguard.conf"
_LOOPBACK: Final = "127.0.0.1"
_HEARD: Final = frozenset({"security", "system"})
_PLAIN_SECRET: Final = re.compile(rb"[\w-]{16,128}\n?")


class Ami(NamedTuple):
    """How the AMI is reached at loopback, and the secret of our user there."""

    port: int
    secret: str


def stanza(secret: str) -> list[str]:
    """The user: hears security events, asks which phones are registered, from this host alone."""
    return [
        f"[{AMI_USER}]",
        f"secret = {secret}",
        "deny = 0.0.0.0/0",
        "deny = ::/0",
        "permit = 127.0.0.1/32",
        "permit = ::1/128",
        "read = security,system",
        "write = reporting",
        "writetimeout = 5000",
    ]


def plan_ami(draft: Draft) -> Ami | None:
    """Have an AMI with our user; None where that is not for us to do."""
    try:
        ami = _read(draft.conf(_FILE))
    except ConfError as error:
        draft.notes.append(f"{error}; Asterisk discards the whole file: mend it, then come again")
        return None
    if not _at_loopback(ami.bind.host):
        draft.notes.append(f"the AMI listens on {ami.bind} alone: write an [[ami]] for it into amiguard.toml")
        return None
    if not (ami.enabled or _enable(draft, ami)):
        return None
    user = _user(ami)
    secret = _known(draft, user) if user else _add(draft)
    return Ami(ami.bind.port, secret) if secret else None


def _at_loopback(host: str) -> bool:
    """Whether who listens there can be reached at 127.0.0.1."""
    try:
        address = ipaddress.ip_address(host or "::")
    except ValueError:
        return host == "localhost"
    return address.is_unspecified or str(address) == _LOOPBACK


def _read(conf: Conf) -> Manager:
    return manager(conf, Conf(()))


def _user(ami: Manager) -> User | None:
    return next((user for user in ami.users if fold(user.name) == AMI_USER), None)


def _known(draft: Draft, user: User) -> str:
    """The secret of a user that is there already, whom nobody changes."""
    line = user.last("secret")
    missing = ", ".join(sorted(_HEARD - user.classes("read")))
    if missing:
        draft.notes.append(
            f"{user.section.place}: [{user.name}] does not read {missing}: read = security,system"
        )
    if line is None or not line.value:
        draft.notes.append(f"{user.section.place}: [{user.name}] has no secret: give it one, then come again")
        return ""
    return line.value


def _add(draft: Draft) -> str:
    """Make the user, with the secret that our own file holds, or else a fresh one."""
    held = _PLAIN_SECRET.fullmatch(draft.text(CREDENTIAL) or b"")
    secret = held[0].decode().strip() if held else draft.view.fresh_secret
    good = draft.put_first(
        _FILE,
        _tries(draft, stanza(secret)),
        lambda read: (user := _user(_read(read))) is not None and user.classes("read") == _HEARD,
        f"the AMI user [{AMI_USER}], with the least privileges",
    )
    if not good:
        draft.notes.append(f"{draft.place(_FILE)}: no place found for a user")
    return secret if good else ""


def _tries(draft: Draft, lines: list[str]) -> Iterator[tuple[str, bytes]]:
    """Where the product leaves room for it; where manager.conf includes such a file; the file itself."""
    own = known(draft.view.product).manager
    for name in [own] if own else [_DROP_IN, _FILE]:
        yield draft.place(name), appended(draft.text(draft.place(name)) or b"", lines)


def _enable(draft: Draft, ami: Manager) -> bool:
    """Switch the AMI on, at loopback alone; not where that would open more."""
    more = [key for key in ("webenabled", "tlsenable") if ami.on(key)]
    if more or known(draft.view.product).manager:
        why = f", and with it {' and '.join(more)}" if more else ""
        draft.notes.append(f"the AMI is off{why}: switch it on (enabled = yes in [general]), then come again")
        return False
    wanted = {"enabled": "yes"} | (
        {} if ami.bind.host in {_LOOPBACK, "localhost"} else {"bindaddr": _LOOPBACK}
    )
    return all(_set(draft, key, value) for key, value in wanted.items())


def _set(draft: Draft, key: str, value: str) -> bool:
    """Have `[general]` say so: in the line that says otherwise, or in a new one."""
    conf = draft.conf(_FILE)
    general, path = conf.section("general"), draft.place(_FILE)
    line = _read(conf).last(key)
    if line:
        tries = [(line.file, assigned(draft.text(line.file) or b"", line.line, value))]
    elif general:
        place = general.place
        tries = [(place.file, inserted(draft.text(place.file) or b"", place.line, [f"{key} = {value}"]))]
    else:
        tries = [(path, appended(draft.text(path) or b"", ["[general]", f"{key} = {value}"]))]
    why = f"the AMI is off: {key} = {value}"
    return draft.put_first(_FILE, tries, lambda read: _said(read, key) == value, why)


def _said(conf: Conf, key: str) -> str:
    line = _read(conf).last(key)
    return line.value if line else ""
