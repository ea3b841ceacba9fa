"""The demo as a whole: what it proves, what it says when it cannot, and that it leaves nothing behind."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import amiguard

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.kernel

LIMIT = 40.0
FIRST_WORDS = "Everybody's packets pass."
DEMO = ("-m", "amiguard", "demo", "--quick")
BANS = {"198.51.100.66": "house", "192.0.2.3": "house", "192.0.2.2": "door"}
INNOCENTS = ("198.51.100.10", "192.0.2.7", "9.9.9.9", "198.51.100.4", "198.51.100.8")

# A user of no privilege, who at choice may make no user namespace.
USER = """
import os, sys
from pathlib import Path
import netns

uid, gid = os.geteuid(), os.getegid()
netns.unshare(netns.CLONE_NEWUSER)
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")
if sys.argv[1] == "forbidden":
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def start(directory: Path, *words: str, package: Path | None = None) -> subprocess.Popen[str]:
    """Run Python with these words; what it makes temporarily is made in `directory`."""
    directory.mkdir()
    tests = str(Path(__file__).parent)
    return subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=package or Path(amiguard.__file__).parents[1],
        env={**os.environ, "TMPDIR": str(directory), "PYTHONPATH": tests, "PYTHONUNBUFFERED": "1"},
    )


def until_begun(demo: subprocess.Popen[str]) -> None:
    """Wait until all that the demo needs is running."""
    assert demo.stdout is not None
    assert FIRST_WORDS in demo.stdout.readline()


def children(directory: Path) -> dict[int, str]:
    """What runs with `directory` for its temporary files, by process id."""
    mark = f"TMPDIR={directory}".encode()
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                words = (process / "cmdline").read_bytes().split(b"\0")
                found[int(process.name)] = b" ".join(words).decode()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found


def left_behind(directory: Path) -> tuple[Sequence[Path], dict[int, str]]:
    return list(directory.iterdir()), children(directory)


def bare_of(recordings: Path) -> None:
    """Let nobody attack."""
    for recording in recordings.iterdir():
        if recording.stem != "pjsip-register-ok":
            recording.write_bytes(b"")


def test_it_ends_well_only_when_every_ban_was_seen(tmp_path: Path) -> None:
    package = tmp_path / "peaceful"
    shutil.copytree(Path(amiguard.__file__).parent, package / "amiguard")
    bare_of(package / "amiguard/demo/recordings")
    places = (tmp_path / "a", tmp_path / "b")
    anybody = start(places[0], "-c", USER, "allowed", *DEMO)
    peaceful = start(places[1], *DEMO, package=package)
    out, errors = anybody.communicate(timeout=LIMIT)
    assert (0, "") == (anybody.returncode, errors)
    summary = out.partition("What you have seen:\n")[2].splitlines()
    assert 6 == len(summary)
    assert "BREACH 198.51.100.66: logged in after failures" in out
    assert all(f"{address} ({scope}, " in summary[1] for address, scope in BANS.items())
    assert not any(f"{address} {way} port" in out for address in INNOCENTS for way in ("SIP", "AMI"))
    assert all(f"{address} SIP port 5060: packets are dropped" in out for address in BANS)
    out, errors = peaceful.communicate(timeout=LIMIT)
    assert 1 == peaceful.returncode
    assert "What you have seen" not in out
    for address, scope in BANS.items():
        assert f"{address} (" in errors
        assert f"the kernel holds no ban, but should hold {scope}" in errors
    assert "the service tells no breach by 198.51.100.66" in errors
    assert [([], {})] * 2 == [left_behind(place) for place in places]


def test_where_namespaces_are_forbidden_one_line_says_what_to_do(tmp_path: Path) -> None:
    demo = start(tmp_path / "a", "-c", USER, "forbidden", *DEMO)
    out, errors = demo.communicate(timeout=LIMIT)
    assert (1, "") == (demo.returncode, out)
    expected = (
        "amiguard: user namespaces are forbidden here: "
        "`sysctl -w user.max_user_namespaces=15000` allows them, or run it as root\n"
    )
    assert expected == errors
    assert ([], {}) == left_behind(tmp_path / "a")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_all_that_it_started(tmp_path: Path, number: int, code: int) -> None:
    demo = start(tmp_path / "a", *DEMO)
    until_begun(demo)
    assert 4 == len(children(tmp_path / "a"))
    demo.send_signal(number)
    _, errors = demo.communicate(timeout=LIMIT)
    assert (code, "") == (demo.returncode, errors)
    assert ([], {}) == left_behind(tmp_path / "a")


def test_nothing_it_started_survives_its_sudden_death(tmp_path: Path) -> None:
    demo = start(tmp_path / "a", *DEMO)
    until_begun(demo)
    ends = [os.pidfd_open(pid) for pid in children(tmp_path / "a")]
    assert 4 == len(ends)
    demo.kill()
    for end in ends:
        assert select.select([end], [], [], LIMIT)[0]
    demo.communicate()


def test_a_service_that_dies_is_told_by_its_last_words(tmp_path: Path) -> None:
    demo = start(tmp_path / "a", *DEMO)
    until_begun(demo)
    (service,) = [pid for pid, words in children(tmp_path / "a").items() if " amiguard run " in words]
    os.kill(service, signal.SIGKILL)
    _, errors = demo.communicate(timeout=LIMIT)
    assert 1 == demo.returncode
    assert errors.startswith("amiguard: the service does not answer: ")
    assert 1 == errors.count("\n")
    assert ([], {}) == left_behind(tmp_path / "a")


def test_a_configuration_that_is_given_is_checked(tmp_path: Path) -> None:
    config = tmp_path / "amiguard.toml"
    config.write_text("[ban]\nnonsense = 1\n")
    demo = start(tmp_path / "a", *DEMO, "--config", str(config))
    out, errors = demo.communicate(timeout=LIMIT)
    assert (2, "") == (demo.returncode, out)
    assert "nonsense" in errors
