"""What travels in the wheel, and that it works where it arrives."""

from __future__ import annotations

import sys
import venv
import zipfile
from typing import TYPE_CHECKING

import pytest
from fresh import ROOT, run

from amiguard import __version__

if TYPE_CHECKING:
    from pathlib import Path

DATA = ("filters", "systemd")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    run("make", "dist", f"DIST={directory}", f"VENV={sys.prefix}", cwd=ROOT)
    return next(directory.glob("amiguard-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment into which the wheel was installed, with what it depends on."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=True)
    run(home / "bin" / "python", "-m", "pip", "install", "--quiet", wheel)
    return home / "bin"


def test_the_wheel_is_of_this_version(wheel: Path) -> None:
    assert f"amiguard-{__version__}-py3-none-any.whl" == wheel.name


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    package = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "amiguard").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "amiguard/py.typed" in package
    assert set() == package - set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.parametrize("folder", DATA)
def test_the_wheel_brings_filters_and_unit_along(wheel: Path, folder: str) -> None:
    paths = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    here = {f"amiguard/data/{path.relative_to(ROOT)}": path.read_bytes() for path in paths}
    with zipfile.ZipFile(wheel) as archive:
        there = {name: archive.read(name) for name in archive.namelist() if f"/data/{folder}/" in name}
    assert here
    assert here == there


def test_an_installation_answers(installed: Path) -> None:
    assert f"amiguard, version {__version__}\n" == run(installed / "amiguard", "--version")
    assert "Guard an Asterisk PBX" in run(installed / "python", "-m", "amiguard", "--help")


def test_an_installation_replays_a_log(installed: Path) -> None:
    log = ROOT / "tests" / "corpus" / "asterisk22" / "pjsip-crack-40.json"
    assert "198.51.100.66" in run(installed / "amiguard", "replay", log)


def test_an_installation_has_the_filters(installed: Path) -> None:
    assert "jail.d/amiguard.conf" in run(installed / "amiguard", "filters", "list")
