"""Edge: a PBX on an internet of its own, with amiguard on its host, attackers and phones elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Self

from lab import Service, until
from networks import Host, Internet
from realpbx import AMI_PORT, RealPbx
from sipphone import Line, Phone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PBX4 = "198.51.100.1"
PBX6 = "2001:db8:100::1"
PHONES4 = "192.0.2.1"
PHONES6 = "2001:db8:2::1"

LOG, AMI = "log", "ami"
BOTH = (LOG, AMI)
CHANNELS = ((LOG,), (AMI,), BOTH)
"""What amiguard may listen to."""
_NEWCOMER = "120"
_LIMIT = 60.0


class Site:
    """The PBX, its network and its neighbours; a context manager.

    Attributes:
        internet: where to lay cables to further hosts.
        host: the PBX's own network: 198.51.100.1/24 and 2001:db8:100::1/64.
        phones: a network of honest phones: 192.0.2.0/24 and 2001:db8:2::/64.
        pbx: the Asterisk.

    Args:
        release: "16" or "22".
        folder: gets all files.
        added: appended to Asterisk's configuration, by file name.
    """

    def __init__(self, release: str, folder: Path, added: Mapping[str, str] | None = None) -> None:
        self.release = release
        self.folder = folder
        self._added = added or {}
        self._stack = contextlib.ExitStack()
        self._attackers = 0

    def __enter__(self) -> Self:
        with self._stack as stack:
            self.internet = stack.enter_context(Internet())
            self.host = self.internet.host(f"{PBX4}/24", f"{PBX6}/64")
            self.phones = self.internet.host(f"{PHONES4}/24", f"{PHONES6}/64")
            pbx = RealPbx(self.release, self.folder / "pbx", self.host, self._added)
            self.pbx = stack.enter_context(pbx)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def attacker(self) -> Host:
        """A host that nobody has met yet: 203.0.113.N and 2001:db8:bN::1, a /48 of its own."""
        self._attackers += 1
        n = self._attackers
        return self.internet.host(f"203.0.113.{n}/32", f"2001:db8:{0xB00 + n:x}::1/48")

    @contextlib.contextmanager
    def guarded(
        self, channels: tuple[str, ...] = BOTH, settings: str = "", log: str = "security.json"
    ) -> Iterator[Service]:
        """Run amiguard on the PBX's host, and wait until it listens.

        Args:
            channels: LOG, AMI or both.
            settings: more of amiguard.toml.
            log: which of Asterisk's logs it reads.
        """
        root = self.folder / "guard"
        root.mkdir(exist_ok=True)
        logs = [str(self.pbx.log / log)] if LOG in channels else ["none"]
        service = Service(root, self._ami(root, channels) + settings, logs)
        with contextlib.ExitStack() as stack:
            stack.push(service)
            self.start(service)
            if AMI in channels:
                until(lambda: ami_of(service)["state"] == "listening", "listening to the AMI")
            yield service

    def start(self, service: Service) -> None:
        """Start amiguard on the PBX's host, which ends it when we end."""
        with self.host.inside():
            service.start(*self.pbx.guard_words())

    def _ami(self, root: Path, channels: tuple[str, ...]) -> str:
        if AMI not in channels:
            return ""
        secret = root / "secret"
        secret.write_text(self.pbx.ami().secret, encoding="ascii")
        secret.chmod(0o600)
        return f'[[ami]]\nport = {AMI_PORT}\nsecret_file = "{secret}"\n'


def ami_of(service: Service) -> dict[str, Any]:
    """What `status` says of the AMI."""
    return next(each for each in service.status()["sources"] if each["kind"] == "ami")


def log_of(service: Service) -> dict[str, Any]:
    """What `status` says of the log."""
    return next(each for each in service.status()["sources"] if each["kind"] == "log")


def until_told(site: Site, *services: Service) -> None:
    """Wait until Asterisk's log and each service have all until now: behind it comes a newcomer's log-in."""
    newcomer = site.attacker()
    heard = site.pbx.heard()
    with Line(newcomer, PBX4, "TCP") as line:
        until(lambda: 200 == Phone(line, _NEWCOMER).register(), "a log-in")
    mark = f"/{newcomer.address4}/"
    until(lambda: mark in site.pbx.says_since(heard), "the end of Asterisk's log", _LIMIT)
    for each in services:
        until(lambda: _knows(each, newcomer.address4), "a service that knows all", _LIMIT)  # noqa: B023


def _knows(service: Service, friend: str) -> bool:
    status = service.status()
    behind = any(each.get("behind") for each in status["sources"])
    return not behind and friend in {each["address"] for each in status["friendly"]}
