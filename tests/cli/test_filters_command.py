"""`amiguard filters`: what it prints, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lab import Ran, run
from recorded import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

NAME = "amiguard-asterisk-security-json"
CRACK = str(CORPUS / "asterisk22" / "pjsip-crack-40.json")


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


def test_test_says_whom_a_filter_names() -> None:
    assert [["SOURCE", "FAILURES"], ["198.51.100.66", "40"]] == [
        line.split() for line in run("filters", "test", NAME, CRACK).out.splitlines()
    ]
    found = run("filters", "test", NAME, CRACK, "--json").json
    assert {
        "version": 1,
        "filter": NAME,
        "found": [{"source": "198.51.100.66", "failures": 40}],
        "given_up": 0,
    } == found


def test_test_takes_the_path_of_a_filter(tmp_path: Path) -> None:
    own, log = tmp_path / "own.conf", tmp_path / "log"
    own.write_text("[Definition]\nfailregex = ^bad <HOST>$\n", encoding="utf-8")
    log.write_bytes(b"bad 203.0.113.7\r\n\xffbad 203.0.113.8\nbad 203.0.113.9")
    found = run("filters", "test", str(own), str(log), "--json").json["found"]
    assert ["203.0.113.7", "203.0.113.9"] == [each["source"] for each in found]


def test_test_fails_where_nobody_is_named() -> None:
    assert (3, "amiguard: no line matches\n") == end(run("filters", "test", f"{NAME}", __file__))


def test_test_of_a_filter_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    code, said = end(run("filters", "test", "no-such-filter", CRACK))
    assert (2, True) == (code, said.startswith("amiguard: no-such-filter: no filter no-such-filter: "))
    broken = tmp_path / "broken.conf"
    broken.write_text("[Definition]\nfailregex = (\n", encoding="utf-8")
    code, said = end(run("filters", "test", str(broken), CRACK))
    assert (2, True) == (code, "no regular expression" in said)


def end(ran: Ran) -> tuple[int, str]:
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
