"""A new user's path, as README tells it, on a machine that systemd has booted: Debian with its Asterisk."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import booted
import pytest
import readme
from booted import OFFLINE, Machine
from lab import until
from networks import Internet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.asterisk, pytest.mark.xdist_group("booted")]

ASTERISK = "/etc/asterisk"
LOGGER = "/etc/asterisk/logger.conf"
TELLING = {
    "canary: /var/log/asterisk/security.json": "ok",
    "canary: /var/log/asterisk/notice": "ok",
    "canary: ami 127.0.0.1:5038": "ok",
}
MADE = "find /opt /usr/local /etc /var/lib/amiguard ! -type d -newer /etc/marked"
"""What is there since the marked moment."""
KEPT = re.compile(
    r"/etc/amiguard/.*|/etc/logrotate\.d/amiguard|/var/lib/amiguard/.*|/etc/asterisk/(manager\.d/amiguard|logger)\.conf.*"
    r"|/etc/(passwd|group|g?shadow|subuid|subgid)-?|/etc/\.updated|/etc/\.pwd\.lock"
)


@pytest.fixture
def internet() -> Iterator[Internet]:
    with Internet() as internet:
        yield internet


@pytest.fixture
def machine(internet: Internet, tmp_path: Path, wheels: Path) -> Iterator[Machine]:
    if lack := booted.lack():
        pytest.skip(lack)
    (tmp_path / "machine").mkdir()
    with Machine(tmp_path / "machine", internet.host(f"{booted.ADDRESS}/24"), wheels) as machine:
        machine.write(f"{ASTERISK}/pjsip.conf", booted.PJSIP)
        machine.run("systemctl restart asterisk && touch /etc/marked")
        yield machine


def install(machine: Machine) -> dict[str, str]:
    """Type what README's section on installing says, and give what each line prints."""
    section = readme.TEXT.partition("## Install\n")[2]
    block = re.search(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert block
    lines = [line.removeprefix("sudo ") for line in block[1].splitlines()]
    assert ["make install", "amiguard setup", "amiguard setup --apply"] == lines[:3]
    return {line: machine.run(f"{OFFLINE} && {line}") for line in lines}


def canary(machine: Machine) -> dict[str, str]:
    """Which channels tell of a failed log-in."""
    told = json.loads(machine.tries("amiguard check --canary --json").stdout)["findings"]
    return {each["subject"]: each["level"] for each in told if each["subject"].startswith("canary: ")}


def digests(machine: Machine) -> dict[str, str]:
    """Of each file of Asterisk's configuration."""
    lines = machine.run(f"find {ASTERISK} -type f -exec md5sum {{}} +").splitlines()
    return {path: digest for digest, path in map(str.split, lines)}


def test_from_a_bare_pbx_to_a_guarded_one_and_back(machine: Machine, internet: Internet) -> None:
    before = digests(machine)
    told = install(machine)
    assert "nothing has been changed: --apply does it" in told["amiguard setup"]
    assert told["amiguard setup"].splitlines()[:-1] == told["amiguard setup --apply"].splitlines()[:-1]
    assert not re.search("WARNING|ERROR", told["amiguard check"])
    assert re.search(r"^ok +sight +full$", told["amiguard check"], re.MULTILINE)
    assert told["amiguard status"].startswith("guarding since")
    assert "nothing to change" in machine.run("amiguard setup")

    attacker = internet.host("203.0.113.1/32")
    phone = internet.host("192.0.2.1/24")
    until(lambda: machine.answers(phone), "an answer")
    machine.guess(attacker)
    assert not machine.answers(attacker)
    assert ("house", "proven") == (
        machine.banned()["203.0.113.1"]["scope"],
        machine.banned()["203.0.113.1"]["proof"],
    )
    status = json.loads(machine.run("amiguard status --json"))
    assert {"log": "following", "ami": "listening"} == {
        each["kind"]: each["state"] for each in status["sources"]
    }

    machine.run("logrotate --force /etc/logrotate.d/amiguard && test -s /var/log/asterisk/security.json.1")
    until(lambda: TELLING == canary(machine), "all channels")

    assert "unbanned 203.0.113.1\n" == machine.run("amiguard unban 203.0.113.1")
    until(lambda: machine.answers(attacker), "an answer")

    assert "kept: " in machine.run(f"{OFFLINE} && make uninstall")
    assert "" == machine.run("nft list ruleset")
    left = [path for path in machine.run(MADE).split() if not KEPT.fullmatch(path)]
    assert [] == left
    after = digests(machine)
    assert before.pop(LOGGER) == after[f"{LOGGER}.before-amiguard"]
    assert before.items() <= after.items()


PIPX = """
python3 -m venv /opt/of-pipx
/opt/of-pipx/bin/python -m pip install --quiet pipx
/opt/of-pipx/bin/pipx install --global .
"""


def test_the_program_alone_is_enough_for_setup_to_make_a_service_of_it(machine: Machine) -> None:
    """As `pipx install --global .` leaves it: no unit, no user, no folder in /etc."""
    machine.run(f"set -e; {OFFLINE}; {PIPX}")
    told = machine.run("amiguard setup --apply")
    assert "+ExecStart=/usr/local/bin/amiguard run" in told
    assert not re.search("WARNING|ERROR", machine.run("amiguard check"))
    assert "enabled\nactive\n" == machine.run("systemctl is-enabled amiguard; systemctl is-active amiguard")
    assert "nothing to change" in machine.run("amiguard setup")
