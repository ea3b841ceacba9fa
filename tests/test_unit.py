"""The systemd unit, judged by systemd and by what the service really does."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "systemd" / "amiguard.service"
MOST_EXPOSED = 1.6
WATCHED = """
import socket, sys

def hook(event, args):
    made_of_another = -1
    if event == "socket.__new__" and args[1] != made_of_another:
        print(socket.AddressFamily(args[1]).name, flush=True)

sys.addaudithook(hook)
from amiguard.cli import main
main(["run", "--config", sys.argv[1]])
"""
"""The service, telling the family of each socket it makes."""

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


def settings(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is there on every machine, and without its man page."""
    copy = tmp_path / UNIT.name
    text = re.sub(r"^Documentation=.*\n", "", UNIT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    return copy


@needs_systemd
def test_systemd_finds_nothing_amiss(unit: Path) -> None:
    command = ["systemd-analyze", "verify", str(unit)]
    judged = subprocess.run(command, check=True, capture_output=True, text=True)
    assert judged.stderr == ""


@needs_systemd
def test_little_is_exposed(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    judged = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", judged)
    assert found
    assert MOST_EXPOSED >= float(found[1])


def test_the_service_has_no_right_but_that_to_the_firewall() -> None:
    assert ["CAP_NET_ADMIN"] == settings("AmbientCapabilities") == settings("CapabilityBoundingSet")
    assert ["amiguard"] == settings("User")


@pytest.mark.kernel
def test_the_service_makes_no_socket_that_the_unit_forbids(tmp_path: Path) -> None:
    file = tmp_path / "amiguard.toml"
    file.write_text(
        f'[service]\nstate_dir = "{tmp_path}/state"\nsocket = "{tmp_path}/socket"\n'
        f'[[log]]\npath = "{tmp_path}/security"\n'
        + "".join(
            f'[[ami]]\nhost = "{host}"\nsecret_file = "{tmp_path}/secret"\n' for host in ("127.0.0.1", "::1")
        )
    )
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    command = [sys.executable, "-c", WATCHED, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as service:
        assert service.stderr
        assert any(line.endswith(" guarding\n") for line in service.stderr)
        downs = (line for line in service.stderr if ": down: " in line)
        assert {"127.0.0.1:5038", "[::1]:5038"} == {next(downs).split("ami ")[1].split(": ")[0] for _ in "46"}
        service.send_signal(signal.SIGTERM)
        families, said = service.communicate(timeout=20)
    assert (0, "") == (service.returncode, said)
    assert set(settings("RestrictAddressFamilies")[0].split()) == set(families.split())
