"""The laboratory itself, and what the AMI client must do with any Asterisk."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sipwords
from anyasterisk import AnyAsterisk
from fakeasterisk import Pbx  # noqa: TC002
from lab import until
from realsite import PBX4, PBX6
from sipphone import Line, Phone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realsite import Site

pytestmark = pytest.mark.asterisk


class TestRealAsterisk(AnyAsterisk):
    """What the stand-in of the other tests does, a real one does, too."""

    @pytest.fixture
    def pbx(self, site: Site) -> Iterator[Pbx]:
        with site.host.inside():
            yield site.pbx.ami()


@pytest.mark.parametrize("server", [PBX4, PBX6])
@pytest.mark.parametrize("transport", sipwords.PORTS)
def test_phones_log_in_over_every_transport(site: Site, transport: str, server: str) -> None:
    with site.guarded() as service, Line(site.phones, server, transport) as line:
        assert 200 == Phone(line, "101").register()
        assert 401 == Phone(line, "102").register("wrong")
        until(lambda: 1 == service.status()["friends"], "a friend")
        assert {} == service.bans()


def test_both_channels_are_followed(site: Site) -> None:
    with site.guarded() as service:
        for source in service.status()["sources"]:
            assert source["state"] in {"following", "listening"}
        assert ["utf8-blind"] == service.status()["sight"]


SLEEPER = """
import pathlib, sys, time
from realsite import Site
with Site(sys.argv[1], pathlib.Path(sys.argv[2])) as site, site.guarded():
    print("under way", flush=True)
    time.sleep(600)
"""


def test_nothing_outlives_us(release: str, tmp_path: Path) -> None:
    here = Path(__file__).parent
    search = os.environ | {"PYTHONPATH": f"{here}:{here.parent}"}
    command = [sys.executable, "-c", SLEEPER, release, str(tmp_path)]
    with subprocess.Popen(command, env=search, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            assert b"under way\n" == process.stdout.readline()
            assert len(at_work(tmp_path)) > 2
        finally:
            process.kill()
    until(lambda: not at_work(tmp_path), "an end of all")


def at_work(folder: Path) -> list[str]:
    """The processes that were called with this folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [each.parent.name] if bytes(folder) in each.read_bytes() else []
    return found
