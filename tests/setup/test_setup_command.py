"""`setup` shows first, does when asked to, keeps what was there, and the second time has nothing to do."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from installations import DEBIAN, view
from lab import Ran, run

from amiguard.asterisk.console import Console
from amiguard.setup import making
from amiguard.setup.look import look
from amiguard.setup.plan import plan
from amiguard.setup.view import CONFIG, CREDENTIAL, Change, Folder, Plan, Step

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = Console("/nowhere/asterisk.ctl")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Debian with an Asterisk, as far as `setup` looks at it."""
    for path, text in DEBIAN.items():
        file = tmp_path / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o640)
    (tmp_path / "var/log/asterisk").mkdir(parents=True)
    (tmp_path / "usr/lib/systemd").mkdir(parents=True)
    (tmp_path / "etc/group").write_text(f"root:x:0:\nasterisk:x:{os.getegid()}:\n", encoding="utf-8")
    (tmp_path / "etc/passwd").write_text(f"asterisk:x:{os.geteuid()}:0::/:\n", encoding="utf-8")
    return tmp_path


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def setup(root: Path, *words: str) -> Ran:
    return run("setup", "--root", str(root), *words)


def test_it_only_shows(root: Path) -> None:
    before = files(root)
    ran = setup(root)
    assert (0, "") == (ran.code, ran.err)
    assert "  +security.json => [json]security\n" in ran.out
    assert "  +secret = ****\n" in ran.out
    assert ran.out.endswith("\nnothing has been changed: --apply does it\n")
    assert before == files(root)


def test_applied_it_keeps_what_was_there_and_has_nothing_left_to_do(root: Path) -> None:
    before = files(root)
    assert setup(root, "--apply").out.endswith("\ndone\n")
    done = files(root)
    assert before["etc/asterisk/logger.conf"] == done["etc/asterisk/logger.conf.before-amiguard"]
    assert b"security.json => [json]security\n" in done["etc/asterisk/logger.conf"]
    assert setup(root).out.endswith("\nnothing to change\n")
    assert setup(root, "--apply").out.endswith("\nnothing to change\n")
    assert done == files(root)


def test_secrets_are_for_those_who_need_them(root: Path) -> None:
    shown = setup(root, "--apply").out + setup(root, "--json").out
    secret = (root / CREDENTIAL[1:]).read_text(encoding="utf-8").strip()
    assert 32 == len(secret)
    assert secret not in shown
    modes = {path: stat.S_IMODE((root / path).stat().st_mode) for path in (CREDENTIAL[1:], CONFIG[1:])}
    assert {CREDENTIAL[1:]: 0o600, CONFIG[1:]: 0o644} == modes
    user = root / "etc/asterisk/manager.d/amiguard.conf"
    assert (0o640, True) == (stat.S_IMODE(user.stat().st_mode), secret in user.read_text(encoding="utf-8"))
    aside = root / "etc/asterisk/logger.conf.before-amiguard"
    assert 0o640 == stat.S_IMODE(aside.stat().st_mode)


def test_a_service_comes_along_where_there_is_a_systemd_and_no_unit(root: Path) -> None:
    setup(root, "--apply")
    unit = (root / "etc/systemd/system/amiguard.service").read_text(encoding="utf-8")
    assert "\nType=notify\nExecStart=/" in unit
    assert (root / "etc/sysusers.d/amiguard.conf").exists()
    (root / "etc/systemd/system/amiguard.service").unlink()
    installed = root / "usr/local/lib/systemd/system/amiguard.service"
    installed.parent.mkdir(parents=True)
    installed.touch()
    assert setup(root).out.endswith("\nnothing to change\n")


def test_the_marks_of_products_and_other_guards_are_seen(root: Path) -> None:
    (root / "etc/freepbx.conf").touch()
    (root / "etc/fail2ban").mkdir()
    (root / "etc/fail2ban/jail.conf").touch()
    told = setup(root, "--json").json
    assert ("FreePBX", ["fail2ban"], False) == (told["product"], told["guards"], told["applied"])
    assert any("fail2ban is there: both may run" in note for note in told["notes"])


def test_the_json_has_all_that_is_shown(root: Path) -> None:
    told = setup(root, "--json").json
    assert 1 == told["version"]
    assert {"etc/asterisk/logger.conf", CONFIG[1:], CREDENTIAL[1:]} <= {
        each["path"][1:] for each in told["changes"]
    }
    assert all({"path", "why", "diff"} == each.keys() for each in told["changes"])
    assert "+security.json => [json]security" in told["changes"][0]["diff"]
    assert ([], None) == (told["steps"], told["asterisk"])


def test_another_configuration_file_is_the_one_that_is_written(root: Path) -> None:
    setup(root, "--apply", "--config", "/etc/guard.toml")
    assert "[[ami]]\nhost" in (root / "etc/guard.toml").read_text(encoding="utf-8")
    assert not (root / CONFIG[1:]).exists()


def test_folders_belong_to_those_whom_the_root_names(root: Path) -> None:
    found = look(str(root), CONFIG)
    assert {Folder("asterisk", "asterisk")} == set(found.folders.values())
    assert {"/etc/asterisk", "/var/log/asterisk"} == found.folders.keys()


def test_the_configuration_is_read_where_asterisk_reads_it(root: Path) -> None:
    (root / "etc/asterisk").rename(root / "srv")
    (root / "etc/asterisk").mkdir()
    (root / "etc/asterisk/asterisk.conf").write_text(
        "[directories]\nastetcdir => /srv\nastlogdir => /logs\nastrundir => /r\n", encoding="utf-8"
    )
    found = look(str(root), CONFIG)
    assert ("/srv", "/logs", "/r/asterisk.ctl") == (found.directory, found.log_directory, found.console)
    assert "/srv/manager.conf" in found.texts


def test_a_file_that_cannot_be_read_is_named(root: Path) -> None:
    file = root / "etc/asterisk/manager.conf"
    file.unlink()
    file.symlink_to(file)
    ran = setup(root)
    assert (1, "") == (ran.code, ran.out)
    assert f"amiguard: {file}: Too many levels of symbolic links\n" == ran.err


def test_a_file_that_changes_meanwhile_is_left_alone(root: Path) -> None:
    planned = plan(look(str(root), CONFIG))
    (root / "etc/asterisk/logger.conf").write_text("[logfiles]\n", encoding="utf-8")
    with pytest.raises(making.SetupError, match=r"logger.conf has changed since it was looked at"):
        making.make(root, planned, NOBODY)
    assert "[logfiles]\n" == (root / "etc/asterisk/logger.conf").read_text(encoding="utf-8")


def test_a_link_is_followed_but_never_out_of_the_root(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = root / "etc/asterisk/logger.conf"
    file.rename(root / "srv.conf")
    file.symlink_to("../../srv.conf")
    setup(root, "--apply")
    assert file.is_symlink()
    assert b"[json]security" in (root / "srv.conf").read_bytes()
    outside = tmp_path_factory.mktemp("outside") / "file"
    outside.write_text("theirs\n", encoding="utf-8")
    (root / "etc/out").symlink_to(outside)
    with pytest.raises(making.SetupError, match=r"/etc/out leads out of "):
        making.make(root, Plan((Change("/etc/out", b"theirs\n", b"ours\n", ""),), (), ()), NOBODY)
    assert "theirs\n" == outside.read_text(encoding="utf-8")


@pytest.mark.root
def test_nobody_leads_root_to_a_file_that_is_not_his(root: Path) -> None:
    """As who has got hold of Asterisk could, in a folder that is Asterisk's."""
    (root / "etc/shadow").write_text("theirs\n", encoding="utf-8")
    (root / "etc/asterisk/x.conf").symlink_to("../shadow")
    os.lchown(root / "etc/asterisk/x.conf", 1234, 1234)
    change = Change("/etc/asterisk/x.conf", b"theirs\n", b"ours\n", "")
    with pytest.raises(making.SetupError, match="leads, by a link of another's, to "):
        making.make(root, Plan((change,), (), ()), NOBODY)
    os.chown(root / "etc/shadow", 1234, 1234)
    making.make(root, Plan((change,), (), ()), NOBODY)
    assert "ours\n" == (root / "etc/shadow").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [(("false",), "false: exit code 1"), (("/no/such program",), "'/no/such program': ")],
)
def test_a_program_that_fails_is_named(root: Path, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(making.SetupError, match=said):
        making.make(root, Plan((), (Step(words, ""),), ()), NOBODY)


def test_every_copy_has_a_name_of_its_own(root: Path) -> None:
    for n in range(3):
        path = root / "etc/x"
        before = path.read_bytes() if path.exists() else None
        making.make(root, Plan((Change("/etc/x", before, b"%d" % n, ""),), (), ()), NOBODY)
    assert {"etc/x": b"2", "etc/x.before-amiguard": b"0", "etc/x.before-amiguard1": b"1"} == {
        name: text for name, text in files(root).items() if name.startswith("etc/x")
    }


def test_what_a_plan_says_of_asterisk_is_what_is_read_then(root: Path) -> None:
    """The view of a test and that of the disk lead to the same."""
    found = {change.path: change.after for change in plan(look(str(root), CONFIG)).changes}
    assert "/etc/asterisk/logger.conf" in found
    assert (
        found["/etc/asterisk/logger.conf"]
        == {change.path: change.after for change in plan(view(DEBIAN)).changes}["/etc/asterisk/logger.conf"]
    )
