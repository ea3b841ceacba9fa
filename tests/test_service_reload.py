"""SIGHUP: a new configuration takes over and nothing is forgotten; a wrong one changes nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import nft
import pytest
from lab import Service, attack, attempt, until

pytestmark = [pytest.mark.kernel, pytest.mark.nft]


def test_a_new_configuration_takes_over_and_nothing_is_forgotten(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(attack("203.0.113.7") + attack("203.0.113.8", times=3))
        service.write(attempt("203.0.113.9", kind="SuccessfulAuth"))
        service.ask("ban", address="192.0.2.1")
        service.until_read(9)
        before = service.bans()
        (tmp_path / "other").write_bytes(b"")
        settings = '[score]\nfast = { threshold = 7.0 }\n[allow]\nnetworks = ["198.51.100.0/24"]'
        service.configure(settings, logs=("security", "other"))
        service.reload()
        status, after = service.status(), service.bans()
        assert (1, 1) == (status["tracked"], status["friends"])
        assert {source: ban["until"] for source, ban in before.items()} == {
            source: ban["until"] for source, ban in after.items()
        }
        assert {"198.51.100.0/24"} == set(nft.elements("allow4"))
        service.write(attack("198.51.100.1"), tmp_path / "other")
        service.write(attempt("203.0.113.8"), tmp_path / "other")
        service.until_banned("203.0.113.8/32")
        assert 1 == service.bans()["203.0.113.8/32"]["strike"]
        assert "198.51.100.1/32" not in service.bans()
        assert "Traceback" not in service.said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[servic]", "servic"),
        ("[score]\nfast = { threshold = -1 }", "score.fast.threshold"),
        ("no TOML", "line 1"),
        ("[[log]]\npath = '/x'\nfilter = 'nope'", "log#1.filter = 'nope': no filter nope: "),
    ],
)
def test_a_wrong_file_changes_nothing_and_is_said(tmp_path: Path, text: str, why: str) -> None:
    with Service(tmp_path) as service:
        service.config.write_text(text, encoding="utf-8")
        service.reload()
        (complaint,) = [line for line in service.said.splitlines() if "ERROR" in line]
        assert "is not reloaded, the old one holds" in complaint
        assert why in complaint
        service.write(attack("203.0.113.7"))
        service.until_banned("203.0.113.7/32")


def test_a_file_that_is_gone_changes_nothing(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.config.unlink()
        service.reload()
        assert "is not reloaded" in service.said
        service.write(attack("203.0.113.7"))
        service.until_banned("203.0.113.7/32")


@pytest.mark.parametrize("lacking", ["socket", "state"])
def test_what_cannot_be_had_falls_back_to_what_worked(tmp_path: Path, lacking: str) -> None:
    with Service(tmp_path) as service:
        (tmp_path / "a file").write_text("", encoding="utf-8")
        good = service.config.read_text(encoding="utf-8")
        key = {"socket": str(service.socket), "state": f"{tmp_path}/state"}[lacking]
        service.config.write_text(
            good.replace(key, f"{tmp_path}/a file/x") + '[firewall]\ntable = "elsewhere"', encoding="utf-8"
        )
        service.write(attack("203.0.113.7", times=4))
        service.until_read(4)
        service.reload()
        assert "the new configuration does not work, the old one holds: " in service.said
        assert "elsewhere" not in nft.run("list", "tables")
        service.write(attempt("203.0.113.7"))
        service.until_banned("203.0.113.7/32")
        assert 0 == service.stop()


def test_many_reloads_while_lines_come_lose_nothing(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        sources = [f"203.0.113.{n}" for n in range(1, 41)]
        for n, source in enumerate(sources):
            service.write(attack(source, times=3))
            if n % 5 == 0:
                service.signal(signal.SIGHUP)
            service.write(attack(source, times=2))
        until(lambda: set(sources) == set(nft.elements("ban4")), "all banned")
        service.await_news("WATCHDOG=1")  # the last of these sessions has lived for a second
        service.reload()
        until(lambda: len(service.ask("history")[1]) >= 40, "all remembered")
        history = service.ask("history")[1]
        assert (40, {("judged", 1)}) == (len(history), {(ban["origin"], ban["strike"]) for ban in history})
        assert 0 == service.stop()
        assert "Traceback" not in service.said


def test_reloads_do_not_make_it_larger(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.reload()
        before = resident(service)
        for _ in range(20):
            service.reload()
        assert resident(service) - before < 4 * 2**20


def resident(service: Service) -> int:
    """Bytes of memory that it has."""
    assert service.process is not None
    pages = int(Path(f"/proc/{service.process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")
