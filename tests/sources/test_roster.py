"""Which files paths and globs mean: each file once, under one name."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from amiguard.sources import roster
from amiguard.sources.roster import Roster

if TYPE_CHECKING:
    import pytest

LINES = b"".join(b"line %d of a file that is longer than a head\n" % number for number in range(20))


def names(watched: Roster) -> list[str]:
    return sorted(Path(path).name for path in watched.tails)


def drain(watched: Roster) -> dict[str, bytes]:
    """Everything there is to read now, by file name; two looks are needed to leave a file."""
    found: dict[str, bytes] = {}
    for path, tail in watched.tails.items():
        while (chunk := tail.read()) or tail.leaving:
            if chunk:
                found[Path(path).name] = found.get(Path(path).name, b"") + chunk.data
    return found


def test_a_path_is_there_before_its_file(tmp_path: Path) -> None:
    watched = Roster([str(tmp_path / "security")], {})
    watched.discover()
    assert names(watched) == ["security"]


def test_a_glob_takes_files_as_they_come(tmp_path: Path) -> None:
    watched = Roster([str(tmp_path / "security*")], {})
    for name in ("security", "security.pbx1", "security_json"):
        (tmp_path / name).touch()
        watched.discover()
    assert names(watched) == ["security", "security.pbx1", "security_json"]
    watched.close()


def test_a_glob_leaves_out_rotated_compressed_and_other_things(tmp_path: Path) -> None:
    for name in ("security", "security.1", "security-20260131", "security.2.gz", "full"):
        (tmp_path / name).touch()
    (tmp_path / "security.d").mkdir()
    watched = Roster([str(tmp_path / "security*")], {})
    watched.discover()
    assert names(watched) == ["security"]


def test_a_symlink_that_cannot_be_followed_keeps_nobody_from_the_other_files(tmp_path: Path) -> None:
    (tmp_path / "security").write_bytes(LINES)
    (tmp_path / "security.link").symlink_to("x" * 300)
    watched = Roster([str(tmp_path / "security*")], {})
    watched.discover()
    assert {"security": LINES} == drain(watched)
    assert "unreadable" == watched.tails[str(tmp_path / "security.link")].state
    watched.close()


def test_a_rotated_file_is_out_while_its_origin_is_missing(tmp_path: Path) -> None:
    log = tmp_path / "security"
    log.write_bytes(LINES)
    watched = Roster([str(tmp_path / "security*")], {})
    watched.discover()
    assert drain(watched) == {"security": LINES}
    log.rename(tmp_path / "security.1")
    watched.discover()
    assert drain(watched) == {}
    watched.discover()
    assert names(watched) == ["security"]
    watched.close()


def test_a_file_is_not_read_twice_under_a_name_that_rotation_never_makes(tmp_path: Path) -> None:
    log = tmp_path / "security"
    log.write_bytes(LINES)
    watched = Roster([str(tmp_path / "security*")], {})
    watched.discover()
    drain(watched)
    log.rename(tmp_path / "security_kept")
    watched.discover()
    log.write_bytes(b"new\n")
    assert drain(watched) == {"security": b"new\n"}
    watched.discover()
    assert drain(watched) == {}
    watched.close()


def test_a_glob_resumes_even_a_file_that_was_renamed_meanwhile(tmp_path: Path) -> None:
    log = tmp_path / "security"
    log.write_bytes(LINES)
    watched = Roster([str(tmp_path / "security*")], {})
    watched.discover()
    position = watched.tails[str(log)].read()
    assert position
    watched.close()
    with log.open("ab") as file:
        file.write(b"more\n")
    log.rename(tmp_path / "security.1")
    watched = Roster([str(tmp_path / "security*")], {str(log): position.position})
    watched.discover()
    assert drain(watched) == {"security": b"more\n"}
    watched.close()


def test_a_glob_forgets_what_was_never_found(tmp_path: Path) -> None:
    gone = str(tmp_path / "security.pbx9")
    other = str(tmp_path / "elsewhere")
    (tmp_path / "x").write_bytes(LINES)
    reader = Roster([str(tmp_path / "x")], {})
    chunk = next(iter(reader.tails.values())).read()
    assert chunk
    reader.close()
    (tmp_path / "x").unlink()
    watched = Roster([str(tmp_path / "security*")], {gone: chunk.position, other: chunk.position})
    assert names(watched) == ["security.pbx9"]
    drain(watched)
    watched.discover()
    assert names(watched) == []


def test_there_is_a_bound_and_missing_files_give_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(roster, "MOST", 2)
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).write_bytes(LINES)
    watched = Roster([str(tmp_path / "*")], {})
    watched.discover()
    watched.discover()
    assert names(watched) == ["a", "b"]
    assert caplog.messages == ["only the first 2 files are followed"]
    drain(watched)
    (tmp_path / "a").unlink()
    drain(watched)
    watched.discover()
    assert names(watched) == ["b", "c"]
    watched.close()


def test_each_change_of_state_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log = tmp_path / "security"
    watched = Roster([str(log)], {})
    watched.report()
    for change in (lambda: None, lambda: None, log.mkdir, lambda: None, log.rmdir, log.touch, lambda: None):
        change()
        drain(watched)
        watched.report()
    watched.close()
    assert caplog.messages == [
        f"{log} does not exist; it is followed when it does",
        f"{log} cannot be read; it is followed when it can: not a regular file",
        f"{log} does not exist; it is followed when it does",
        f"{log} is followed",
    ]


def test_what_is_refused_is_named_once_and_its_file_not_opened(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("messages", "notice"):
        (tmp_path / name).write_bytes(LINES)
    patterns = [str(tmp_path / "messages"), str(tmp_path / "*")]
    watched = Roster(patterns, {}, lambda path: "no evidence" if path.endswith("messages") else "")
    for _ in range(3):
        watched.discover()
        assert {"notice"} >= drain(watched).keys()
        watched.report()
    assert ["messages", "notice"] == names(watched)
    assert 1 == caplog.text.count("messages is not read: no evidence")
    assert not watched.tails[patterns[0]].is_open
    watched.close()
