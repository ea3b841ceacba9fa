"""Edge: what systemd is told, by the protocol of sd_notify(3)."""

from __future__ import annotations

import os
import socket
import time


def notify(**news: str | int) -> None:
    """Tell systemd, for example `notify(READY=1, STATUS="3 bans")`; nobody listens outside a unit."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    message = "\n".join(f"{key}={value}" for key, value in news.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as systemd:
        systemd.connect(address)
        systemd.sendall(message.encode())


def reloading() -> None:
    """Say that a reload begins; `READY=1` ends it."""
    notify(RELOADING=1, MONOTONIC_USEC=time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)


def watchdog() -> float | None:
    """Seconds within which systemd wants to hear WATCHDOG=1; None if it does not."""
    micros = os.environ.get("WATCHDOG_USEC", "")
    meant_for_us = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(micros) / 1e6 if micros.isdigit() and meant_for_us else None
