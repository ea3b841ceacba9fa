"""Pure: what the administrator decides, as frozen values; times are seconds, `FOREVER` where allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amiguard.model import Prefix
    from amiguard.notify.kinds import Kind


@dataclass(frozen=True, slots=True)
class Service:
    """Where the service keeps its state, and whether it may touch the firewall."""

    state_dir: str
    socket: str
    dry_run: bool


SECURITY: Final = "asterisk-security"
"""The filter that reads the security log, in every form."""
NOTICE: Final = "asterisk-notice"
"""The filter that reads a log of the level `notice` alone."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log to follow: a path or glob, and the filter that reads it.

    Where `journal` names a unit, its messages in systemd's journal are followed, and `path` is their name.
    Of filters of fail2ban's kind: `usedns`, whether names are resolved; `forgeable`,
    whether a stranger can have anybody named, so that what it tells proves nothing.
    """

    path: str
    filter: str = SECURITY
    journal: str = ""
    usedns: bool = False
    forgeable: bool = False

    @property
    def foreign(self) -> bool:
        """Whether a filter of fail2ban's kind reads it."""
        return self.filter not in {SECURITY, NOTICE}


@dataclass(frozen=True, slots=True)
class Ami:
    """An Asterisk Manager Interface to listen to; `tls_ca` is "" for the system's authorities."""

    host: str
    port: int
    username: str
    secret_file: str
    tls: bool
    tls_ca: str
    insecure: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """One time scale of a score; `half_life` in seconds, finite."""

    half_life: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Score:
    """How evidence adds up; `points` holds the defaults too, `wide6` is a prefix length or 0 for off."""

    fast: Scale
    slow: Scale
    points: Mapping[str, float]
    wide6: int
    max_sources: int


@dataclass(frozen=True, slots=True)
class BanPolicy:
    """How long a ban lasts, in seconds or `FOREVER`, and how much it takes in."""

    durations: tuple[float, ...]
    door_max: float
    forget_after: float
    ipv4_prefix: int
    ipv6_prefix: int
    shared: bool


@dataclass(frozen=True, slots=True)
class Allow:
    """Who is never banned, and how long (seconds) and how far a log-in protects."""

    networks: tuple[Prefix, ...]
    authenticated_for: float
    authenticated_factor: float


@dataclass(frozen=True, slots=True)
class Port:
    """Ports `first` to `last` of a protocol, both included."""

    protocol: Literal["udp", "tcp"]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Firewall:
    """The nftables table, and the ports a ban closes; none means all of them."""

    table: str
    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True)
class Notify:
    """Who is told what happens: apprise URLs in a file ("": none), a program; `pause` in seconds."""

    urls_file: str
    exec: tuple[str, ...]
    events: tuple[Kind, ...]
    pause: float


@dataclass(frozen=True, slots=True)
class Metrics:
    """Where figures for Prometheus are to be had: a page at `listen`, a file; "" and None for none."""

    listen: tuple[str, int] | None
    insecure: bool
    textfile: str


@dataclass(frozen=True, slots=True)
class Config:
    """All that the administrator decides.  No `logs`: discover them; no `ami`: it is not used."""

    service: Service
    logs: tuple[Log, ...]
    ami: tuple[Ami, ...]
    score: Score
    ban: BanPolicy
    allow: Allow
    firewall: Firewall
    notify: Notify
    metrics: Metrics
