"""In a flood of forged senders, who hide behind one another, true attackers are banned all the same."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import chroots
import pytest
from lab import until
from measured import record
from realsite import PBX4, Site, ami_of, log_of, until_told
from sipphone import Line, Phone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab import Service
    from networks import Host

pytestmark = pytest.mark.asterisk

PACKETS = 9000
"""A second; of each Asterisk makes two events."""
EVENTS = 160_000
"""Of the whole flood: ten seconds of it, if the machine has nothing else to do."""
MEMORY = 256 * 1024
"""KiB, at most; 100,000 sources take less."""
AT_ONCE = 5.0
"""Seconds, on a busy machine; 0.1 or less on an idle one."""
LIMIT = 120.0
_TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two floods at once would measure the machine."""
    with (tmp_path_factory.getbasetemp().parent / "flood.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def flood(host: Host) -> Iterator[None]:
    """Have it under way."""
    program = [sys.executable, str(Path(__file__).parent / "flooder.py"), PBX4, str(PACKETS)]
    with host.inside():
        process = subprocess.Popen(program, env=os.environ | {"PYTHONPATH": str(_TESTS)})
    try:
        yield
    finally:
        process.kill()
        process.wait()


def shout(host: Host) -> None:
    """Guess as fast as the line takes it, until nobody answers."""
    with contextlib.suppress(OSError), Line(host, PBX4, "TCP") as line:
        phone = Phone(line, "101")
        while True:
            phone.register("wrong", 5.0)


def whisper(host: Host) -> None:
    """Guess twice a second, until nobody answers."""
    with contextlib.suppress(OSError), Line(host, PBX4, "TCP") as line:
        phone = Phone(line, "102")
        while True:
            phone.register("wrong", 5.0)
            time.sleep(0.5)


def span(site: Site, source: str) -> float:
    """Seconds from the first to the last event that Asterisk has raised about an address."""
    times = [each.time for each in site.pbx.raised(source)]
    return max(times) - min(times)


def test_one_source_alone_is_over_before_it_is_a_flood(site: Site) -> None:
    host = site.attacker()
    with site.guarded() as service, Line(host, PBX4) as line:
        request = bytes(Phone(line, "nobody").request("REGISTER", call_id="flood@00000@"))
        for n in range(PACKETS):
            line.send(request.replace(b"@00000@", b"@%05d@" % n))
        service.until_banned(f"{host.address4}/32")
        until(lambda: service.bans()[f"{host.address4}/32"]["packets"], "packets dropped")
        until_told(site, service)
    seconds, events = span(site, host.address4), len(site.pbx.raised(host.address4))
    keep(site, {
        f"{PACKETS:,} packets of one source, as fast as they go: seconds to the ban": f"{seconds:.2g}",
        "of them raised events before it": f"{events:,}",
    })  # fmt: skip
    assert seconds < AT_ONCE
    assert events < PACKETS


def test_true_attackers_do_not_hide_in_a_flood_of_forged_senders(site: Site) -> None:
    loud, quiet = site.attacker(), site.attacker()
    with site.guarded() as service:
        with flood(site.attacker()):
            until(lambda: log_of(service)["events"] > PACKETS, "a flood")
            began = time.monotonic(), log_of(service)["events"]
            for host, attack in ((loud, shout), (quiet, whisper)):
                threading.Thread(target=attack, args=(host,), daemon=True).start()
            both = {f"{loud.address4}/32", f"{quiet.address4}/32"}
            until(lambda: both == service.bans().keys(), "both banned", LIMIT)
            until(lambda: log_of(service)["events"] > EVENTS, "the rest of the flood", LIMIT)
            rate = (log_of(service)["events"] - began[1]) / (time.monotonic() - began[0])
        until(lambda: not log_of(service)["behind"], "the end of the log", LIMIT)
        until(lambda: "listening" == ami_of(service)["state"], "the AMI", LIMIT)
        with Line(site.phones, PBX4) as line:
            assert 200 == Phone(line, "103").register()
        assert both == service.bans().keys()
        memory = peak(service)
    seconds = span(site, loud.address4)
    keep(site, {
        f"{PACKETS:,} packets a second, each of another forged sender: events read a second": f"{rate:,.0f}",
        "an attacker among them who guesses as fast as he can: seconds to the ban": f"{seconds:.2g}",
        "his guesses until then": f"{guesses(site, loud)}",
        "another who guesses twice a second: guesses until the ban": f"{guesses(site, quiet)}",
        "most memory, MB": f"{memory / 1024:.0f}",
    })  # fmt: skip
    assert seconds < AT_ONCE
    assert memory < MEMORY


def guesses(site: Site, host: Host) -> int:
    """How many of his guesses Asterisk has heard."""
    return sum(each.kind == "ChallengeResponseFailed" for each in site.pbx.raised(host.address4))


def keep(site: Site, figures: dict[str, str]) -> None:
    """Keep them for README's table."""
    record(version=chroots.version(site.release), flood=figures)


def peak(service: Service) -> int:
    """The most memory that it has had, in KiB."""
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found
    return int(found[1])
