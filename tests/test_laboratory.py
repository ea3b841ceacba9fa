"""The laboratory itself: what happens in a namespace is told, and nothing of it is seen outside."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

import netns
import pytest

HERE = Path(__file__).parent
SAMPLE = """
import os, socket
import pytest
from hypothesis import given, strategies as st

pytestmark = pytest.mark.kernel

def test_is_root_of_a_network_of_its_own(tmp_path):
    assert os.getuid() == 0
    assert [name for _, name in socket.if_nameindex()] == ["lo"]
    socket.create_server(("127.0.0.1", 0)).close()
    (tmp_path / "seen").write_text("outside")

def test_fails():
    assert [1, 2] == [1, 3], "told outside"

def test_dies():
    os._exit(3)

def test_skips():
    pytest.skip("a reason")

@given(st.integers())
def test_property(number):
    assert number < 100
"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    for name in ("conftest.py", "netns.py"):
        shutil.copy(HERE / name, tmp_path)
    shutil.copy(HERE.parent / "pyproject.toml", tmp_path)
    (tmp_path / "test_sample.py").write_text(SAMPLE, encoding="ascii")
    return tmp_path


@pytest.fixture
def told(sample: Path, request: pytest.FixtureRequest) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | request.param
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--basetemp=made", "test_sample.py"]
    done = subprocess.run(command, cwd=sample, env=environment, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.kernel
def test_a_kernel_test_runs_where_namespaces_are_allowed() -> None:
    assert 0 == os.getuid()


@pytest.mark.parametrize("told", [{}], indirect=True)
def test_what_a_child_meets_is_told_outside(told: str) -> None:
    if "refuses" in told:
        pytest.skip("needs a user and network namespace, which this machine refuses")
    assert "3 failed, 1 passed, 1 skipped" in told
    assert "told outside" in told
    assert "At index 1 diff: 2 != 3" in told
    assert "the child died without a word, wait status 0x300" in told
    assert "SKIPPED [1] conftest.py" in told
    assert "number=100" in told


@pytest.mark.parametrize("told", [{"CI": "1"}], indirect=True)
def test_a_skip_is_a_failure_under_ci(told: str) -> None:
    assert "CI runs every test, but this one skips" in told
    assert "skipped" not in told.splitlines()[-1]


def test_a_child_that_does_not_end_is_killed_with_all_it_began(tmp_path: Path) -> None:
    def linger() -> None:
        child = subprocess.Popen(["sleep", "60"])
        (tmp_path / "pid").write_text(str(child.pid), encoding="ascii")
        child.wait()

    with pytest.raises(TimeoutError):
        netns.run_forked(linger, repr, 0.5)
    pid = (tmp_path / "pid").read_text(encoding="ascii")
    # A killed process may still be on its way out; `sleep` itself would take a minute.
    with contextlib.suppress(ProcessLookupError):
        process = os.pidfd_open(int(pid))
        select.select([process], [], [], 10)
        os.close(process)
    state = Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text(encoding="ascii").split()[2] == "Z"
