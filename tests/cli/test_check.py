"""`check` says plainly how things stand, and ends with 1 if something stands in the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import written
from click.testing import CliRunner
from lab import Ran, Service, attack, attempt, run

from amiguard.cli import cli

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kernel]


def found(ran: Ran) -> dict[str, tuple[str, str]]:
    findings: list[dict[str, Any]] = ran.json["findings"]
    assert all({"level", "subject", "text", "mend"} == each.keys() for each in findings)
    return {each["subject"]: (each["level"], each["text"]) for each in findings}


def test_a_guarded_host_is_all_right(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.write(attack("203.0.113.7"))
        ran = service.command("check", "--json")
    told = found(ran)
    assert (0, 1) == (ran.code, ran.json["version"])
    assert {"ok"} == {level for level, _ in told.values()}
    assert "classic, 5 events and 0 ambiguous" in told[str(service.log)][1]
    assert "guarding since" in told["service"][1]


def test_what_is_missing_is_a_warning_with_its_mend(tmp_path: Path) -> None:
    service = Service(tmp_path, logs=("security", "empty", "other"))
    (tmp_path / "empty").touch()
    (tmp_path / "other").write_text("not a log\n", encoding="utf-8")
    ran = service.command("check", "--json")
    told = found(ran)
    assert 0 == ran.code
    assert ("warning", "does not exist yet; it is followed when it does") == told[str(service.log)]
    assert ("ok", "empty so far") == told[str(tmp_path / "empty")]
    assert ("warning", "holds no security event") == told[str(tmp_path / "other")]
    assert "warning" == told["service"][0]
    assert "WARNING" in service.command("check").out
    service.news.close()


def test_json_is_the_better_log_and_needs_no_mend(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.write(written.as_json(attempt("203.0.113.7").partition(b".c: ")[2].rstrip()))
    assert ("ok", "json, 1 events and 0 ambiguous records at its end") == found(
        service.command("check", "--json")
    )[str(service.log)]
    service.news.close()


def test_what_stands_in_the_way_is_exit_code_1(tmp_path: Path) -> None:
    service = Service(tmp_path, logs=("folder",))
    (tmp_path / "folder").mkdir()
    ran = service.command("check", "--json")
    assert (1, "amiguard: something stands in the way\n") == (ran.code, ran.err)
    assert ("error", "not a regular file") == found(ran)[str(tmp_path / "folder")]
    service.news.close()


def test_a_dry_run_is_said(tmp_path: Path) -> None:
    file = tmp_path / "amiguard.toml"
    file.write_text(f'[service]\ndry_run = true\nstate_dir = "{tmp_path}/a/b/c"\n', encoding="utf-8")
    told = found(run("check", "--json", "--config", str(file)))
    assert ("warning", "dry_run is on: nobody is kept out") == told["firewall"]
    assert "ok" == told["store"][0]


def test_hostile_bytes_in_a_log_are_no_trouble(tmp_path: Path) -> None:
    service = Service(tmp_path, logs=("security", "*.log"))
    (tmp_path / "\x07\x9b2J.log").touch()
    service.write(b"\x1b[2J\xff\x00\n" * 50 + attack("203.0.113.7"))
    ran = service.command("check")
    assert 0 == ran.code
    assert ran.out.replace("\n", "").isprintable()
    service.news.close()


def test_the_usual_file_is_named_where_it_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "amiguard.toml"
    file.write_text(f'[service]\nstate_dir = "{tmp_path}/state"\n', encoding="utf-8")
    monkeypatch.setattr("amiguard.cli.common.CONFIG", str(file))
    (told,) = (
        each
        for each in json.loads(CliRunner().invoke(cli, ["check", "--json"]).stdout)["findings"]
        if each["subject"] == "configuration"
    )
    assert str(file) == told["text"]


def test_the_usual_file_is_named_where_it_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amiguard.cli.common.CONFIG", str(tmp_path))
    ran = CliRunner().invoke(cli, ["status"])
    assert (2, f"amiguard: {tmp_path}: Is a directory\n") == (ran.exit_code, ran.stderr)
