"""Edge: a filter by name or path, with all the files that it includes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from amiguard import filterfiles
from amiguard.fail2ban.ini import FilterError, Layers, includes, read
from amiguard.fail2ban.matcher import Matcher
from amiguard.fail2ban.request import asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST: Final = 50
"""Files of one filter."""
_LARGEST: Final = 1024 * 1024


def ready(text: str) -> Matcher:
    """A filter ready for lines, as a jail asks for it; its name is looked for among ours first.

    Raises:
        FilterError: there is none, or it cannot be used.
    """
    wanted = asked(text)
    folders = (filterfiles.folder(), Path(filterfiles.TREE, filterfiles.FILTERS))
    return Matcher(load(find(wanted.filter, folders)), wanted.given)


def complaint(text: str) -> str:
    """Why a filter cannot be used; empty when it can."""
    try:
        ready(text)
    except FilterError as error:
        return str(error)
    return ""


def find(name: str, folders: Sequence[Path]) -> Path:
    """The file of a filter, which is a path, or a name looked for in these folders.

    Raises:
        FilterError: there is none.
    """
    places = [Path(name)] if "/" in name else [folder / f"{name}.conf" for folder in folders]
    for path in places:
        if path.is_file():
            return path
    raise FilterError(f"no filter {name}: {', '.join(map(str, places))} not there")


def load(path: Path) -> Layers:
    """All that belongs to a filter, in the order in which it is laid over one another.

    Raises:
        FilterError: a file is not there, cannot be read, or is not in fail2ban's language.
    """
    layers = Layers()
    for count, sections in enumerate(_ordered(path, ())):
        if count >= _MOST:
            raise FilterError(f"{path}: it includes more than {_MOST} files")
        layers.add(sections)
    return layers


def load_tree(tree: Path, stem: str) -> Layers:
    """What a fail2ban tree says of this kind, `jail` say: jail.conf, jail.d/*.conf, then those in `.local`.

    Raises:
        FilterError: as `load`.
    """
    layers = Layers()
    for suffix in ("conf", "local"):
        for path in (tree / f"{stem}.{suffix}", *sorted((tree / f"{stem}.d").glob(f"*.{suffix}"))):
            if path.exists():
                for sections in _ordered(path, (tree,)):
                    layers.add(sections)
    return layers


def _ordered(path: Path, around: tuple[Path, ...]) -> Iterator[dict[str, dict[str, str]]]:
    """The file's sections among those it includes, and its `.local` behind it."""
    if path in around:
        return
    sections = _read(path)
    for name in includes(sections, "before"):
        yield from _with_local(path.parent / name, (*around, path))
    yield sections
    for name in includes(sections, "after"):
        if (path.parent / name).exists():
            yield from _with_local(path.parent / name, (*around, path))
    if not around:
        yield from _local(path, around)


def _with_local(path: Path, around: tuple[Path, ...]) -> Iterator[dict[str, dict[str, str]]]:
    yield from _ordered(path, around)
    yield from _local(path, around)


def _local(path: Path, around: tuple[Path, ...]) -> Iterator[dict[str, dict[str, str]]]:
    local = path.with_suffix(".local")
    if local != path and local.exists():
        yield from _ordered(local, (*around, path))


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        if path.stat().st_size > _LARGEST:
            raise FilterError(f"{path}: larger than {_LARGEST} bytes")
        return read(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise FilterError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FilterError(f"{path}: {error}") from error
