"""Edge: the service: sessions one after another, and the signals that end them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from typing import TYPE_CHECKING, Final

from amiguard import rights, systemd
from amiguard.config import ConfigError
from amiguard.control import Door
from amiguard.session import StartAgain, StartError, opened
from amiguard.store import Claim

if TYPE_CHECKING:
    from collections.abc import Callable

    from amiguard.config import Config

__all__ = ["StartError", "run"]

_log = logging.getLogger("amiguard")

_TURN: Final = 0.0005
"""Seconds after which a thread that makes a list lets the judge go on: he asks at each call of the kernel."""


async def run(read: Callable[[], Config]) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the configuration again.

    A configuration that is wrong, or with which no session can begin, is
    reported, and the one before it holds.

    Args:
        read: reads the configuration.

    Raises:
        ConfigError: the first configuration is wrong.
        StartError: the first session cannot begin.
    """
    sys.setswitchinterval(_TURN)
    rights.keep()
    reins = _Reins(read)
    with contextlib.closing(Door()) as door, contextlib.closing(Claim()) as claim:
        while not reins.over:
            await _session(reins, door, claim)
            # A session freezes what it has loaded, which only here is waste to be collected.
            gc.unfreeze()
            gc.collect()
    systemd.notify(STOPPING=1)


async def _session(reins: _Reins, door: Door, claim: Claim) -> None:
    reins.stop.clear()
    try:
        with contextlib.suppress(StartAgain), opened(reins.config, door, claim) as session:
            await session.run(reins.stop, reins.ready)
    except StartError as error:
        reins.fall_back(error)


class _Reins:
    """What holds the sessions: signals, and the configuration they may change."""

    def __init__(self, read: Callable[[], Config]) -> None:
        self.config = read()
        self.stop = asyncio.Event()
        self.over = False
        self._read = read
        self._proven: Config | None = None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def ready(self) -> None:
        """A session stands."""
        self._proven = self.config
        systemd.notify(READY=1, STATUS="guarding")
        _log.info("guarding")

    def fall_back(self, error: StartError) -> None:
        """Go on with the configuration that worked; without one there is no going on."""
        if self._proven is None or self._proven is self.config:
            raise error
        _log.error("the new configuration does not work, the old one holds: %s", error)
        self.config = self._proven

    def _end(self) -> None:
        self.over = True
        systemd.notify(STOPPING=1)
        self.stop.set()

    def _reload(self) -> None:
        systemd.reloading()
        try:
            self.config = self._read()
        except (ConfigError, OSError) as error:
            _log.error("the configuration is not reloaded, the old one holds: %s", error)
            systemd.notify(READY=1, STATUS="guarding; the new configuration is wrong")
            return
        _log.info("reloading")
        self.stop.set()
