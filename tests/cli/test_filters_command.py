"""`amiguard filters`: what it prints, and how it ends."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from lab import run
from recorded import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

NAME = "amiguard-asterisk-security-json"
CRACK = str(CORPUS / "asterisk22" / "pjsip-crack-40.json")
needs_fail2ban = pytest.mark.skipif(
    not shutil.which("fail2ban-regex"), reason="needs the fail2ban-regex program"
)


@pytest.fixture
def tree(tmp_path: Path) -> str:
    (tmp_path / "filter.d").mkdir()
    return str(tmp_path)


def test_list_says_of_every_file_what_it_is_for() -> None:
    listed = run("filters", "list", "--json").json["files"]
    assert {"path": f"filter.d/{NAME}.conf", "for": PURPOSE} in listed
    assert [] == [each for each in listed if not each["for"]]
    assert PURPOSE in run("filters", "list").out


PURPOSE = "failed log-ins in Asterisk's security log (JSON)"


@pytest.mark.parametrize("name", [NAME, f"filter.d/{NAME}.conf"])
def test_show_prints_the_file(name: str) -> None:
    text = run("filters", "show", name).out
    assert text.startswith(f"# fail2ban filter: {PURPOSE}.\n")
    assert {"version": 1, "path": f"filter.d/{NAME}.conf", "text": text} == run(
        "filters", "show", name, "--json"
    ).json


def test_show_of_what_there_is_not_fails() -> None:
    assert 3 == run("filters", "show", "sshd").code


@needs_fail2ban
def test_test_says_whom_a_filter_names() -> None:
    assert [["SOURCE", "FAILURES"], ["198.51.100.66", "40"]] == [
        line.split() for line in run("filters", "test", NAME, CRACK).out.splitlines()
    ]
    found = run("filters", "test", NAME, CRACK, "--json").json
    assert {"version": 1, "filter": NAME, "found": [{"address": "198.51.100.66", "failures": 40}]} == found


@needs_fail2ban
def test_test_knows_filters_of_fail2bans_own() -> None:
    log = CORPUS / "asterisk22" / "pjsip-register-wrong-password.security"
    assert "198.51.100.66" in run("filters", "test", "asterisk", str(log)).out


@needs_fail2ban
def test_test_fails_where_nobody_is_named_or_no_filter_is() -> None:
    assert (3, "amiguard: no line matches\n") == end(run("filters", "test", "asterisk", CRACK))
    code, said = end(run("filters", "test", "no-such-filter", CRACK))
    assert (1, True) == (code, said.startswith("amiguard: fail2ban-regex: "))


def test_test_without_fail2ban_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert 1 == run("filters", "test", NAME, CRACK).code


def end(ran: object) -> tuple[int, str]:
    return ran.code, ran.err


def test_install_and_uninstall_say_what_they_did(tree: str) -> None:
    first = run("filters", "install", "--into", tree)
    assert "No jail is on" in first.out
    assert ["filter.d/amiguard-asterisk-calls-json.conf", "new"] == first.out.splitlines()[1].split()
    again = run("filters", "install", "--into", tree, "--json").json["files"]
    assert {"unchanged"} == {step["done"] for step in again}
    assert 0 == run("filters", "uninstall", "--into", tree).code
    assert 3 == run("filters", "uninstall", "--into", tree).code


def test_a_folder_that_is_no_tree_is_refused(tmp_path: Path) -> None:
    assert (1, f"amiguard: {tmp_path} is no fail2ban tree: it has no filter.d\n") == end(
        run("filters", "install", "--into", str(tmp_path))
    )


def test_a_tree_that_cannot_be_written_is_an_error(tree: str, tmp_path: Path) -> None:
    (tmp_path / "action.d").write_text("a file", encoding="utf-8")
    code, said = end(run("filters", "install", "--into", tree))
    assert (1, True) == (code, "Not a directory" in said or "File exists" in said)
