"""Pure: what a report is made of, as store, kernel and service give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from amiguard.judge.accounts import Attack
    from amiguard.judge.rhythm import BrokenPhone
    from amiguard.judge.tallies import Tally
    from amiguard.model import Alarm, Ban
    from amiguard.store.rows import BanRow, DropRow


class Standing(NamedTuple):
    """A ban that runs, and what the kernel has dropped for it so far."""

    ban: Ban
    packets: int
    bytes: int


class Material(NamedTuple):
    """All that is known of the time from `since` to `until`, in seconds since the epoch.

    Attributes:
        host: the name of the PBX.
        bans: those that began, newest first, with their evidence; gone through once.
        tallies: failures by the hour.
        drops: packets dropped by the hour.
        alarms: what was said, and is remembered.
        attacks: accounts that were guessed at within the last day, by whomever.
        phones: those that are broken now.
        running: the bans that stand now; None where nobody told.
        status: what the service says of itself; None where it does not answer.
        gaps: what could not be learnt, and why.
    """

    host: str
    since: float
    until: float
    bans: Iterable[BanRow]
    tallies: Iterable[Tally]
    drops: Iterable[DropRow]
    alarms: Sequence[Alarm]
    attacks: Sequence[Attack]
    phones: Sequence[BrokenPhone]
    running: Sequence[Standing] | None
    status: Mapping[str, Any] | None
    gaps: Sequence[str]
