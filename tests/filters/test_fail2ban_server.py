"""A running fail2ban with our filter, jail and action, beside a running amiguard."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING

import nft
import pytest
import written
from f2bserver import Server, tree
from lab import Service, eventtv, until

from amiguard.filterfiles import install

if TYPE_CHECKING:
    from pathlib import Path

JAIL = "amiguard-asterisk-security-json"
V4, V6 = "203.0.113.7", "2001:db8::7"
PLACES = {V4: b"IPV4/TLS/203.0.113.7/5061", V6: b"IPV6/UDP/2001:db8::7/5060"}

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not shutil.which("fail2ban-server"), reason="needs the fail2ban-server program"),
]


def attack(who: str, times: int = 3) -> bytes:
    words = written.Words(remote=PLACES[who], eventtv=eventtv(time.time()))
    return times * written.as_json(written.record("InvalidPassword", words))


class House:
    """amiguard, which follows a log of its own, and fail2ban, which follows the one that is attacked."""

    def __init__(self, root: Path, **settings: str) -> None:
        for name in ("amiguard", "fail2ban"):
            (root / name).mkdir()
        self.service = Service(root / "amiguard")
        self.log = root / "fail2ban" / "security.json"
        self.log.touch()
        configuration = tree(root / "tree")
        install(configuration)
        program = f'amiguard="{sys.executable} -m amiguard", options="--config {self.service.config}"'
        jail = {
            "logpath": str(self.log),
            "maxretry": "3",
            "backend": "polling",
            "action": f"amiguard[{program}]",
        }
        self.fail2ban = Server(configuration, root / "fail2ban", {JAIL: jail | settings})

    def bans(self) -> dict[str, str]:
        return {source: ban["origin"] for source, ban in self.service.bans().items()}


@pytest.mark.nft
def test_from_a_line_to_the_kernel_and_back(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.service, house.fail2ban:
        house.service.write(attack(V4) + attack(V6), house.log)
        expected = {f"{V4}/32": "fail2ban", "2001:db8::/64": "fail2ban"}
        until(lambda: expected == house.bans(), "both bans")
        ban = house.service.bans()[f"{V4}/32"]
        assert (f"jail {JAIL}", "house", 3600) == (ban["reason"], ban["scope"], round(ban["remaining"], -2))
        assert {V4} == nft.elements("ban4").keys()
        assert {"2001:db8::"} == nft.elements("ban6").keys()
        assert 0 == house.service.command("unban", V6).code
        house.fail2ban.client("set", JAIL, "unbanip", V4, V6)
        until(lambda: not house.bans(), "no bans")
        assert "ERROR" not in house.fail2ban.said
        assert {} == nft.elements("ban4") == nft.elements("ban6")


def test_a_jail_neither_shortens_nor_lifts_what_another_has_banned(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.service, house.fail2ban as fail2ban:
        other = ("--for", "1d", "--origin", "fail2ban", "--reason", "jail other")
        assert 0 == house.service.command("ban", V4, *other).code
        house.service.write(attack(V4), house.log)
        until(lambda: f"Ban {V4}" in fail2ban.said, "the ban of the second jail")
        fail2ban.client("set", JAIL, "unbanip", V4)
        ban = house.service.bans()[f"{V4}/32"]
        assert "jail other" == ban["reason"]
        assert ban["remaining"] > 80_000
        assert "ERROR" not in fail2ban.said


def test_a_ban_for_ever_lasts_for_ever_and_ends_with_fail2ban(tmp_path: Path) -> None:
    house = House(tmp_path, bantime="-1")
    with house.service:
        with house.fail2ban:
            house.service.write(attack(V4), house.log)
            until(house.bans, "the ban")
            assert house.service.bans()[f"{V4}/32"]["remaining"] is None
        assert {} == house.bans()


def test_while_the_service_is_down_a_ban_fails_loudly(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.service.configure()
    with house.fail2ban as fail2ban:
        house.service.write(attack(V4), house.log)
        until(lambda: "Failed to execute ban" in fail2ban.said, "the complaint")
        assert "no service answers" in fail2ban.said
