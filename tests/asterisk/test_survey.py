"""An installation's folder is read whatever is in it, and what the host says is about its own alone."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from amiguard.asterisk import machine
from amiguard.asterisk.audit.rules import audit
from amiguard.asterisk.survey import Survey, survey

if TYPE_CHECKING:
    from pathlib import Path

USERS = 10_000


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A configuration folder."""
    path = tmp_path / "etc"
    path.mkdir(mode=0o755)
    return path


def found(surveyed: Survey) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for each in audit(surveyed.site):
        told.setdefault(each.rule, []).append(each.text)
    return told


def test_a_folder_without_configuration_cannot_be_audited(etc: Path) -> None:
    assert (f"{etc}: no configuration of Asterisk's in it",) == survey(str(etc)).unread
    assert survey(str(etc / "missing")).unread


def test_what_cannot_be_read_is_named_and_the_rest_is_audited(etc: Path) -> None:
    """A link to itself cannot be read by anyone, root included."""
    (etc / "http.conf").symlink_to(etc / "http.conf")
    (etc / "manager.conf").write_text("[general]\nenabled=yes\nbindaddr=127.0.0.1\n[bob]\nsecret=\n")
    surveyed = survey(str(etc))
    assert (f"{etc}/http.conf cannot be read: Too many levels of symbolic links",) == surveyed.unread
    assert "AMI008" in found(surveyed)
    assert {"http.conf"} == surveyed.site.unread


def test_an_include_that_cannot_be_read_takes_its_file_out(etc: Path) -> None:
    (etc / "users.inc").symlink_to(etc / "users.inc")
    (etc / "manager.conf").write_text("[general]\nenabled=yes\n[bob]\nsecret=\n#tryinclude users.inc\n")
    surveyed = survey(str(etc))
    assert {"manager.conf"} == surveyed.site.unread
    assert "AMI008" not in found(surveyed)


def test_an_include_that_we_cannot_read_is_not_held_against_its_file(etc: Path) -> None:
    """Asterisk's own user may be able to."""
    (etc / "users.inc").symlink_to(etc / "users.inc")
    (etc / "manager.conf").write_text("[general]\n#include users.inc\n")
    assert () == survey(str(etc)).site.refused


@pytest.mark.root
def test_a_certificate_that_we_may_not_read_is_not_held_against_it(etc: Path) -> None:
    file = etc / "ami.crt"
    file.touch(mode=0o600)
    os.seteuid(65534)
    try:
        assert machine._certificate(file) is None
    finally:
        os.seteuid(0)


def test_what_asterisk_refuses_is_said_with_its_line(etc: Path) -> None:
    (etc / "manager.conf").write_text("[general]\nenabled = yes\n[bob\nsecret = hunter2-hunter2\n")
    (refused,) = (each for each in audit(survey(str(etc)).site) if each.rule == "CFG001")
    assert "Asterisk discards the whole file: no closing ']'" == refused.text
    assert [(f"{etc}/manager.conf", 3)] == [each.place for each in refused.lines]


def test_exec_is_told_of_and_never_run(etc: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    (etc / "manager.conf").write_text(f"[general]\n#exec /bin/touch {made} --secret=hunter2\n")
    (found_,) = (each for each in audit(survey(str(etc)).site) if each.rule == "AMI025")
    assert "#exec /bin/touch ..." == found_.lines[0].text
    assert not made.exists()


def test_includes_that_go_in_circles_end(etc: Path) -> None:
    (etc / "manager.conf").write_text("[general]\n#tryinclude manager.conf\n#tryinclude manager.conf\n")
    (etc / "http.conf").write_text("[general]\n#include http.conf\n")
    assert {"CFG001"} <= found(survey(str(etc))).keys()


def test_who_may_read_a_file_is_seen(etc: Path) -> None:
    file = etc / "manager.conf"
    file.write_text("[bob]\nsecret = x\n")
    file.chmod(0o640)
    os.chown(file, -1, os.getgid())
    assert "AMI025" not in found(survey(str(etc)))
    file.chmod(0o644)
    assert ["every user of this host reads the secrets in it"] == found(survey(str(etc)))["AMI025"]
    etc.chmod(0o777)
    assert (
        "every user of this host changes this folder of the configuration"
        in found(survey(str(etc)))["AMI025"]
    )


def test_another_hosts_configuration_is_not_judged_by_this_hosts_sockets(etc: Path) -> None:
    (etc / "manager.conf").write_text("[general]\n")
    facts = survey(str(etc), guarded=False).site.facts
    assert (False, (), None, None) == (facts.here, facts.listeners, facts.version, facts.guarded)


def test_this_hosts_own_configuration_is(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (etc / "logger.conf").write_text(f"[logfiles]\n{etc}/security => security\n/none/security => security\n")
    (etc / "security").write_bytes(b"x" * 300_000 + b"ERROR: Failed to issue security event of type X\n")
    (etc / "asterisk.conf").write_text(f"[directories]\nastetcdir => {etc}\nastmoddir => {etc}\n")
    (etc / "manager.conf").write_text(f"[general]\ntlsenable=yes\ntlscertfile={etc}/security\n")
    (etc / "chan_sip.so").touch()
    monkeypatch.setattr("amiguard.asterisk.survey.DIRECTORY", str(etc))
    facts = survey("", guarded=False).site.facts
    assert (True, False, frozenset({"chan_sip"})) == (facts.here, facts.guarded, facts.modules)
    assert {"127.0.0.1"} <= {each.address for each in facts.own}
    assert {"": ("Failed to issue security event",), "does not exist": ()} == dict(facts.logs.values())
    assert {f"{etc}/security": "cannot be read: no certificate in it"} == facts.certificates
    assert survey(str(etc)).site.facts.here


def test_a_file_without_a_known_owner_has_a_number(etc: Path) -> None:
    unknown = os.stat_result((0o100644, 0, 0, 1, 4_000_000_001, 4_000_000_002, 0, 0, 0, 0))
    status = machine.statuses({f"{etc}/x": unknown})[f"{etc}/x"]
    assert ("4000000001", "4000000002", False) == (status.owner, status.group, status.directory)


def test_ten_megabytes_and_ten_thousand_users_take_about_a_second(etc: Path) -> None:
    body = "".join(
        f"[user{n}]\nsecret = Xo9-fuRr4kJm2Vq8sTz1\ndeny=0.0.0.0/0\npermit=127.0.0.1\n; {'x' * 950}\n"
        for n in range(USERS)
    )
    (etc / "manager.conf").write_text("[general]\nenabled=yes\nbindaddr=127.0.0.1\n" + body)
    begin = time.process_time()
    surveyed = survey(str(etc))
    read = time.process_time() - begin
    assert USERS == len(surveyed.site.manager.users)
    audit(surveyed.site)
    assert read < 2.5, "0.2 s on an idle machine of 2024"
    assert time.process_time() - begin < 10, "with all rules 1.2 s"
