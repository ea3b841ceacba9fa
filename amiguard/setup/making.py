"""Edge: a plan, carried out: each file whole or not at all, and what was there kept beside it."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from amiguard.asterisk.console import Console
    from amiguard.setup.view import Change, Plan, Step

_PATIENCE: Final = 120.0


class SetupError(Exception):
    """Something could not be done; the text names it.  What was done before it stands."""


class _Rights(NamedTuple):
    """Owner, group and permission bits."""

    user: int
    group: int
    mode: int


def make(root: Path, plan: Plan, console: Console) -> None:
    """Write the files below a root, then run what is to be run.

    Raises:
        SetupError: a file is no longer as it was found, or leads out of the root; a program has failed.
        OSError: a file cannot be written.
    """
    for change in plan.changes:
        _write(root, change)
    for step in plan.steps:
        if step.words[:2] == ("asterisk", "-rx"):
            console.ask(step.words[2])
        else:
            _run(step)


def _run(step: Step) -> None:
    said = shlex.join(step.words)
    try:
        done = subprocess.run(  # noqa: S603 - words of our own
            step.words, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(f"{said}: {error}") from error
    if done.returncode:
        raise SetupError(f"{said}: {done.stderr.strip() or f'exit code {done.returncode}'}")


def _write(root: Path, change: Change) -> None:
    target = _target(root, change.path)
    there = target.read_bytes() if target.exists() else None
    if there != change.before:
        raise SetupError(f"{change.path} has changed since it was looked at; come again")
    target.parent.mkdir(parents=True, exist_ok=True)
    rights = _rights(root, change, target)
    if there:  # of an empty file there is nothing to keep
        _create(_aside(target), there, rights)
    fresh = target.with_name(f".{target.name}.new")
    fresh.unlink(missing_ok=True)
    _create(fresh, change.after, rights)
    fresh.replace(target)


def _target(root: Path, path: str) -> Path:
    """The file itself, where links lead to it; who owns Asterisk's folder may lead us only to what is his."""
    named = root / path.lstrip("/")
    target = named.resolve()
    if not target.is_relative_to(root.resolve()):
        raise SetupError(f"{path} leads out of {root}")
    makers = {each.lstat().st_uid for each in (named, *named.parents) if each.is_symlink()}
    if not makers <= {0, target.stat().st_uid if target.exists() else 0}:
        raise SetupError(f"{path} leads, by a link of another's, to {target}")
    return target


def _rights(root: Path, change: Change, target: Path) -> _Rights:
    """Those of the file that is there, or of the one that it is to be like; a secret's are its own."""
    like = root / change.like.lstrip("/")
    found = target if target.exists() else like if change.like and like.exists() else None
    if found is None or change.is_secret:
        return _Rights(os.geteuid(), os.getegid(), change.mode)
    status = found.stat()
    return _Rights(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))


def _aside(target: Path) -> Path:
    """A name beside it that no program reads, and no other copy has."""
    names = (target.with_name(f"{target.name}.before-amiguard{n or ''}") for n in count())
    return next(path for path in names if not os.path.lexists(path))


def _create(path: Path, content: bytes, rights: _Rights) -> None:
    """Write a new file, which nobody else can read before its rights are right."""
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
        os.fchown(file.fileno(), rights.user, rights.group)
        os.fchmod(file.fileno(), rights.mode)
