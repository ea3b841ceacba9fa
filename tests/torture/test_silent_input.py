"""An input that falls silent is an alarm: `status` shows it, in red, and the log says it once."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from typing import TYPE_CHECKING

import fakeasterisk
import nft
import pytest
import written
from clocked import clocked
from lab import PROGRAM, Service, attempt, eventtv, until
from netns import Peer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

RED = "\x1b[31m"


def publish(manager: fakeasterisk.Manager, at: float, count: int) -> None:
    """So many phones log in, as the AMI tells."""
    for n in range(count):
        remote = f"IPV4/TCP/203.0.113.{n + 1}/5060".encode()
        words = written.Words(remote=remote, eventtv=eventtv(at + n / 100))
        manager.publish(fakeasterisk.event("SuccessfulAuth", words) + b"\r\n\r\n")


def on_a_terminal(service: Service) -> str:
    """What `status` writes to one."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen, os.fdopen(theirs, "wb") as end:
        command = [*PROGRAM, "status", "--config", str(service.config)]
        subprocess.run(command, stdout=end, check=True)
        return screen.read(65536).decode()


def test_a_log_without_lines_while_the_ami_speaks_is_told_red_and_once(tmp_path: Path) -> None:
    manager = fakeasterisk.Manager()
    with (
        fakeasterisk.configured(tmp_path, manager) as ami,
        clocked(Service(tmp_path, ami)) as (service, clocks),
    ):
        service.log.touch()
        until(lambda: any(session.hears for session in manager.sessions), "listening")
        service.await_news("WATCHDOG=1")
        publish(manager, time.time(), 25)
        until(lambda: 25 <= service.status()["sources"][1]["events"], "25 events")
        assert [] == service.status()["silent"], "a minute has not passed"
        clocks.sleep(61)
        (silent,) = until(lambda: service.status()["silent"], "the silence")
        assert str(service.log) == silent["name"]
        assert silent["seconds"] > 60
        assert silent["events"] >= 25
        until(lambda: f"{service.log}: nothing for" in service.said, "the word in the log")
        assert f"{RED}SILENT          {service.log}: nothing for" in on_a_terminal(service)
        assert "\x1b" not in service.command("status").out
        service.await_news("WATCHDOG=1")
        service.await_news("WATCHDOG=1")
        assert 1 == service.said.count("nothing for")
        service.write(attempt("203.0.113.99", time.time() + clocks.ahead))
        until(lambda: f"{service.log}: no longer silent" in service.said, "the end of it")
        assert [] == service.status()["silent"]


def test_packets_without_any_event_for_hours_are_told(tmp_path: Path) -> None:
    with (
        clocked(Service(tmp_path)) as (service, clocks),
        Peer(["198.51.100.1/24"], ["198.51.100.2/24"]) as peer,
    ):
        for _ in range(1001):
            peer.say("198.51.100.2", 5060, "198.51.100.1", 5060, "OPTIONS")
        until(lambda: "packets 1001" in nft.chain()[-1], "1001 packets")
        clocks.sleep(6 * 3600 + 1)
        (silent,) = until(lambda: service.status()["silent"], "the silence")
        assert ("all channels", 1001) == (silent["name"], silent["packets"])
        until(lambda: "no security event for 6 h, while 1001 packets" in service.said, "the word in the log")


def test_an_ami_without_security_events_is_told_red_and_once(tmp_path: Path) -> None:
    manager = fakeasterisk.Manager()
    name, (secret, _) = next((name, user) for name, user in manager.USERS.items() if not user.hears)
    with fakeasterisk.configured(tmp_path, manager) as ami:
        (tmp_path / "secret").write_bytes(secret)
        with Service(tmp_path, f'{ami}username = "{name.decode()}"\n') as service:
            until(lambda: "no security events" in service.status()["sources"][-1]["state"], "deafness")
            assert f"{RED}ami " in on_a_terminal(service)
            service.await_news("WATCHDOG=1")
            assert 1 == service.said.count("no security events")
