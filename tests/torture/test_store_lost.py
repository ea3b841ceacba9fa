"""Whatever happens to the store, the kernel keeps the bans, and what is in memory is written again."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from typing import TYPE_CHECKING

import nft
import ordeal
import pytest
from lab import Service, attack, attempt, until

from amiguard.asking import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.nft]

FRIEND = "198.51.100.1"
FIRST, SECOND, THIRD = "203.0.113.1", "203.0.113.2", "203.0.113.3"


def database(service: Service) -> Path:
    return service.root / "state" / "amiguard.db"


def remove_all(service: Service) -> None:
    shutil.rmtree(database(service).parent)


def remove_the_file(service: Service) -> None:
    database(service).unlink()


def put_another_there(service: Service) -> None:
    database(service).unlink()
    with contextlib.closing(sqlite3.connect(database(service))) as other:
        other.execute("CREATE TABLE stranger (name)")


def overwrite(service: Service) -> None:
    for part in database(service).parent.iterdir():
        with part.open("r+b") as file:
            file.write(random.Random(ordeal.SEED).randbytes(part.stat().st_size))


def truncate(service: Service) -> None:
    for suffix in ("", "-wal"):  # the third is mapped into memory, and whoever cuts that off kills
        with database(service).with_name(f"amiguard.db{suffix}").open("r+b") as file:
            file.truncate(512)


HARM: dict[str, Callable[[Service], None]] = {
    "the state directory gone": remove_all,
    "the file gone": remove_the_file,
    "another file in its place": put_another_there,
    "overwritten": overwrite,
    "truncated": truncate,
}


def settle(service: Service) -> None:
    service.await_news("WATCHDOG=1")
    service.await_news("WATCHDOG=1")


@pytest.mark.parametrize("harm", **ordeal.some(HARM, 1))
def test_what_it_remembers_is_written_again(tmp_path: Path, harm: Callable[[Service], None]) -> None:
    with Service(tmp_path) as service:
        service.write(attempt(FRIEND, kind="SuccessfulAuth") + attack(FIRST) + attempt("192.0.2.1"))
        service.until_banned(f"{FIRST}/32")
        settle(service)
        harm(service)
        service.write(attack(SECOND))
        service.until_banned(f"{SECOND}/32")
        until(lambda: {FIRST, SECOND} <= set(recorded(service)), "both in the history again")
        assert "ok" == service.status()["store"]["state"]
        service.kill()
        nft.run("flush ruleset")
        service.start()
        service.write(attack(THIRD))
        service.until_banned(f"{THIRD}/32")
        status, bans = service.status(), service.bans()
        assert (1, 1) == (status["friends"], status["tracked"])
        assert {f"{source}/32": ("judged", 1) for source in (FIRST, SECOND, THIRD)} == {
            source: (ban["origin"], ban["strike"]) for source, ban in bans.items()
        }
        assert {FIRST, SECOND, THIRD} == set(nft.elements("ban4"))
        assert "Traceback" not in service.said


def recorded(service: Service) -> list[str]:
    """Whom the history names; nobody while it cannot be read."""
    try:
        return [row["address"] for row in service.ask("history")[1]]
    except ControlError:
        return []


FLIPS = ordeal.rounds(2, 200)
HEADER = 100


def test_flipped_bits_never_keep_it_from_starting_nor_cost_a_ban(tmp_path: Path) -> None:
    """What cannot be read is set aside; SQLite has no checksums, so what can be read may be wrong."""
    chance, aside = random.Random(ordeal.SEED), 0
    bans = [f"203.0.113.{n}" for n in range(1, 101)]
    with Service(tmp_path) as service:
        service.write(attempt(FRIEND, kind="SuccessfulAuth") + b"".join(map(attack, bans)))
        service.until_banned(*(f"{ban}/32" for ban in bans))
        service.stop()
        whole = database(service).read_bytes()
        for _ in range(FLIPS):
            for part in database(service).parent.iterdir():
                part.unlink()
            database(service).write_bytes(flipped(whole, chance))
            service.start()
            assert set(bans) <= set(nft.elements("ban4"))
            aside += len(list(database(service).parent.glob("*corrupt*")))
            service.stop()
        assert "Traceback" not in service.said
    ordeal.tell("flipped bits in the store", starts=FLIPS, set_aside=aside)


def flipped(data: bytes, chance: random.Random) -> bytes:
    """From one bit to a few hundred; not of the header, by which a file is ours or another program's."""
    damaged = bytearray(data)
    for _ in range(2 ** chance.randrange(9)):
        damaged[chance.randrange(HEADER, len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)
