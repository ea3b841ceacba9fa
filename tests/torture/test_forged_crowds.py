"""A million forged sources, and true ones among them: memory is bounded, and the true ones are banned."""

from __future__ import annotations

import heapq
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import made
import ordeal
import pytest

from amiguard.ledger import Ledger
from amiguard.model import Endpoint, Prefix, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

FORGED = ordeal.rounds(3_000, 1_000_000)
TRUE = ordeal.rounds(50, 1_000)
TABLE = ordeal.rounds(1_000, 100_000)
GUESSES = 8
A_SECOND = 18_000
"""Events of a flood: what Asterisk can tell."""
MIB = 2**20
BYTES = 1_600
"""The most that a remembered source may cost, with its ban and evidence."""

FORGERY = made.event("InvalidAccountID")
GUESS = made.event("InvalidPassword")


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def attackers(transport: bytes) -> list[Endpoint]:
    sources = [
        Prefix(bytes([203 if transport == b"TCP" else 198, n >> 8, n & 255, 7]), 32) for n in range(TRUE)
    ]
    return [Endpoint(transport, source, 5060) for source in sources]


def forgeries(packets: int) -> Iterator[tuple[float, Endpoint]]:
    """So many packets of each source, at once, as svmap's are."""
    for n in range(FORGED * packets):
        address = (10 << 24) + n // packets
        yield n / A_SECOND, Endpoint(b"UDP", Prefix(address.to_bytes(4), 32), 5060)


def guesses(packets: int, true: list[Endpoint]) -> list[tuple[float, Endpoint]]:
    """What the true ones do, spread over all of it."""
    chance, lasts = random.Random(ordeal.SEED), FORGED * packets / A_SECOND
    return sorted((chance.uniform(0, lasts), endpoint) for endpoint in true for _ in range(GUESSES))


@pytest.mark.parametrize("packets", [1, 2, 8])
def test_the_true_ones_are_found_among_a_million_forged(packets: int) -> None:
    judge, banned = made.guard(f"[score]\nmax_sources = {TABLE}\n"), set()
    ledger = Ledger(judge)
    proven, unproven = attackers(b"TCP"), attackers(b"UDP")
    before = resident()
    for at, endpoint in heapq.merge(forgeries(packets), guesses(packets, proven + unproven)):
        forged = endpoint.address.network[0] < 198
        time = made.START + at
        event = (FORGERY if forged else GUESS)._replace(time=time, remote=endpoint)
        if ledger.crowded:
            ledger.snapshot()  # which the store takes
        for outcome in judge.observe(event, time):
            if isinstance(outcome, Verdict):
                banned.add((outcome.ban.source, outcome.ban.scope))
    grown = resident() - before
    houses, doors = (
        sum((each.address, scope) in banned for each in true) / TRUE
        for true, scope in ((proven, "house"), (unproven, "door"))
    )
    ordeal.tell(
        f"{FORGED} forged sources, {packets} packets each",
        events=FORGED * packets,
        true_ones=2 * TRUE,
        recall_proven=houses,
        recall_unproven=doors,
        remembered=len(judge.scorer),
        grown_MiB=grown / MIB,
    )
    assert 1.0 == houses, "who guesses over TCP is pushed out by no forger"
    assert len(judge.scorer) <= TABLE
    assert grown < TABLE * BYTES + 4 * MIB
    assert all(scope == "door" for source, scope in banned if source.network[0] < 198), "no house by forgery"
