"""The service's figures: on a page, in a file, right, and judged by Prometheus's own tool."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import nft
import pytest
import readme
from lab import Service, attack, attempt, until
from prometheus_client.parser import text_string_to_metric_families as parsed

from amiguard.metrics.exporter import CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

PORT = 9872
LISTEN = f'[metrics]\nlisten = "127.0.0.1:{PORT}"\n'
ATTACKER = "203.0.113.7"
DASHBOARD = Path(__file__).parents[1] / "systemd" / "grafana.json"
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(path: str = "/metrics") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def figures(text: str) -> Figures:
    samples = (sample for family in parsed(text) for sample in family.samples)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def figure(name: str, **labels: str) -> float:
    """What the page says now; 0 if nothing."""
    return figures(scraped()[1]).get((f"amiguard_{name}", frozenset(labels.items())), 0.0)


def total(name: str, **labels: str) -> float:
    """The sum of all samples of that name with these labels."""
    found = figures(scraped()[1]).items()
    return sum(
        value
        for (its, have), value in found
        if its == f"amiguard_{name}" and labels.items() <= dict(have).items()
    )


def test_what_was_done_is_counted(tmp_path: Path) -> None:
    with Service(tmp_path, LISTEN) as service:
        challenges = b"".join(attempt("198.51.100.9", kind="ChallengeSent") for _ in range(7))
        service.write(challenges + attack(ATTACKER))
        service.until_banned(f"{ATTACKER}/32")
        until(lambda: 12 == total("events_total"), "the events")
        log = str(service.log)
        failed = {"source": log, "event": "InvalidPassword", "transport": "TCP", "proof": "proven"}
        assert 5 == total("events_total", **failed)
        assert 7 == total("events_total", event="ChallengeSent")
        assert 12 == figure("source_events_total", source=log)
        assert (1, 1) == (figure("source_up", source=log), figure("active_bans", origin="judged"))
        assert 1 == figure("bans_total", rule="fast", proof="proven")
        assert 1 == figure("event_to_ban_seconds_count") == figure("event_to_ban_seconds_bucket", le="+Inf")
        assert 0 < figure("event_to_ban_seconds_sum") < 60
        nft.run("delete table inet amiguard")
        until(lambda: 1 == figure("firewall_repairs_total"), "the repair")
        assert (1, 1) == (figure("firewall_up"), figure("store_up"))


def test_promtool_finds_nothing_amiss(tmp_path: Path) -> None:
    if not shutil.which("promtool"):
        pytest.skip("needs promtool")
    with Service(tmp_path, LISTEN) as service:
        service.write(attack(ATTACKER))
        service.until_banned(f"{ATTACKER}/32")
        page = scraped()[1]
    judged = subprocess.run(
        ["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )
    assert (0, "") == (judged.returncode, judged.stdout + judged.stderr)


def test_the_file_is_whole_at_every_moment_and_all_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "amiguard.prom"
    with Service(tmp_path, f'[metrics]\ntextfile = "{file}"\n'):
        until(file.exists, "the file")
        assert ("amiguard_firewall_up", frozenset()) in figures(file.read_text())
        assert 0o644 == file.stat().st_mode & 0o777
        assert [file] == list(tmp_path.glob("*amiguard.prom*"))


def test_a_file_that_cannot_be_written_is_said_and_the_guard_goes_on(tmp_path: Path) -> None:
    with Service(tmp_path, f'[metrics]\ntextfile = "{tmp_path}/none/amiguard.prom"\n') as service:
        until(lambda: "none/amiguard.prom: No such file or directory" in service.said, "the complaint")
        service.write(attack(ATTACKER))
        service.until_banned(f"{ATTACKER}/32")


def test_who_asks_for_something_else_is_told_so(tmp_path: Path) -> None:
    with Service(tmp_path, LISTEN):
        assert (404, "Not Found\n") == scraped("/")


def test_who_says_nothing_holds_up_nobody_for_long(tmp_path: Path) -> None:
    with Service(tmp_path, LISTEN) as service:
        silent = [socket.create_connection(("127.0.0.1", PORT)) for _ in range(CONNECTIONS * 2)]
        service.write(attack(ATTACKER))
        service.until_banned(f"{ATTACKER}/32")
        assert 200 == scraped()[0], "as soon as those before it have had their time"
        assert 0 == service.stop()
        for each in silent:
            each.close()


def test_an_address_that_is_taken_stops_a_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", PORT)):
        code, said = Service(tmp_path, LISTEN).fails()
    assert (1, [f"amiguard: cannot listen on 127.0.0.1 port {PORT}: Address already in use"]) == (code, said)


def test_a_reload_takes_the_address_again(tmp_path: Path) -> None:
    with Service(tmp_path, LISTEN) as service:
        assert 200 == scraped()[0]
        service.reload()
        assert 200 == scraped()[0]


def test_without_metrics_nobody_listens_and_nothing_is_counted(tmp_path: Path) -> None:
    with Service(tmp_path), pytest.raises(ConnectionRefusedError):
        scraped()


def test_promtool_understands_what_the_dashboard_asks(tmp_path: Path) -> None:
    if not shutil.which("promtool"):
        pytest.skip("needs promtool")
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    rules = [{"record": "x", "expr": each.replace("$__rate_interval", "5m")} for each in asked]
    file = tmp_path / "rules.yml"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}), encoding="utf-8")
    subprocess.run(["promtool", "check", "rules", "--lint=none", str(file)], check=True, capture_output=True)


def test_readme_names_every_figure(tmp_path: Path) -> None:
    with Service(tmp_path, LISTEN):
        told = set(names(scraped()[1]))
    told -= {f"amiguard_event_to_ban_seconds_{part}" for part in ("bucket", "sum", "count")}
    shown = readme.TEXT.replace("`_lag_seconds`", "amiguard_source_lag_seconds").replace(
        "`_silent`", "amiguard_source_silent"
    )
    assert set() == told - set(names(shown))


def names(value: object) -> Iterator[str]:
    """All names of figures that the dashboard asks for."""
    yield from re.findall(r"amiguard_[a-z_]+", json.dumps(value))


def test_the_dashboard_asks_only_for_what_there_is(tmp_path: Path) -> None:
    asked = set(names(json.loads(DASHBOARD.read_text(encoding="utf-8"))))
    with Service(tmp_path, LISTEN):
        told = set(names(scraped()[1]))
    assert len(asked) > 10
    assert set() == asked - told - {
        f"amiguard_event_to_ban_seconds_{part}" for part in ("bucket", "sum", "count")
    }
