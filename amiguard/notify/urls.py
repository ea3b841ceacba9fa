"""Edge: the apprise URLs, which hold passwords and tokens: out of a file that nobody else can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.private import SecretError, read_private

if TYPE_CHECKING:
    from collections.abc import Iterator

CREDENTIAL: Final = "notify-urls"
_LONGEST: Final = 65_536
_MOST: Final = 32


class Url(NamedTuple):
    """An apprise URL, and its name for people: the line it stands in, and its scheme."""

    name: str
    text: str


def read_urls(path: str) -> list[Url]:
    """Read the URLs, one a line; empty lines and those that begin with `#` are none.

    Raises:
        SecretError: neither the file nor the systemd credential `notify-urls` can be
            read, others could read the file, or it holds no URL, or too many.
    """
    name, data = read_private(path, CREDENTIAL, _LONGEST)
    found = list(_urls(name, data.decode("utf-8", "surrogateescape")))
    if len(data) > _LONGEST or not 0 < len(found) <= _MOST:
        raise SecretError(f"{name} must hold 1 to {_MOST} apprise URLs, a line each")
    return found


def _urls(name: str, text: str) -> Iterator[Url]:
    for number, line in enumerate(text.split("\n"), 1):
        url = line.strip()
        if url and not url.startswith("#"):
            scheme, mark, _ = url.partition("://")
            if not mark or not scheme.isalnum():
                raise SecretError(f"line {number} of {name} is no URL")
            yield Url(f"line {number} ({scheme})", url)
