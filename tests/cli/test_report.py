"""`report`: what a real service has seen, told by it or, when it is down, by store and kernel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from lab import Service, attack, run, until

if TYPE_CHECKING:
    from pathlib import Path

DONE, FAILED, USAGE = range(3)


def told(service: Service, *words: str) -> dict[str, Any]:
    answer: dict[str, Any] = service.command("report", "--json", *words).json
    return answer


def attacked(service: Service) -> dict[str, Any]:
    """Be attacked, and wait until the store knows."""
    service.write(attack("203.0.113.7") + attack("203.0.113.8", transport="UDP"))
    service.until_banned("203.0.113.7/32", "203.0.113.8/32")
    return until(
        lambda: (report := told(service))["bans"]["sources"] == 2 and report, "both bans in the store"
    )


@pytest.mark.kernel
def test_it_tells_what_happened_and_how_the_service_does(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        report = attacked(service)
    assert [{"name": "InvalidPassword", "times": 10}] == report["failures"]["by_event"]
    assert {("TCP", 5), ("UDP", 5)} == {
        (row["name"], row["times"]) for row in report["failures"]["by_transport"]
    }
    assert [{"network": "203.0.113.0/24", "bans": 2, "sources": 2, "packets": 0}] == report["networks"]
    assert {"203.0.113.7", "203.0.113.8"} == {ban["address"] for ban in report["standing"]["bans"]}
    assert ("ok", []) == (report["status"]["firewall"]["state"], report["gaps"])
    assert [("101", "tries", 2, 10)] == [
        (row["account"], row["attack"], row["sources"], row["failures"]) for row in report["attacks"]
    ]
    assert [("101", 2, 10)] == [(row["name"], row["sources"], row["tries"]) for row in report["accounts"]]


@pytest.mark.kernel
def test_it_tells_the_same_when_the_service_was_killed_and_counts_nothing_twice(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        before = attacked(service)
        service.kill()
        after = told(service)
        service.start()
        service.write(attack("203.0.113.9"))
        service.until_banned("203.0.113.9/32")
        again = until(
            lambda: (one := told(service))["bans"]["sources"] == 3 and one, "the third in the store"
        )
    assert after["status"] is None
    [gap] = after["gaps"]
    assert "no service answers" in gap
    for name in ("failures", "networks", "accounts", "attacks", "delays"):
        assert before[name] == after[name]
    assert before["bans"]["by_proof"] == after["bans"]["by_proof"]
    assert 2 == after["standing"]["total"]
    assert [{"name": "InvalidPassword", "times": 15}] == again["failures"]["by_event"]


@pytest.mark.kernel
def test_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    page, sheet = tmp_path / "report.html", tmp_path / "report.csv"
    with Service(tmp_path) as service:
        ran = service.command("report", "--html", str(page), "--csv", str(sheet))
        assert (DONE, "", "") == (ran.code, ran.out, ran.err)
        both = service.command("report", "--html", "-", "--json")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert sheet.read_text(encoding="utf-8").startswith("section,time,name,measure,value")
    html, _, document = both.out.rpartition("</html>\n")
    assert html.startswith("<!DOCTYPE html>")
    assert 1 == json.loads(document)["version"]


def test_without_a_store_there_is_nothing_to_report(tmp_path: Path) -> None:
    config, page = tmp_path / "amiguard.toml", tmp_path / "report.html"
    config.write_text(f'[service]\nstate_dir = "{tmp_path}/state"\nsocket = "{tmp_path}/socket"\n')
    page.write_text("yesterday's")
    ran = run("report", "--config", str(config), "--html", str(page))
    assert FAILED == ran.code
    assert f"{tmp_path}/state/amiguard.db: cannot read: No such file or directory" in ran.err
    assert "yesterday's" == page.read_text()


@pytest.mark.parametrize("since", ["30", "59m", "367d", "forever", "-1d"])
def test_how_far_back_must_be_a_time_that_makes_sense(since: str) -> None:
    ran = run("report", "--since", since)
    assert USAGE == ran.code
    assert "--since" in ran.err
