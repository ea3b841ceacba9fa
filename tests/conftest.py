"""Edge: what the tests' markers mean.

`kernel` runs a test function in a forked child that is root of a new user and
network namespace: it may load a ruleset, and nothing outside sees it.
Fixtures are made before that, in the parent: files are shared, but a socket
made by a fixture belongs to the host's network.  `kernel` with `root` makes
only a network namespace.  A test that cannot run skips by name; where the
environment has CI set, each skip is a failure.
"""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import netns
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest.register_assert_rewrite("anyasterisk")
hypothesis.settings.register_profile("patient", deadline=None)  # a busy machine is no error
hypothesis.settings.load_profile("patient")

_TEST_LIMIT = float(os.environ.get("TEST_LIMIT", "60"))
_PROBE_LIMIT = 10.0


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run, naming what it lacks."""
    real_root = item.get_closest_marker("root") is not None
    if real_root and not _is_real_root():
        pytest.skip("needs real root")
    if item.get_closest_marker("nft") and not shutil.which("nft"):
        pytest.skip("needs the nft program")
    if item.get_closest_marker("browser") and not shutil.which("chromium"):
        pytest.skip("needs the browser chromium")
    if item.get_closest_marker("kernel"):
        refusal = _namespaces_refused(user=not real_root)
        if refusal:
            pytest.skip(f"needs a user and network namespace, which this machine refuses: {refusal}")


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """A file of our own that holds a secret."""
    path = tmp_path / "ami.secret"
    path.write_text("s3cr3t\n")
    path.chmod(0o600)
    return path


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a `kernel` test in a namespace of its own."""
    if not pyfuncitem.get_closest_marker("kernel"):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    user = pyfuncitem.get_closest_marker("root") is None

    def isolated() -> None:
        __tracebackhide__ = True
        netns.isolate(user=user)
        netns.die_with_parent()
        pyfuncitem.obj(**arguments)

    _end_alike(_fork(isolated, _TEST_LIMIT).failure)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Under CI a skipped test is a failed one: a green run has run everything."""
    report: pytest.TestReport = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"CI runs every test, but this one skips: {report.longrepr[-1]}"
    return report


def _fork(call: Callable[[], None], limit: float) -> netns.Outcome:
    """Fork as pytest allows it: the child uses none of the threads that pytest-xdist has running."""
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return netns.run_forked(call, _tell, limit)


def _tell(error: BaseException) -> tuple[bool, str]:
    """Whether the child skips, and why; or where it failed."""
    if isinstance(error, pytest.skip.Exception):
        return True, str(error)
    return False, str(pytest.ExceptionInfo.from_exception(error).getrepr(style="long"))


def _end_alike(failure: tuple[bool, str] | None) -> None:
    """End the test in the parent as it ended in the child."""
    if failure is None:
        return
    skipped, text = failure
    if skipped:
        pytest.skip(text)
    pytest.fail(text, pytrace=False)


@lru_cache
def _namespaces_refused(*, user: bool) -> str:
    """Why no namespace can be had here; empty when it can."""

    def probe() -> None:
        netns.isolate(user=user)

    failure = _fork(probe, _PROBE_LIMIT).failure
    return "" if failure is None else failure[1].strip().splitlines()[-1]


def _is_real_root() -> bool:
    """Whether user 0 here is user 0 of the machine, with all other users beside it."""
    identity = Path("/proc/self/uid_map").read_text(encoding="ascii").split()
    return os.geteuid() == 0 and identity == ["0", "0", "4294967295"]
