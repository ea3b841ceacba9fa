"""The real service and logs that filters of fail2ban's kind read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lab import Service, attack, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

OWN = "[Definition]\nfailregex = ^ bad login from <HOST>$\n ^ words (?:[^x]+ )*bad from <HOST>$\n"
BAD = {
    "domino-smtp": "smtp: " + "a " * 7000 + "authentication failure using internet password x",
    "recidive": "fail2ban.actions" + " " * 15000 + "NOTICE ] Ban",
}
"""Lines on which these filters of fail2ban 1.0.2 take seconds, or for ever."""
SEEN = {
    "domino-smtp": "smtp: {} authentication failure using internet password",
    "recidive": "fail2ban.actions [1]: NOTICE  [sshd] Ban {}",
}

STOCK = Path("/etc/fail2ban/filter.d")
needs_stock = pytest.mark.skipif(not STOCK.is_dir(), reason="needs Debian's fail2ban package")


def stamped(text: str) -> bytes:
    return f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n".encode()


def guess(source: str, times: int = 5) -> bytes:
    return stamped(f"bad login from {source}") * times


def guarding(root: Path, name: str = "", settings: str = "") -> Service:
    """A service that follows a security log, and a log `other` by a filter."""
    (root / "own.conf").write_text(OWN, encoding="utf-8")
    entry = f'[[log]]\npath = "{root}/other"\nfilter = "{name or root / "own.conf"}"\n'
    service = Service(root, entry + settings)
    service.log.touch()
    (root / "other").touch()
    return service


def other(service: Service) -> dict[str, Any]:
    [found] = [each for each in service.status()["sources"] if each["name"].endswith("/other")]
    return found


def write(service: Service, data: bytes) -> None:
    service.write(data, service.root / "other")


def workers(service: Service) -> Iterator[int]:
    """The processes that the service has begun."""
    assert service.process
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
    yield from map(int, children.read_text().split())


def test_who_fails_in_any_log_is_kept_out_of_everything(tmp_path: Path) -> None:
    with guarding(tmp_path) as service:
        write(service, guess("203.0.113.7"))
        service.until_banned("203.0.113.7/32")
        ban = service.bans()["203.0.113.7/32"]
        assert ("house", "proven", "judged") == (ban["scope"], ban["proof"], ban["origin"])
        assert "(Failure own)" in ban["reason"]
        assert (5, 0, "following") == (other(service)["events"], 0, other(service)["state"])


def test_a_service_without_filters_has_neither_process_nor_module_for_them(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(attack("203.0.113.7"))
        service.until_banned("203.0.113.7/32")
        assert [] == [*workers(service)]
    probe = "import sys, amiguard.service; print([m for m in sys.modules if 'fail2ban' in m])"
    assert b"[]\n" == subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True).stdout


@needs_stock
@pytest.mark.parametrize("name", BAD)
def test_a_hostile_line_is_given_up_and_delays_nobody(tmp_path: Path, name: str) -> None:
    with guarding(tmp_path, name) as service:
        write(service, stamped(BAD[name]) * 5)
        service.write(attack("203.0.113.7"))
        service.until_banned("203.0.113.7/32")
        write(service, stamped(SEEN[name].format("203.0.113.8")) * 5)
        service.until_banned("203.0.113.8/32")
        told = other(service)
        assert 5 == told["ambiguous"]
        assert f"5 lines given up: they take the filter {name} too long" == told["reason"]
        assert f"it takes the filter too long ({name})" in service.said
        assert told["reason"] in service.command("status").out


def test_a_filter_that_is_stuck_delays_no_other(tmp_path: Path) -> None:
    stuck = f'[[log]]\npath = "{tmp_path}/stuck"\nfilter = "{tmp_path}/own.conf[x=y]"\n'
    (tmp_path / "stuck").touch()
    with guarding(tmp_path, settings=stuck) as service:
        line = stamped("words " + "a " * 60 + "bad from x y")
        service.write(line * 500, tmp_path / "stuck")
        until(lambda: "takes the filter too long" in service.said, "the first line given up")
        write(service, guess("203.0.113.7"))
        service.until_banned("203.0.113.7/32")


def test_what_was_read_is_not_read_again_and_what_was_not_is(tmp_path: Path) -> None:
    with guarding(tmp_path) as service:
        write(service, guess("203.0.113.7", 4))
        until(lambda: other(service)["events"] == 4, "four failures")
        assert 0 == service.stop()
        write(service, guess("203.0.113.8", 5))
        service.start()
        service.until_banned("203.0.113.8/32")
        assert 5 == other(service)["events"]
        assert "203.0.113.7/32" not in service.bans()
        write(service, guess("203.0.113.7", 1))
        service.until_banned("203.0.113.7/32")


def test_a_worker_that_is_killed_is_replaced_and_no_line_is_lost(tmp_path: Path) -> None:
    with guarding(tmp_path) as service:
        write(service, guess("203.0.113.7", 1))
        until(lambda: other(service)["events"] == 1, "a failure")
        [worker] = workers(service)
        os.kill(worker, signal.SIGKILL)
        write(service, guess("203.0.113.7", 4))
        service.until_banned("203.0.113.7/32")


def test_the_worker_ends_with_the_service_however_that_ends(tmp_path: Path) -> None:
    with guarding(tmp_path) as service:
        for end in (service.stop, service.kill):
            write(service, guess("203.0.113.7", 1))
            until(lambda: other(service)["events"] >= 1, "a failure")
            [worker] = workers(service)
            end()
            until(lambda pid=worker: not Path(f"/proc/{pid}").exists(), "the worker's end")
            service.start()


def test_it_is_never_banned_who_is_allowed_and_a_name_is_ignored(tmp_path: Path) -> None:
    with guarding(tmp_path, settings='[allow]\nnetworks = ["203.0.113.7"]\n') as service:
        write(service, guess("203.0.113.7") + guess("localhost") + guess("203.0.113.8"))
        service.until_banned("203.0.113.8/32")
        assert {"203.0.113.8/32"} == service.bans().keys()
        assert (15, 5) == (other(service)["events"], other(service)["ambiguous"])


def test_a_filter_that_cannot_be_used_is_refused_by_name_at_start_and_on_reload(tmp_path: Path) -> None:
    broken = tmp_path / "broken.conf"
    broken.write_text("[Definition]\nfailregex = (\n", encoding="utf-8")
    with guarding(tmp_path) as service:
        good = service.config.read_text(encoding="utf-8")
        service.config.write_text(good.replace("own.conf", "broken.conf"), encoding="utf-8")
        service.reload()
        assert f"log#2.filter = '{broken}': no regular expression" in service.said
        write(service, guess("203.0.113.7"))
        service.until_banned("203.0.113.7/32")
        assert 0 == service.stop()
        code, [said] = service.fails()
        assert (2, True) == (code, said.startswith(f"amiguard: {service.config}: log#2.filter = "))
        assert 2 == service.command("check").code
