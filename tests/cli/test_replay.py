"""`replay`: the pure core on logs of the past, wherever and however they are kept."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from lab import attack, attempt, login, run
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


def configured(tmp_path: Path, name: str, text: str) -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def scene(tmp_path: Path) -> str:
    """A guesser in a hurry, a slower one, and an office that has logged in before it mistypes."""
    log = tmp_path / "security"
    office = login("198.51.100.9", THEN) + attack("198.51.100.9", THEN + 60, times=6)
    slow = b"".join(attempt("203.0.113.8", THEN + n * 600) for n in range(4))
    log.write_bytes(office + attack("203.0.113.7", THEN + 100) + slow)
    return str(log)


def told(*words: str) -> Any:
    ran = run("replay", *words, "--json")
    assert (0, "") == (ran.code, ran.err)
    return ran.json


def test_what_a_ban_took_is_told_when_asked(tmp_path: Path) -> None:
    log = tmp_path / "security"
    log.write_bytes(b"".join(attempt("203.0.113.7", THEN + n * 30) for n in range(6)))
    answer = told(str(log), "--times")
    [ban], [took] = answer["bans"], answer["times"]
    assert SHOWN == ban.keys()
    expected = {"address": "203.0.113.7", "prefix": 32, "took": 120.0, "tries": 5, "friend": False}
    assert {**expected, "since": ban["since"]} == took
    assert {"median": 120.0, "p90": 120.0, "most": 120.0} == answer["summary"]["took"]
    said = run("replay", str(log), "--times").out
    assert "2m 0s" in said.splitlines()[1]


def test_two_configurations_are_compared(tmp_path: Path) -> None:
    log = scene(tmp_path)
    strict = configured(
        tmp_path,
        "strict.toml",
        """[score]
        fast = { half_life = "10m", threshold = 3.5 }
        [allow]
        authenticated_for = "0s"
        """,
    )
    usual = configured(tmp_path, "usual.toml", "")
    answer = told(log, "--config", strict, "--diff", "--against", usual)
    assert {"203.0.113.8", "198.51.100.9"} == {ban["address"] for ban in answer["gained"]}
    assert [] == answer["lost"]
    [moved] = answer["moved"]
    assert ("203.0.113.7", -0.003) == (moved["address"], moved["later"])
    assert ([], ["198.51.100.9"]) == (answer["before"]["friends"], answer["after"]["friends"])
    assert (1, 3, 0) == (answer["before"]["sources"], answer["after"]["sources"], answer["same"])
    back = told(log, "--config", usual, "--diff", "--against", strict)
    assert (answer["gained"], [], answer["before"]) == (back["lost"], back["gained"], back["after"])
    said = run("replay", log, "--config", strict, "--diff", "--against", usual).out
    assert "\ngained: 2\n" in said
    assert "\n  203.0.113.7 0s sooner\n" in said


def test_other_thresholds_are_tried(tmp_path: Path) -> None:
    rows = told(scene(tmp_path), "--sweep", "--config", configured(tmp_path, "a.toml", ""))["sweep"]
    assert [(0.25, 2.25, 6.25), (1.0, 9.0, 25.0), (4.0, 36.0, 100.0)] == [
        (row["factor"], row["fast"], row["slow"]) for row in (rows[0], rows[3], rows[-1])
    ]
    sources = [row["sources"] for row in rows]
    assert sorted(sources, reverse=True) == sources
    assert (2, 1, 0) == (sources[0], sources[3], sources[-1])


def test_bans_outside_of_the_window_are_not_told_but_judged(tmp_path: Path) -> None:
    """The second ban is still the second strike."""
    log = tmp_path / "security"
    log.write_bytes(attack("203.0.113.7", THEN) + attack("203.0.113.7", THEN + 7200))
    middle = "2020-09-13T13:30:00+00:00"
    [later], [sooner] = (told(str(log), how, middle)["bans"] for how in ("--since", "--until"))
    assert (2, 1) == (later["strike"], sooner["strike"])
    assert [] == told(str(log), "--since", "7d")["bans"]


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input_takes_its_place_among_the_files(tmp_path: Path, *, packed: bool) -> None:
    whole = [attempt("203.0.113.7", THEN + n) for n in range(6)]
    (tmp_path / "first").write_bytes(b"".join(whole[:2]))
    (tmp_path / "last").write_bytes(b"".join(whole[4:]))
    given = b"".join(whole[2:4])
    stdin = gzip.compress(given) if packed else given
    ran = run("replay", "--json", str(tmp_path / "last"), "-", str(tmp_path / "first"), stdin=stdin)
    [ban] = ran.json["bans"]
    assert (6, "44.000") == (ran.json["lines"], ban["since"].partition("+")[0][-6:])


def test_a_log_whose_first_event_comes_late_has_its_place_too(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"".join(attempt("203.0.113.7", THEN + 4 + n) for n in range(2)))
    early = b"no event\n" * 50_000 + b"".join(attempt("203.0.113.7", THEN + n) for n in range(4))
    (tmp_path / "b").write_bytes(early)
    [ban] = told(str(tmp_path / "a"), str(tmp_path / "b"))["bans"]
    assert "44.000" == ban["since"].partition("+")[0][-6:]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--diff", "--sweep"], "either --diff or --sweep"),
        (["--diff"], "--diff compares the --config FILE"),
        (["--against", "a.toml"], "--against goes with --diff"),
        (["--since", "gestern"], "'gestern' is neither a time in ISO 8601 nor a duration"),
        (["--since", "forever"], "neither a time"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, words: list[str], why: str) -> None:
    (tmp_path / "security").touch()
    ran = run("replay", str(tmp_path / "security"), *words)
    assert 2 == ran.code
    assert why in ran.err


def test_packed_nonsense_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(b"\x1f\x8bnonsense")
    ran = run("replay", str(tmp_path / "log.gz"))
    assert (1, "") == (ran.code, ran.out)
    assert "log.gz: " in ran.err


def test_logs_that_tell_of_the_same_time_are_named(tmp_path: Path) -> None:
    """Whoever says `security*` may mean the JSON and the classic log of one PBX."""
    usual = configured(tmp_path, "usual.toml", "")
    for name, begin, end in (("a", 0, 200), ("b", 100, 300), ("c", 300, 400)):
        (tmp_path / name).write_bytes(
            attempt("203.0.113.7", THEN + begin) + attempt("203.0.113.8", THEN + end)
        )
    ran = run("replay", *(str(tmp_path / name) for name in "cba"), "--config", usual)
    why = "begins before the log ahead of it ends; what both tell counts twice"
    assert f"amiguard: {tmp_path / 'b'}: {why}\n" == ran.err


def failed(second: int) -> str:
    """A line of sshd's."""
    stamp = f"2026-11-21T12:00:{second:02}.000000+00:00"
    return f"{stamp} pbx sshd[812]: Failed password for root from 203.0.113.7 port 40022 ssh2\n"


FILTER = """[Definition]
failregex = ^\\s*pbx sshd\\[\\d+\\]: Failed password for <F-USER>\\S+</F-USER> from <HOST> port \\d+ ssh2$
datepattern = ^%%Y-%%m-%%dT%%H:%%M:%%S.%%f%%z
"""


def test_a_filter_of_fail2bans_kind_reads_any_programs_log(tmp_path: Path) -> None:
    """The rotated set too is in the order of its events."""
    path = tmp_path / "doors.conf"
    path.write_text(FILTER, encoding="utf-8")
    (tmp_path / "a").write_text("".join(map(failed, (3, 4, 5))), encoding="utf-8")
    (tmp_path / "b.gz").write_bytes(gzip.compress("".join(map(failed, (0, 1, 2))).encode()))
    logs = [str(tmp_path / name) for name in ("a", "b.gz")]
    answer = told(*logs, "--filter", str(path), "--times", "--config", configured(tmp_path, "a.toml", ""))
    [ban], [took] = answer["bans"], answer["times"]
    assert (6, 6, 5, 4.0) == (answer["lines"], answer["events"], took["tries"], took["took"])
    assert "12:00:04.000" in moment(ban["since"])
    assert "Failure doors" in ban["reason"]


def moment(text: str) -> str:
    """In UTC."""
    return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="milliseconds")


def test_a_filter_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    ran = run("replay", str(tmp_path / "log"), "--filter", "no-such-filter")
    assert (2, "") == (ran.code, ran.out)
    assert "no-such-filter" in ran.err
