"""What a plan changes: the least, where the product leaves room for it, and the second time nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from installations import DEBIAN, FREEPBX, FRESH, PLAIN, afterwards, view
from patience import looked

from amiguard.asterisk.audit.facts import Version
from amiguard.asterisk.audit.manager import manager
from amiguard.asterisk.channels import channels
from amiguard.asterisk.conf import ConfError
from amiguard.asterisk.sections import Conf
from amiguard.config import parse
from amiguard.setup import tree
from amiguard.setup.difference import difference
from amiguard.setup.plan import plan
from amiguard.setup.rotation import FILE
from amiguard.setup.view import CONFIG, CREDENTIAL, Folder, Unit, View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amiguard.setup.view import Plan

ASTERISK = "/etc/asterisk/"


def after(found: View) -> tuple[Plan, Mapping[str, bytes]]:
    """The plan, and all files when it has been carried out; then there is nothing left to do."""
    planned = plan(found)
    done = afterwards(found, planned)
    assert () == plan(done).changes
    return planned, done.texts


def touched(planned: Plan) -> set[str]:
    """Which of Asterisk's files are changed."""
    return {each.path.removeprefix(ASTERISK) for each in planned.changes if each.path.startswith(ASTERISK)}


def logged(texts: Mapping[str, bytes]) -> set[tuple[str, str, frozenset[str]]]:
    found = channels(tree.conf(texts, ASTERISK, "logger.conf"), "/log")
    return {(each.name, each.format, each.levels) for each in found}


@pytest.mark.parametrize(
    ("texts", "product", "files"),
    [
        (DEBIAN, "", {"logger.conf", "manager.d/amiguard.conf"}),
        (PLAIN, "", {"logger.conf", "manager.conf"}),
        (FREEPBX, "FreePBX", {"logger_logfiles_custom.conf", "manager_custom.conf"}),
    ],
    ids=["Debian", "Asterisk alone", "FreePBX"],
)
def test_asterisk_then_has_both_logs_and_the_user(
    texts: dict[str, str], product: str, files: set[str]
) -> None:
    planned, done = after(view(texts, product=product))
    assert files == touched(planned)
    assert {
        ("security.json", "json", frozenset({"security"})),
        ("notice", "default", frozenset({"notice"})),
    } <= logged(done)
    ami = manager(tree.conf(done, ASTERISK, "manager.conf"), Conf(()))
    [user] = [each for each in ami.users if each.name == "amiguard"]
    assert (True, "127.0.0.1", 5038) == (ami.enabled, ami.bind.host, ami.bind.port)
    assert ({"security", "system"}, {"reporting"}) == (user.classes("read"), user.classes("write"))
    assert () == planned.notes


def test_amiguard_then_listens_to_all_three() -> None:
    planned, done = after(view(DEBIAN))
    config = parse(done[CONFIG].decode(), CONFIG)
    assert [
        ("/var/log/asterisk/security.json", "asterisk-security"),
        ("/var/log/asterisk/notice", "asterisk-notice"),
    ] == [(log.path, log.filter) for log in config.logs]
    assert [("127.0.0.1", 5038, "amiguard", CREDENTIAL)] == [
        (ami.host, ami.port, ami.username, ami.secret_file) for ami in config.ami
    ]
    assert f"{FRESH}\n".encode() == done[CREDENTIAL]
    assert {CREDENTIAL: 0o600, CONFIG: 0o644} == {
        each.path: each.mode for each in planned.changes if each.path in {CREDENTIAL, CONFIG}
    }


def test_asterisk_reads_only_what_has_changed() -> None:
    planned, done = after(view(DEBIAN))
    assert ["logger reload", "manager reload"] == [step.words[2] for step in planned.steps]
    text = {path: data.decode() for path, data in done.items()} | DEBIAN | {CONFIG: done[CONFIG].decode()}
    del text["/etc/asterisk/manager.conf"]
    assert "manager reload" in [step.words[2] for step in plan(view(text)).steps]
    silent = plan(view(DEBIAN, answers=False))
    assert ((), 2) == (silent.steps, sum("when it starts" in note for note in silent.notes))


def test_what_is_there_already_is_used() -> None:
    texts = {
        "/etc/asterisk/logger.conf": "[logfiles]\naudit => [json]security,notice\nn => notice\n",
        "/etc/asterisk/manager.conf": (
            "[general]\nenabled=yes\nport=6038\n[AmiGuard]\nsecret=theirs\nread=system,security\n"
        ),
        "/etc/logrotate.d/all": '# /x\n"/var/log/asterisk/aud*" /var/log/asterisk/n\n{\n weekly\n}\n',
    }
    planned, done = after(view(texts))
    assert {CONFIG, CREDENTIAL} == {change.path for change in planned.changes}
    config = parse(done[CONFIG].decode(), CONFIG)
    assert ["/var/log/asterisk/audit", "/var/log/asterisk/n"] == [log.path for log in config.logs]
    assert (6038, b"theirs\n") == (config.ami[0].port, done[CREDENTIAL])


def test_the_secret_that_we_have_is_kept() -> None:
    mine = "0123456789-mine-0123456789-mine"
    _, done = after(view(DEBIAN | {CREDENTIAL: f"{mine}\n"}))
    assert f"secret = {mine}\n".encode() in done["/etc/asterisk/manager.d/amiguard.conf"]
    assert f"{mine}\n".encode() == done[CREDENTIAL]


def test_a_configuration_of_their_own_is_left_as_it_is() -> None:
    theirs = '[[log]]\npath = "/a"\n[[ami]]\nhost = "192.0.2.1"\ninsecure = true\nusername = "other"\n'
    planned, done = after(view(DEBIAN | {CONFIG: theirs}))
    assert {"logger.conf"} == touched(planned)
    assert theirs.encode() == done[CONFIG]
    assert CREDENTIAL not in done


@pytest.mark.parametrize(
    ("theirs", "added"),
    [
        ('filter = "sshd"', ["asterisk-security", "asterisk-notice"]),
        ('filter = "asterisk-notice"', ["asterisk-security"]),
    ],
)
def test_asterisks_log_is_listened_to_though_others_are(theirs: str, added: list[str]) -> None:
    """Where any log is named, none is discovered."""
    _, done = after(view(DEBIAN | {CONFIG: f'[[log]]\npath = "/log/theirs"\n{theirs}\n'}))
    logs = parse(done[CONFIG].decode(), CONFIG).logs
    assert ("/log/theirs", added) == (logs[0].path, [log.filter for log in logs[1:]])


def test_a_configuration_without_our_comments_is_added_to() -> None:
    _, done = after(view(DEBIAN | {CONFIG: "[ban]\nshared = true"}))
    assert done[CONFIG].startswith(b"[ban]\nshared = true\n\n[[log]]\n")
    assert parse(done[CONFIG].decode(), CONFIG).ban.shared


def test_where_hostnames_are_appended_the_name_on_the_disk_is_followed() -> None:
    named = DEBIAN | {"/etc/asterisk/logger.conf": "[general]\nappendhostname=yes\n[logfiles]\n"}
    _, done = after(view(named))
    assert b'path = "/var/log/asterisk/security.json.pbx"' in done[CONFIG]
    assert b"/var/log/asterisk/notice.pbx\n" in done[FILE]


def test_a_name_that_is_taken_is_not_taken_again() -> None:
    taken = DEBIAN | {
        "/etc/asterisk/logger.conf": (
            "[logfiles]\nnotice => notice,error\nsecurity.json => security\nfull => notice\n"
        )
    }
    _, done = after(view(taken))
    assert {("amiguard-security.json", "json"), ("amiguard-notice", "default")} <= {
        (name, format_) for name, format_, _ in logged(done)
    }


@pytest.mark.parametrize(
    ("texts", "product", "note"),
    [
        (
            {"/etc/asterisk/logger.conf": "[logfiles\n"},
            "",
            "no closing ']'; Asterisk discards the whole file",
        ),
        (
            {"/etc/asterisk/manager.conf": "x = 1\n"},
            "",
            "a variable before the first section; Asterisk discards",
        ),
        (
            {"/etc/asterisk/manager.conf": "[general]\nwebenabled = yes\n"},
            "",
            "the AMI is off, and with it webenabled",
        ),
        ({"/etc/asterisk/manager.conf": "[general]\n"}, "FreePBX", "the AMI is off: switch it on"),
        (
            {"/etc/asterisk/manager.conf": "[general]\nbindaddr = 192.0.2.1\n"},
            "",
            "the AMI listens on 192.0.2.1:5038",
        ),
        (
            {"/etc/asterisk/manager.conf": "[general]\nenabled = yes\n[amiguard]\nsecret=x\nread=system\n"},
            "",
            "/etc/asterisk/manager.conf:3: [amiguard] does not read security",
        ),
        (
            {"/etc/asterisk/manager.conf": "[general]\nenabled = yes\n[amiguard]\nread=security,system\n"},
            "",
            "[amiguard] has no secret",
        ),
        ({CONFIG: "wrong = 1\n"}, "", "wrong = 1: unknown key"),
        ({}, "MikoPBX", "MikoPBX writes Asterisk's files anew"),
        ({"/etc/asterisk/logger.conf": "[logfiles]\n;-- open\n", CONFIG: ""}, "", ""),
    ],
)
def test_what_is_not_ours_to_do_is_said(texts: dict[str, str], product: str, note: str) -> None:
    planned, _ = after(view(DEBIAN | texts, product=product))
    assert note in "\n".join(planned.notes)


def test_nothing_is_written_into_files_of_a_product_that_writes_them_anew() -> None:
    assert set() == touched(plan(view(PLAIN, product="MikoPBX")))
    assert set() == touched(plan(view(PLAIN, version=Version(13, 38, 0))))
    assert set() == touched(plan(view({})))


def test_an_ami_that_is_switched_on_listens_here_alone() -> None:
    _, done = after(view(PLAIN))
    assert b"enabled = yes  ; not yet\nbindaddr = 127.0.0.1\n" in done["/etc/asterisk/manager.conf"]


def test_the_service_may_read_what_belongs_to_another_group() -> None:
    folders = {
        "/etc/asterisk": Folder("asterisk", "asterisk"),
        "/var/log/asterisk": Folder("asterisk", "adm", open=False),
    }
    _, done = after(view(DEBIAN, folders=folders, unit=Unit(there=True)))
    assert b"SupplementaryGroups=adm\n" in done["/etc/systemd/system/amiguard.service.d/asterisk.conf"]
    assert b"    su asterisk adm\n" in done[FILE]


def test_the_service_is_started_and_later_restarted_only_for_a_change() -> None:
    ours = {"/etc/systemd/system/amiguard.service": b"[Service]\n"}
    first = plan(view(DEBIAN, unit=Unit(there=True, booted=True), ours=ours))
    assert ["systemd-sysusers", "systemd-tmpfiles", "daemon-reload", "enable", "restart"] == [
        step.words[0] if len(step.words) < 3 and "systemctl" not in step.words else step.words[1]
        for step in first.steps[2:]
    ]
    done = afterwards(view(DEBIAN), plan(view(DEBIAN)))
    running = view(
        {path: text.decode() for path, text in done.texts.items()}, unit=Unit(True, True, True, True)
    )
    assert ((), ()) == plan(running)[:2]


def test_no_secret_is_shown() -> None:
    secrets = "[old]\nsecret = s3cr3t\n;secret = s3cr3t\n;x = 1 ; password=s3cr3t\nregister => u:s3cr3t@h\n"
    found = view(PLAIN | {"/etc/asterisk/manager.conf": f"[general]\nenabled = no\n{secrets}"})
    planned, _ = after(found)
    shown = "\n".join(line for change in planned.changes for line in difference(change))
    assert "+enabled = yes" in shown
    assert 5 <= shown.count("****")
    assert not re.search(f"s3cr3t|{FRESH}", shown)


LINES = st.sampled_from(
    [
        *(
            "[general]",
            "[logfiles]",
            "[LogFiles](+)",
            "[t](!)",
            "[amiguard]",
            "[x](t)",
            ";--",
            "--;",
            "",
            "; comment",
        ),
        *("enabled = yes", "enabled = no", "bindaddr = 0.0.0.0", "bindaddr=127.0.0.1", "port => 6000"),
        *("secret = one;two", "read = security,system", "read = all", "webenabled = yes", "[broken"),
        *("messages => notice,error", "n => notice", "j => [json]security", "console => [json]security"),
        *(
            '#include "more.conf"',
            "#tryinclude *.d/*.conf",
            "#include manager_custom.conf",
            "appendhostname = yes",
        ),
        *(
            "enabled = yes ; why\r",
            "[general]\r",
            "enabled => no",
            "security.json => security",
            "notice => *",
        ),
    ]
)
TEXTS = st.lists(LINES, max_size=12).flatmap(
    lambda lines: st.sampled_from(["\n".join(lines), "\n".join([*lines, ""])])
)


@looked(150)
@given(
    st.fixed_dictionaries(
        {f"{ASTERISK}logger.conf": TEXTS, f"{ASTERISK}manager.conf": TEXTS},
        optional={
            f"{ASTERISK}{name}": TEXTS
            for name in ("more.conf", "manager_custom.conf", "logger_logfiles_custom.conf", "a.d/b.conf")
        }
        | {
            CREDENTIAL: st.text("abc\n ", max_size=20),
            CONFIG: st.sampled_from(["", "[[log]]\n", "x=", "[ban]"]),
        },
    ),
    st.sampled_from(["", "FreePBX"]),
)
def test_a_second_time_there_is_nothing_to_do_and_nothing_was_lost(
    texts: dict[str, str], product: str
) -> None:
    found = view(texts, product=product)
    planned, done = after(found)
    for change in planned.changes:
        kept = iter(change.after.splitlines())
        lost = [line for line in (change.before or b"").splitlines() if line not in kept]
        switched = all(re.match(rb"(enabled|bindaddr)\s*=", line) for line in lost)
        assert switched or change.path == CREDENTIAL
        assert product != "FreePBX" or not change.path.startswith(ASTERISK) or "_custom." in change.path
    for name in ("logger.conf", "manager.conf"):
        try:
            tree.conf(found.texts, ASTERISK, name)
        except ConfError:
            continue
        tree.conf(done, ASTERISK, name)
