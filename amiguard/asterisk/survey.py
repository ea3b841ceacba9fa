"""Edge: an installation's files and what the host says, gathered for the rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from amiguard.asterisk import machine
from amiguard.asterisk.audit.facts import Facts
from amiguard.asterisk.audit.site import FILES, Site
from amiguard.asterisk.discover import DIRECTORY
from amiguard.asterisk.files import Files

if TYPE_CHECKING:
    from collections.abc import Iterator


class Survey(NamedTuple):
    """An installation, and what of it could not be read."""

    site: Site
    unread: tuple[str, ...]


def survey(directory: str = "", *, guarded: bool | None = None, ami_user: str = "amiguard") -> Survey:
    """Read an installation; nothing is written, and no ``#exec`` is run.

    Args:
        directory: of its configuration; by default that of this host's Asterisk.
        guarded: whether amiguard's table is in this host's kernel; None if not known.
        ami_user: the AMI user of amiguard's own.
    """
    usual = _usual()
    here = not directory or _same(directory, usual)
    files = Files(directory or usual)
    site = _read(files)
    if not files.seen and not files.unread:
        return Survey(site, (f"{files.directory}: no configuration of Asterisk's in it",))
    facts = replace(machine.facts(site), guarded=guarded) if here else Facts()
    lines = [site.manager.last(key) for key in ("tlsprivatekey", "tlscertfile")]
    statuses = machine.statuses(files.seen, [line.value for line in lines if line and here])
    unread = (*files.unread, *_locked(facts))
    return Survey(replace(site, facts=replace(facts, statuses=statuses, ami_user=ami_user)), unread)


def _locked(facts: Facts) -> Iterator[str]:
    """The certificates that this user may not read, which says nothing against them."""
    for path, told in facts.certificates.items():
        if told is None:
            yield f"{path} cannot be read: Permission denied"


def _usual() -> str:
    """Where this host's Asterisk has its configuration."""
    main = Files(DIRECTORY).conf("asterisk.conf")
    return (main.last("directories", "astetcdir") if main else None) or DIRECTORY


def _same(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False


def _read(files: Files) -> Site:
    confs, unread = {}, set()
    for name in FILES:
        before = len(files.unread)
        conf = files.conf(name)
        if conf is None or len(files.unread) > before:
            unread.add(name)
        if conf is not None and Path(files.directory, name).exists():
            confs[name] = conf
    return Site(confs, unread=frozenset(unread), refused=tuple(files.refused))
