"""Edge: notices that an input has fallen silent, and says so once."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from amiguard.meter import Meter
from amiguard.silence import EVERYBODY
from amiguard.views import printable

if TYPE_CHECKING:
    from amiguard.firewall.declaration import Packets
    from amiguard.hearing import Hearing
    from amiguard.warden import Warden

_log = logging.getLogger("amiguard")

_MINUTE: Final = 60.0


class Vigil:
    """Compares what the channels tell with each other, and with the packets that come."""

    def __init__(self, hearing: Hearing, warden: Warden) -> None:
        self._hearing = hearing
        self._warden = warden
        self._said: set[str] = set()
        self._due = 0.0
        self._meter = Meter()

    def look(self) -> None:
        """See who tells something, and who does not; asked each second."""
        now, silence = time.monotonic(), self._hearing.silence
        told = self._told()
        silence.look(told, self._expected(), now)
        if now >= self._due:
            self._due = now + _MINUTE
            self._count(self._warden.packets())
        silent = {one.name: one for one in silence.silent(now)}
        for name in silent.keys() - self._said:
            _log.warning("%s: %s", printable(name), silent[name])
            self._warden.reporter.tell("silent", time.time(), f"{name}: {silent[name]}")
        for name in self._said & {*told, EVERYBODY} - silent.keys():
            _log.warning("%s: no longer silent", printable(name))
        self._said = set(silent)

    def _count(self, packets: Packets) -> None:
        """Take note of what the kernel has dropped, and let pass, until now."""
        self._hearing.silence.packets(packets.sip)
        if packets.dropped:  # none is no news, and all that is known of a kernel that does not tell
            self._warden.ledger.dropped(self._meter.grown(packets.dropped), time.time())

    def _told(self) -> dict[str, int]:
        """Records so far of each channel of security events that has nothing left to tell."""
        ours, tails = self._warden.guard.counting, self._hearing.tails
        logs = {
            path: channel.events + channel.ambiguous.total()
            for path, channel in self._hearing.channels.items()
            if channel.counting is ours and tails[path].caught_up and tails[path].at_end
        }
        amis = (ami for ami in self._hearing.amis if ami.listening)
        return logs | {ami.name: ami.events + ami.ambiguous.total() for ami in amis}

    def _expected(self) -> set[str]:
        """Who must tell everything: a file that a glob has met may be one that was rotated."""
        return {*self._hearing.patterns, *(ami.name for ami in self._hearing.amis)}
