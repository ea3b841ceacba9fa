"""The unit at work: on a machine that systemd has booted, with its user, its one right and all it forbids."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import booted
import pytest
from booted import OFFLINE, Machine
from lab import until
from networks import Internet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.asterisk, pytest.mark.xdist_group("booted")]

MOST_EXPOSED = 1.6
NET_ADMIN = 1 << 12
SECRET = "0123456789abcdefghijklmnopqrstuv"
CONF = "/etc/amiguard/amiguard.toml"
DROP_IN = "/etc/systemd/system/amiguard.service.d/journal.conf"
BANNED = "nft list set inet amiguard ban4"
CONFIGURED = {
    "/etc/asterisk/logger.conf": "[logfiles]\nsecurity.json => [json]security\n",
    "/etc/asterisk/manager.d/amiguard.conf": f"[amiguard]\nsecret={SECRET}\nread=security,system\n",
    "/etc/asterisk/pjsip.conf": booted.PJSIP,
    "/etc/amiguard/ami.secret": SECRET,
    CONF: '[[ami]]\n[[log]]\npath = "/var/log/asterisk/security.json"\n',
}


class Guarded(NamedTuple):
    """A machine on which the unit runs."""

    machine: Machine
    internet: Internet

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.machine.run("amiguard status --json"))
        return told

    def property(self, name: str) -> str:
        return self.machine.run(f"systemctl show amiguard --property {name} --value").strip()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Iterator[Guarded]:
    if lack := booted.lack():
        pytest.skip(lack)
    with Internet() as internet:
        network = internet.host(f"{booted.ADDRESS}/24")
        with Machine(tmp_path_factory.mktemp("machine"), network, wheels) as machine:
            machine.run(f"{OFFLINE} && make install")
            for path, text in CONFIGURED.items():
                machine.write(path, text)
            machine.run("systemctl restart asterisk && systemctl enable --now amiguard")
            site = Guarded(machine, internet)
            until(lambda: "listening" in {each["state"] for each in site.status()["sources"]}, "the AMI")
            yield site


def test_the_service_has_a_user_of_its_own_and_one_right(guarded: Guarded) -> None:
    told = guarded.machine.run(f"cat /proc/{guarded.property('MainPID')}/status")
    status = dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)
    rights = [int(status[f"Cap{each}"], 16) for each in ("Inh", "Prm", "Eff", "Bnd", "Amb")]
    user = guarded.machine.run("id --user amiguard").strip()
    # None to be had by whom it starts: the ambient set, the last, is empty.
    assert ([*[NET_ADMIN] * 4, 0], [user] * 4) == (rights, status["Uid"].split())
    assert ("1", "2") == (status["NoNewPrivs"], status["Seccomp"])
    assert ("active", "0") == (guarded.property("ActiveState"), guarded.property("NRestarts"))


def test_systemd_finds_little_exposed_in_what_runs(guarded: Guarded) -> None:
    judged = guarded.machine.run("systemd-analyze security --no-pager amiguard")
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", judged)
    assert found
    assert MOST_EXPOSED >= float(found[1])


def test_the_secret_is_for_root_alone_and_the_service_logs_in(guarded: Guarded) -> None:
    reads = guarded.machine.tries("setpriv --reuid amiguard --clear-groups cat /etc/amiguard/ami.secret")
    assert (1, "") == (reads.returncode, reads.stdout)
    assert {"following", "listening"} == {each["state"] for each in guarded.status()["sources"]}


def test_it_bans_and_what_is_sent_is_dropped(guarded: Guarded) -> None:
    attacker = guarded.internet.host("203.0.113.1/32")
    guarded.machine.guess(attacker)
    assert not guarded.machine.answers(attacker)
    ban = guarded.machine.banned()["203.0.113.1"]
    assert ("house", "proven", "judged") == (ban["scope"], ban["proof"], ban["origin"])
    assert 0 < ban["packets"]


def test_a_ruleset_that_is_flushed_is_put_back(guarded: Guarded) -> None:
    guarded.machine.run("amiguard ban 203.0.113.2 && nft flush ruleset")
    until(lambda: "203.0.113.2" in guarded.machine.tries(BANNED).stdout, "the table")
    assert 1 <= guarded.status()["firewall"]["repairs"]


def test_bans_outlive_a_reload_a_restart_and_the_end_of_the_service(guarded: Guarded) -> None:
    guarded.machine.run("amiguard ban 203.0.113.3")
    for change in ("reload", "restart", "stop", "start"):
        guarded.machine.run(f"systemctl {change} amiguard")
        assert "203.0.113.3" in guarded.machine.run(BANNED)
    assert "203.0.113.3" in guarded.machine.banned()


def test_what_is_wrong_in_the_configuration_is_told_once_and_not_tried_again(guarded: Guarded) -> None:
    guarded.machine.write(CONF, f"wrong = 1\n{CONFIGURED[CONF]}")
    assert guarded.machine.tries("systemctl restart amiguard").returncode
    assert ("failed", "2") == (guarded.property("ActiveState"), guarded.property("ExecMainStatus"))
    assert "amiguard.toml: " in guarded.machine.run("journalctl --unit amiguard --no-pager")
    guarded.machine.write(CONF, CONFIGURED[CONF])
    guarded.machine.run("systemctl restart amiguard")


def test_what_asterisk_tells_syslog_bans_by_the_journal(guarded: Guarded) -> None:
    """With an extra and a group more, as README says."""
    machine = guarded.machine
    machine.run(
        f"{OFFLINE} && /opt/amiguard/bin/pip install --quiet cysystemd && mkdir {DROP_IN.rpartition('/')[0]}"
    )
    machine.write(DROP_IN, "[Service]\nSupplementaryGroups=systemd-journal\n")
    machine.write("/etc/asterisk/logger.conf", "[logfiles]\nsyslog.local0 => security\n")
    machine.write(CONF, '[[log]]\njournal = "asterisk.service"\n')
    machine.run("systemctl daemon-reload && systemctl restart asterisk amiguard")
    attacker = guarded.internet.host("203.0.113.9/32")
    machine.guess(attacker)
    [source] = guarded.status()["sources"]
    assert ("journal:asterisk.service", "following", 0) == tuple(
        source[name] for name in ("name", "state", "ambiguous")
    )
    machine.run("systemctl restart amiguard")
    assert 0 == guarded.status()["sources"][0]["events"]
