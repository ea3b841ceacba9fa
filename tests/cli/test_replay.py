"""`replay`: the pure core on logs of the past, wherever and however they are kept."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from lab import attack, attempt, run
from recorded import cases

from amiguard.model import Prefix

if TYPE_CHECKING:
    from pathlib import Path

THEN = 1_600_000_000.0
SHOWN = {"address", "prefix", "scope", "proof", "since", "until", "reason", "origin", "strike", "score"}


def test_it_has_the_contracts_shape_and_last_years_times(tmp_path: Path) -> None:
    log = tmp_path / "security"
    log.write_bytes(attack("203.0.113.7", THEN) + attempt("2001:db8::1", THEN) + b"rubbish\n")
    ran = run("replay", "--json", str(log))
    told = ran.json
    assert (0, "") == (ran.code, ran.err)
    assert {"version", "lines", "events", "ambiguous", "bans"} == told.keys()
    assert (1, 7, 1) == (told["version"], told["lines"], len(told["bans"]))
    (ban,) = told["bans"]
    assert SHOWN == ban.keys()
    assert ("203.0.113.7", 32, "house", "judged", 1) == tuple(
        ban[key] for key in ("address", "prefix", "scope", "origin", "strike")
    )
    assert ban["since"].startswith("2020-09-1")


def test_rotated_and_packed_files_are_read_in_the_order_of_their_events(tmp_path: Path) -> None:
    whole = [attempt("203.0.113.7", THEN + n) for n in range(6)]
    (tmp_path / "a").write_bytes(b"".join(whole[4:]))
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"".join(whole[:2])))
    (tmp_path / "c").write_bytes(b"".join(whole[2:4]))
    told = run("replay", "--json", *(str(tmp_path / name) for name in ("a", "b.gz", "c"))).json
    (ban,) = told["bans"]
    assert (6, 6) == (told["lines"], told["events"])
    assert "44.000" == ban["since"].partition("+")[0][-6:]


def test_a_long_log_is_read_in_blocks_that_cut_lines_anywhere(tmp_path: Path) -> None:
    log = tmp_path / "security"
    lines = [attempt(f"10.{n >> 8 & 255}.{n & 255}.1", THEN + n / 100) for n in range(12_000)]
    log.write_bytes(b"".join(lines) + attack("203.0.113.7", THEN + 200)[:-1])
    told = run("replay", "--json", str(log)).json
    assert (12_005, 12_004) == (told["lines"], told["events"])
    assert [] == told["bans"]


def test_people_get_a_table_and_a_sum(tmp_path: Path) -> None:
    log = tmp_path / "security"
    log.write_bytes(attack("203.0.113.7", THEN))
    said = run("replay", str(log)).out
    assert "203.0.113.7" in said
    assert said.endswith("5 lines, 5 events, 0 ambiguous, 1 bans\n")


@pytest.mark.parametrize("channel", ["security", "json"])
def test_the_whole_corpus_names_nobody_but_true_sources(tmp_path: Path, channel: str) -> None:
    files = []
    for number, case in enumerate(cases()):
        if said := case.read(channel):
            files.append(tmp_path / str(number))
            files[-1].write_bytes(said)
    told = run("replay", "--json", *map(str, files))
    banned = {Prefix.parse(ban["address"]) for ban in told.json["bans"]}
    assert banned
    assert banned <= frozenset().union(*(case.sources for case in cases()))
    assert told.out.isascii()
