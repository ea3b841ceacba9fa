"""Edge: an installation's files and what the host says, gathered for the rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from amiguard.asterisk import machine
from amiguard.asterisk.audit.facts import Facts
from amiguard.asterisk.audit.site import FILES, Site
from amiguard.asterisk.discover import DIRECTORY
from amiguard.asterisk.files import Files


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
    unread = tuple(reason for reason in files.reasons if "cannot be read: " in reason)
    if not files.seen and not unread:
        unread = (f"{files.directory}: no configuration of Asterisk's in it",)
    found = machine.facts(site, files.directory) if here else Facts(own=frozenset())
    keys = [
        line.value for key in ("tlsprivatekey", "tlscertfile") if here and (line := site.manager.last(key))
    ]
    statuses = machine.statuses(files.seen, keys)
    found = replace(found, statuses=statuses, ami_user=ami_user, guarded=guarded if here else None)
    return Survey(replace(site, facts=found), unread)


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
        before = len(files.reasons)
        conf = files.conf(name)
        if conf is None or any("cannot be read: " in reason for reason in files.reasons[before:]):
            unread.add(name)
        if conf is not None and Path(files.directory, name).exists():
            confs[name] = conf
    return Site(confs, unread=frozenset(unread), refused=tuple(files.refused))
