"""All recorded attacks through one running service: those who attacked are banned, and nobody else."""

from __future__ import annotations

import contextlib
import re
import time
from typing import TYPE_CHECKING

import fakeasterisk
import pytest
import written
from lab import Service, eventtv, until
from recorded import FORGED, Case, cases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.kernel

STRICT = '[score]\nfast = { half_life = "1d", threshold = 1.0 }\n'
"""One point bans."""
ATTACKERS = {f"{each}/32" for each in ("198.51.100.66", "192.0.2.2", "192.0.2.3", "192.0.2.6", "192.0.2.7")}
"""Who has attacked; the other sources are phones, misconfigured ones among them, and the PBX itself."""
LAST = "203.0.113.254"
"""Speaks when all is told."""
RECORDED = [case for case in cases() if case.read("ami") or case.read("json")]
LINES = {"security": written.classic, "json": written.as_json}
EVENTTV = re.compile(rb"(EventTV(?:: |=\\?\"))[-+.:0-9T]{28}")
OVER_HTTP = {
    "manager.conf": "[general]\nenabled = yes\nwebenabled = yes\n",
    "http.conf": "[general]\nenabled = yes\n",
}


def at(now: bytes, recorded: bytes) -> bytes:
    """What was recorded, as if it had just happened, what was forged as well: an old ban would be over."""
    return EVENTTV.sub(rb"\g<1>" + now, recorded)


@contextlib.contextmanager
def listening(root: Path, log: str, *before: str) -> Iterator[tuple[Service, fakeasterisk.Manager]]:
    """A strict service that listens to a fake AMI and to a log of that name."""
    manager = fakeasterisk.Manager()
    with (
        fakeasterisk.configured(root, manager) as ami,
        Service(root, STRICT + ami, (log,)).start(*before) as service,
    ):
        until(lambda: service.status()["sources"][-1]["state"] == "listening", "listening")
        yield service, manager


def told(service: Service, manager: fakeasterisk.Manager, channel: str, told_cases: list[Case]) -> set[str]:
    """Let both channels tell all of it; who is banned then."""
    for case in told_cases:
        now = eventtv(time.time())
        if channel:
            service.write(at(now, case.read(channel)))
        manager.publish(at(now, case.read("ami")))
    words = written.Words(remote=f"IPV4/TLS/{LAST}/5061".encode(), eventtv=eventtv(time.time()))
    manager.publish(fakeasterisk.event("InvalidPassword", words) + b"\r\n\r\n")
    if channel:
        service.write(LINES[channel](written.record("InvalidPassword", words)))
    service.until_banned(f"{LAST}/32")
    until(lambda: not any(source["behind"] for source in service.status()["sources"]), "the log read")
    return service.bans().keys() - {f"{LAST}/32"}


@pytest.mark.parametrize(
    "channel", ["", "security", "json"], ids=["ami alone", "classic and ami", "json and ami"]
)
def test_all_attackers_are_banned_and_nobody_else(tmp_path: Path, channel: str) -> None:
    truthful = [case for case in RECORDED if case.name not in FORGED]
    with listening(tmp_path, f"log.{channel}") as (service, manager):
        assert ATTACKERS == told(service, manager, channel, truthful)


def test_with_ami_over_http_a_json_log_keeps_the_innocent_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "etc/asterisk").mkdir(parents=True)
    for name, text in OVER_HTTP.items():
        (tmp_path / "etc/asterisk" / name).write_text(text, encoding="utf-8")
    mount = f'mount --bind {tmp_path}/etc /etc && exec "$@"'
    with listening(tmp_path, "log.json", "unshare", "--mount", "sh", "-c", mount, "sh") as (service, manager):
        assert "AMI over HTTP is on" in service.said
        service.write(written.as_json(written.record("SuccessfulAuth")))  # it is known to be JSON from now on
        service.until_read(1)
        assert ATTACKERS == told(service, manager, "json", RECORDED)
