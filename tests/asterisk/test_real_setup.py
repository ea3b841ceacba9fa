"""What `setup` writes, Asterisk reads as it was meant: stock files, FreePBX's way, an AMI that is off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import chroots
import pytest
from lab import until

from amiguard.setup.plan import plan
from amiguard.setup.view import View

if TYPE_CHECKING:
    from realsite import Site

pytestmark = pytest.mark.asterisk

FILES = ("logger.conf", "manager.conf")
FREEPBX = {
    "logger.conf": (
        "[general]\n#include logger_general_custom.conf\n[logfiles]\n#include logger_logfiles_custom.conf\n"
    ),
    "logger_general_custom.conf": "dateformat=%F %T\n",
    "logger_logfiles_custom.conf": "full => notice,warning,error\n",
    "manager.conf": (
        "[general]\nenabled = yes\nbindaddr = 127.0.0.1\n[admin]\nsecret = a1b2c3d4\nread = all\n"
        "#include manager_custom.conf\n"
    ),
    "manager_custom.conf": "; yours\n",
}
OFF = {
    "logger.conf": "[logfiles]\r\nmessages => notice,warning,error",
    "manager.conf": "[general]\r\nenabled = no ; as it comes\r\nbindaddr = 0.0.0.0",
}
SECRET = "0123456789-fresh-0123456789-fres"


def stock(release: str) -> dict[str, str]:
    """Debian's own."""
    folder = chroots.path(release) / "etc/asterisk"
    paths = [*(folder / name for name in FILES), *(folder / "manager.d").glob("*.conf")]
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}


def write(site: Site, texts: dict[str, str]) -> None:
    for name in FILES:
        (site.pbx.conf / name).unlink()
    (site.pbx.conf / "manager.d").mkdir()
    for name, text in texts.items():
        (site.pbx.conf / name).write_text(text, encoding="utf-8", newline="")
        (site.pbx.conf / name).chmod(0o644)


def set_up(site: Site, product: str) -> None:
    """Plan with the paths that Asterisk has in its chroot, and carry the plan out where they are."""
    etc, conf = "/lab/etc", site.pbx.conf
    texts = {f"{etc}/{each.relative_to(conf)}": each.read_bytes() for each in conf.rglob("*.conf")}
    planned = plan(View(etc, "/lab/log", "pbx", texts, product=product, answers=True, fresh_secret=SECRET))
    assert () == planned.notes
    for change in planned.changes:
        if change.path.startswith(f"{etc}/"):
            (conf / change.path.removeprefix(f"{etc}/")).write_bytes(change.after)
    for step in planned.steps:
        site.pbx.cli(step.words[2])


@pytest.mark.parametrize(("way", "product"), [("stock", ""), ("FreePBX", "FreePBX"), ("off", "")])
def test_asterisk_then_logs_and_knows_the_user(site: Site, way: str, product: str) -> None:
    write(site, {"stock": stock(site.release), "FreePBX": FREEPBX, "off": OFF}[way])
    for command in ("logger reload", "manager reload"):
        site.pbx.cli(command)
    assert "security.json" not in site.pbx.cli("logger show channels")
    set_up(site, product)
    until(lambda: "security.json" in site.pbx.cli("logger show channels"), "the security log")
    lines = [line.split() for line in site.pbx.cli("logger show channels").splitlines()]
    channels = {line[0].rpartition("/")[2]: line for line in lines if len(line) > 3}
    assert ("json", ["SECURITY"]) == (channels["security.json"][2], channels["security.json"][5:])
    assert ("default", ["NOTICE"]) == (channels["notice"][2], channels["notice"][5:])
    user = site.pbx.cli("manager show user amiguard")
    assert "read perm: system,security" in user
    assert "write perm: reporting" in user
    settings = site.pbx.cli("manager show settings")
    assert "Manager (AMI):             Yes" in settings
    assert "127.0.0.1:5038" in settings
