"""What systemd hears of a service, on a real datagram socket."""

from __future__ import annotations

import contextlib
import signal
import socket
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest
from lab import Service, attempt

from amiguard import systemd

if TYPE_CHECKING:
    from pathlib import Path


def heard(listener: socket.socket) -> list[str]:
    listener.setblocking(False)
    return listener.recv(4096).decode().splitlines()


@pytest.fixture
def listener() -> socket.socket:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        yield made


def test_outside_a_unit_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    systemd.notify(READY=1)


def test_news_are_lines_of_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    listener.bind(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    systemd.notify(READY=1, STATUS="guarding")
    assert ["READY=1", "STATUS=guarding"] == heard(listener)


def test_a_name_that_begins_with_an_at_is_abstract(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    name = f"amiguard-test-{time.monotonic_ns()}"
    listener.bind(f"\0{name}")
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    systemd.reloading()
    reloading, since = heard(listener)
    assert "RELOADING=1" == reloading
    assert before <= int(since.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


def test_a_manager_that_does_not_listen_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    """Neither one whose socket is gone nor one that reads nothing."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    systemd.notify(WATCHDOG=1)
    listener.bind(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    for _ in range(600):  # more than any queue of the kernel holds
        systemd.notify(WATCHDOG=1)


@pytest.mark.kernel
def test_a_services_life_as_systemd_hears_it(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.launch()
    assert "READY=1\nSTATUS=guarding" == service.hears(5)
    assert ["WATCHDOG=1", "WATCHDOG=1"] == [service.hears(2), service.hears(2)]
    with service:
        service.signal(signal.SIGHUP)
        assert service.hears(2).startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert "READY=1\nSTATUS=guarding" == service.hears(5)
        service.config.write_text("[servic]", encoding="utf-8")
        service.signal(signal.SIGHUP)
        assert service.hears(2).startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert "READY=1\nSTATUS=guarding; the new configuration is wrong" == service.hears(2)
        service.signal(signal.SIGTERM)
        assert "STOPPING=1" == service.hears(2)


@pytest.mark.kernel
def test_the_watchdog_is_fed_by_the_loop_itself(tmp_path: Path) -> None:
    """While another process holds the store locked, the tick waits for it, and so does the watchdog."""
    with Service(tmp_path) as service:
        service.await_news("WATCHDOG=1")
        with contextlib.closing(sqlite3.connect(tmp_path / "state" / "amiguard.db")) as other:
            other.execute("BEGIN EXCLUSIVE")
            service.write(attempt("203.0.113.7"))
            service.until_read(1)
            while service.hears(1.2):
                pass
            other.execute("ROLLBACK")
        service.await_news("WATCHDOG=1")
