"""A month of attacks, the same each time, as the store remembers it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, NamedTuple

from made import event

from amiguard.judge import evidence
from amiguard.judge.evidence import Exhibit
from amiguard.judge.tallies import HOUR, Tally
from amiguard.model import Alarm, Ban, Prefix
from amiguard.store import BanRow, DropRow, Snapshot

if TYPE_CHECKING:
    from amiguard.model import Proof, Scope

DAY: Final = 86_400.0
ACCOUNTS: Final = (b"100", b"101", b"200", b"1000", b"1001", b"2001", b"admin", b"sip", b"trunk")


class Habit(NamedTuple):
    """How one sort of attacker goes about it."""

    kind: str
    service: bytes
    transport: bytes
    proof: Proof
    scope: Scope
    pace: float
    networks: tuple[str, ...]
    weight: int


HABITS: Final = (
    Habit(
        "ChallengeResponseFailed", b"PJSIP", b"UDP", "unproven", "door", 0.3, ("198.51.100", "203.0.113"), 5
    ),
    Habit("InvalidAccountID", b"PJSIP", b"UDP", "unproven", "door", 0.1, ("198.51.100", "192.0.2"), 6),
    Habit("InvalidPassword", b"SIP", b"TCP", "proven", "house", 20.0, ("203.0.113",), 2),
    Habit("InvalidPassword", b"AMI", b"TCP", "proven", "house", 1.0, ("192.0.2", "233.252.0"), 1),
)


def ban(habit: Habit, host: int, since: float, rng: random.Random) -> BanRow:
    """A ban of one who did so, with five records of evidence."""
    source = f"{rng.choice(habit.networks)}.{host}"
    tries = [
        event(
            habit.kind,
            since - habit.pace * (4 - n) - event().time,
            source,
            account=rng.choice(ACCOUNTS),
            service=habit.service,
            transport=habit.transport,
        )
        for n in range(5)
    ]
    records = b"".join(
        evidence.pack(Exhibit(each, 2.0, 2.0 * n, habit.proof == "proven")) for n, each in enumerate(tries, 1)
    )
    strike = rng.choice((1, 1, 1, 2, 2, 3))
    reason = (
        f"a wrong password ({habit.kind} {habit.service.decode()}/{habit.transport.decode()}), score 10.0"
    )
    lasts = (600.0, 3600.0, DAY)[strike - 1]
    prefix = Prefix.parse(source)
    return BanRow(
        Ban(prefix, habit.scope, habit.proof, since, since + lasts, reason, "judged", strike, 10.0), records
    )


def snapshot(until: float, *, days: int = 30, seed: int = 7) -> Snapshot:
    """What has happened in so many days before `until`, in seconds since the epoch."""
    rng = random.Random(seed)
    bans, tallies, drops = [], [], []
    for day in range(days):
        busy = rng.choice((1, 1, 2, 2, 3, 6))
        for _ in range(busy * 4):
            habit = rng.choices(HABITS, [habit.weight for habit in HABITS])[0]
            at = until - (day + rng.random()) * DAY
            bans.append(ban(habit, rng.randrange(1, 255), at, rng))
            failures = rng.randrange(5, 60)
            names = (habit.kind, habit.service.decode(), habit.transport.decode(), habit.proof)
            tallies.append(Tally(int(at // HOUR), *names, failures))
            drops.append(DropRow(int(at // HOUR), failures * rng.randrange(10, 400)))
    return Snapshot(bans=sorted(bans, key=lambda row: row.ban.since), tallies=tallies, drops=drops)


def alarms(until: float) -> list[Alarm]:
    """What was said in that time."""
    source = Prefix.parse("203.0.113.9")
    return [
        Alarm("breach", source, until - 3 * DAY, "logged in after failures worth 21.0 points"),
        Alarm(
            "suppressed", source, until - 9 * DAY, "not banned, it is a shared source, whose users are many"
        ),
    ]
