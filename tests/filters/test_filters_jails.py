"""Our jails, as fail2ban itself understands them."""

from __future__ import annotations

import ast
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from f2bserver import tree
from judged import NAMES

from amiguard.filterfiles import install

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not shutil.which("fail2ban-client"), reason="needs the fail2ban-client program"
)


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    """What a server would be told, with each of our jails on and the log of each there."""
    root = tree(tmp_path_factory.mktemp("jails") / "fail2ban")
    install(root)
    log = root / "log"
    log.touch()
    lines = [f"[{name}]\nenabled = true\nlogpath = {log}\n" for name in NAMES]
    (root / "jail.local").write_text("".join(lines), encoding="utf-8")
    return told(root)


def told(root: Path) -> list[list[Any]]:
    command = ["fail2ban-client", "-c", str(root), "-d"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "ERROR" not in done.stderr
    return [ast.literal_eval(line) for line in done.stdout.splitlines() if line.startswith("[")]


def test_no_jail_is_on_by_itself(tmp_path: Path) -> None:
    root = tree(tmp_path / "fail2ban")
    install(root)
    assert [] == [order for order in told(root) if order[0] == "add"]


def test_there_is_a_jail_for_each_filter(orders: list[list[Any]]) -> None:
    assert set(NAMES) == {order[1] for order in orders if order[0] == "add"}


@pytest.mark.parametrize("name", NAMES)
def test_a_jail_asks_no_names_reads_utf8_and_hands_over_to_amiguard(
    orders: list[list[Any]], name: str
) -> None:
    mine = [order[2:] for order in orders if order[:2] == ["set", name]]
    for setting in (["usedns", "no"], ["logencoding", "utf-8"], ["addaction", "amiguard"]):
        assert setting in mine
    [regexes] = [order[2] for order in orders if order[:3] == ["multi-set", name, "addfailregex"]]
    assert regexes


@pytest.mark.parametrize("name", NAMES)
def test_of_the_journal_only_what_came_by_syslog_is_read(orders: list[list[Any]], name: str) -> None:
    [matches] = [order[3:] for order in orders if order[:3] == ["set", name, "addjournalmatch"]]
    assert ["_SYSTEMD_UNIT=asterisk.service", "_TRANSPORT=syslog"] == matches


def test_every_jail_may_hand_its_bans_over(tmp_path: Path) -> None:
    root = tree(tmp_path / "fail2ban")
    install(root)
    log = root / "log"
    log.touch()
    (root / "jail.local").write_text(
        f"[DEFAULT]\nbanaction = amiguard\n[sshd]\nenabled = true\nlogpath = {log}\n", encoding="utf-8"
    )
    [settings] = [
        dict(order[4]) for order in told(root) if order[:4] == ["multi-set", "sshd", "action", "amiguard"]
    ]
    assert "--reason 'jail sshd' -- '<ip>'" in settings["actionban"].replace("<name>", settings["name"])
    assert "amiguard ban" in settings["actionban"].replace("<amiguard>", settings["amiguard"])
