"""Edge: our files for fail2ban, and the fail2ban tree that they are put into and taken out of.

Touch this when a file of `filters/` belongs to another place in a tree.  What
was put there is remembered in the tree, by its digest: so an own file is known
from one that somebody else wrote or has edited.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.shipped import shipped as shipped_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TREE: Final = "/etc/fail2ban"
FILTERS: Final = "filter.d"
_OTHERS: Final = ("action.d", "jail.d")
_MANIFEST: Final = ".amiguard.json"
_OWN: Final = re.compile(r"(?:filter|action|jail)\.d/[\w-]+\.conf")
_MODE: Final = 0o644


class TreeError(Exception):
    """A fail2ban tree that nothing can be done with; the text says why."""


class Step(NamedTuple):
    """What became of a file: its path in the tree, what was done, and what there is to know of it."""

    path: str
    done: str
    note: str = ""


def folder() -> Path:
    """Where our files are."""
    return shipped_folder("filters")


def shipped() -> dict[str, Path]:
    """Our files, by the path that each has in a tree."""
    found = {f"{FILTERS}/{path.name}": path for path in sorted(folder().glob("*.conf"))}
    for part in _OTHERS:
        found |= {f"{part}/{path.name}": path for path in sorted((folder() / part).glob("*.conf"))}
    return found


def install(tree: Path) -> list[Step]:
    """Put our files into a tree; what somebody else wrote there is set aside first.

    Raises:
        TreeError: there is no tree, or its list of our files makes no sense.
        OSError: it cannot be written.
    """
    old = _manifest(tree)
    ours = {path: source.read_bytes() for path, source in shipped().items()}
    steps = [_put(tree, path, content, old.get(path)) for path, content in ours.items()]
    steps += [_take(tree, path, digest) for path, digest in old.items() if path not in ours]
    new = {path: _digest(content) for path, content in ours.items()}
    if new != old:
        _write(tree / _MANIFEST, json.dumps(new, indent=1).encode() + b"\n")
    return steps


def uninstall(tree: Path) -> list[Step]:
    """Take our files out of a tree, but for those that were edited; none if none was put there.

    Raises:
        TreeError: there is no tree, or its list of our files makes no sense.
        OSError: it cannot be written.
    """
    steps = [_take(tree, path, digest) for path, digest in _manifest(tree).items()]
    (tree / _MANIFEST).unlink(missing_ok=True)
    return steps


def _put(tree: Path, path: str, content: bytes, digest: str | None) -> Step:
    target = tree / path
    there = _read(target)
    if there == content:
        return Step(path, "unchanged")
    if there is None or _digest(there) == digest:
        _write(target, content)
        return Step(path, "new" if there is None else "updated")
    aside = _set_aside(target)
    _write(target, content)
    return Step(path, "replaced", f"what was there is now {aside.name}")


def _take(tree: Path, path: str, digest: str) -> Step:
    there = _read(tree / path)
    if there is None:
        return Step(path, "gone", "somebody else has removed it")
    if _digest(there) != digest:
        return Step(path, "kept", "it was edited")
    (tree / path).unlink()
    return Step(path, "removed")


def _set_aside(target: Path) -> Path:
    """Rename a file to what fail2ban does not read, over no other one."""
    names = (target.with_name(f"{target.name}.before-amiguard{n or ''}") for n in count())
    aside = next(path for path in names if not os.path.lexists(path))
    return target.rename(aside)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _write(path: Path, content: bytes) -> None:
    """Write all or nothing."""
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.chmod(_MODE)
    fresh.replace(path)


def _manifest(tree: Path) -> Mapping[str, str]:
    """The digests of what was put into the tree, by path."""
    if not (tree / FILTERS).is_dir():
        raise TreeError(f"{tree} is no fail2ban tree: it has no {FILTERS}")
    text = _read(tree / _MANIFEST)
    try:
        told = json.loads(text or b"{}")
        return {path: str(digest) for path, digest in told.items() if _OWN.fullmatch(path)}
    except (ValueError, AttributeError) as error:
        raise TreeError(
            f"{tree / _MANIFEST} makes no sense ({error}); remove it, and all counts as foreign"
        ) from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
