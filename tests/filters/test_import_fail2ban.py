"""A fail2ban that has banned somebody, taken over by amiguard."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import pytest
from f2bserver import Server, tree
from lab import Service, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not shutil.which("fail2ban-server"), reason="needs the fail2ban-server program"),
]


def digests(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_jails_and_bans_become_ours_and_a_second_time_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    log = tmp_path / "auth.log"
    log.touch()
    stock = tree(tmp_path / "tree")
    jail = {"logpath": str(log), "backend": "polling", "bantime": "1h", "maxretry": "3", "action": ""}
    with Server(stock, tmp_path / "run", {"sshd": jail | {"ignoreip": "192.0.2.0/24"}}) as server:
        server.client("set", "sshd", "banip", "203.0.113.7", "2001:db8::7")
    before = digests(stock) | digests(tmp_path / "run")
    service = Service(tmp_path)
    with service:
        command = ("import-fail2ban", "--from", str(stock), "--config", str(service.config))
        old = service.config.read_text(encoding="utf-8")
        shown = run(*command)
        assert (0, "") == (shown.code, shown.err)
        assert '"Failure.sshd" = 3.6' in shown.out
        assert "ban   203.0.113.7" in shown.out
        assert "nothing has been changed" in shown.out
        assert (old, {}) == (service.config.read_text(encoding="utf-8"), service.bans())
        assert 0 == run(*command, "--apply").code
        bans = service.bans()
        assert {"203.0.113.7/32", "2001:db8::/64"} == bans.keys()
        assert {("fail2ban", "fail2ban: sshd")} == {(ban["origin"], ban["reason"]) for ban in bans.values()}
        assert all(3000 < ban["remaining"] <= 3600 for ban in bans.values())
        new = service.config.read_text(encoding="utf-8")
        again = run(*command, "--apply", "--json").json
        assert (new, True) == (service.config.read_text(encoding="utf-8"), again["applied"])
        assert {key: ban["since"] for key, ban in bans.items()} == {
            key: ban["since"] for key, ban in service.bans().items()
        }
        service.reload()
        assert "not reloaded" not in service.said
        assert str(log) in {source["name"] for source in service.status()["sources"]}
    assert before == digests(stock) | digests(tmp_path / "run")


def test_what_stands_twice_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    stock = tree(tmp_path / "tree")
    (stock / "jail.local").write_text("[vsftpd]\nenabled = true\n", encoding="utf-8")
    config = tmp_path / "amiguard.toml"
    config.write_text("[ban]\nshared = true\n", encoding="utf-8")
    refused = run("import-fail2ban", "--from", str(stock), "--config", str(config), "--apply")
    assert 1 == refused.code
    assert "move what stands twice by hand" in refused.err
    assert "[ban]\nshared = true\n" == config.read_text(encoding="utf-8")


def test_without_a_service_the_configuration_is_written_and_the_rest_is_said(tmp_path: Path) -> None:
    stock = tree(tmp_path / "tree")
    (stock / "fail2ban.local").write_text(f"[DEFAULT]\ndbfile = {tmp_path}/none\n", encoding="utf-8")
    (stock / "jail.local").write_text("[vsftpd]\nenabled = true\n", encoding="utf-8")
    config = tmp_path / "new" / "amiguard.toml"
    done = run("import-fail2ban", "--from", str(stock), "--config", str(config), "--apply")
    assert 0 == done.code
    assert "no bans are taken over" in done.out
    assert 'filter = "vsftpd' in config.read_text(encoding="utf-8")
