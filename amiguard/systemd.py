"""Edge: what systemd is told, by the protocol of sd_notify(3)."""

from __future__ import annotations

import contextlib
import os
import socket
import time


def notify(**news: str | int) -> None:
    """Tell systemd, for example `notify(READY=1, STATUS="3 bans")`; nobody listens outside a unit.

    That it cannot hear - gone, or its queue full - must neither stop the guard nor make it wait.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    message = "\n".join(f"{key}={value}" for key, value in news.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as systemd:
        systemd.setblocking(False)
        with contextlib.suppress(OSError):
            systemd.connect(address)
            systemd.sendall(message.encode())


def reloading() -> None:
    """Say that a reload begins; `READY=1` ends it."""
    notify(RELOADING=1, MONOTONIC_USEC=time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
