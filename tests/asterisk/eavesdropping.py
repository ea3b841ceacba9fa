"""Edge: guards that each hear some channels of a real Asterisk and act on none: all hear the same."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from lab import Service, until
from poisons import ALL, AMI, CLASSIC, JSON, NOTICE, NOTICE_JSON
from realpbx import AMI_PORT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realsite import Site

EARS = {name: (name,) for name in (CLASSIC, JSON, AMI, NOTICE, NOTICE_JSON)} | {ALL: (JSON, AMI, NOTICE)}
"""What each guard hears: one channel alone, or the three that together miss nothing."""

_LOGS = {CLASSIC: "security", JSON: "security", NOTICE: "notice", NOTICE_JSON: "notice"}
_FILES = {CLASSIC: "security", JSON: "security.json", NOTICE: "notice", NOTICE_JSON: "notice.json"}
_LOG = '[[log]]\npath = "{}/{}"\nfilter = "asterisk-{}"\n'
_AMI = '[[ami]]\nport = {}\nsecret_file = "{}"\n'


@contextlib.contextmanager
def guards(site: Site, *names: str, settings: str = "") -> Iterator[dict[str, Service]]:
    """The guards of these names (of `EARS`), by name, all listening; `settings` are more of amiguard.toml."""
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(_guard(site, name, settings)) for name in names}


@contextlib.contextmanager
def _guard(site: Site, name: str, settings: str) -> Iterator[Service]:
    folder = site.folder / name
    folder.mkdir()
    secret = folder / "secret"
    secret.write_text(site.pbx.ami().secret, encoding="ascii")
    secret.chmod(0o600)
    (folder / "silent").touch()
    tables = [_LOG.format(site.pbx.log, _FILES[ear], _LOGS[ear]) for ear in EARS[name] if ear in _LOGS]
    tables = tables or [_LOG.format(folder, "silent", "security")]  # without any, the best log is discovered
    managers = [_AMI.format(AMI_PORT, secret)] if AMI in EARS[name] else []
    service = Service(folder)
    service.configure("".join([*tables, *managers, settings]), (), "dry_run = true")
    with contextlib.ExitStack() as stack:
        stack.push(service)
        with site.host.inside():
            service.start(*site.pbx.guard_words())
        until(lambda: _hears(service), f"a guard that hears {name}")
        yield service


def _hears(service: Service) -> bool:
    return all(source["state"] in {"following", "listening"} for source in service.status()["sources"])
