"""Pure: where a service listens, and who can reach that."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amiguard.asterisk.audit.facts import Listener
    from amiguard.asterisk.sections import Variable

_IPV4, _IPV6 = 4, 6
_HOST_PORT: Final = re.compile(r"(?:\[([^\]]*)\]|([^:]*))(?::([0-9]{1,5}))?")
_WELL_KNOWN: Final = {"localhost": "127.0.0.1", "": "::"}


class Bind(NamedTuple):
    """An address and port to listen on, and the line that says so (None: the default)."""

    host: str
    port: int
    variable: Variable | None = None

    @property
    def reach(self) -> Reach:
        """Who can reach it; a name is taken to be public, for it may become anything."""
        try:
            address = ipaddress.ip_address(_WELL_KNOWN.get(self.host, self.host))
        except ValueError:
            return Reach(frozenset({_IPV4, _IPV6}), public=True)
        if address.is_unspecified:
            families = {_IPV4, _IPV6} if address.version == _IPV6 else {_IPV4}
            return Reach(frozenset(families), public=True)
        beyond = () if address.is_loopback else (address.version,)
        return Reach(frozenset(beyond), public=address.is_global)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Reach(NamedTuple):
    """The families in which hosts beyond loopback reach it, and whether strangers do."""

    versions: frozenset[int]
    public: bool

    @property
    def beyond(self) -> bool:
        """Whether any other host reaches it."""
        return bool(self.versions)

    def __or__(self, other: object) -> Reach:
        assert isinstance(other, Reach), "only one's like can be added"
        return Reach(self.versions | other.versions, self.public or other.public)


def bind(variable: Variable | None, default: str, port: int) -> Bind:
    """Read ``address``, ``address:port`` or ``[address]:port``."""
    text = variable.value.strip() if variable else default
    if text.count(":") > 1 and not text.startswith("["):
        return Bind(text, port, variable)
    found = _HOST_PORT.fullmatch(text)
    if found is None:
        return Bind(text, port, variable)
    return Bind(found[1] or found[2] or "", int(found[3] or port), variable)


def live(listeners: Iterable[Listener], port: int, protocol: str = "tcp") -> Reach:
    """Who reaches what listens on that port now."""
    found = [
        Bind(each.address.address, port)
        for each in listeners
        if (each.protocol, each.port) == (protocol, port)
    ]
    reach = Reach(frozenset(), public=False)
    for each in found:
        reach |= each.reach
    return reach
