"""`make install` puts everything where a system looks for it, and `make uninstall` takes it away."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from fresh import ROOT, run

from amiguard import __version__, config
from amiguard.cli import cli

PREFIX = "/usr"
PLACED = {
    "bin/amiguard",
    "lib/systemd/system/amiguard.service",
    "lib/sysusers.d/amiguard.conf",
    "lib/tmpfiles.d/amiguard.conf",
    "share/bash-completion/completions/amiguard",
    "share/fish/vendor_completions.d/amiguard.fish",
    "share/man/man1/amiguard.1",
    "share/zsh/site-functions/_amiguard",
}


def make(target: str, root: Path) -> str:
    """As root with another idea of what others may read would."""
    words = ("make", target, f"DESTDIR={root}", f"PREFIX={PREFIX}", f"PYTHON={sys.executable}")
    return run("sh", "-c", 'umask 077 && exec "$@"', "sh", *words, cwd=ROOT)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A system into which it was installed."""
    where = tmp_path_factory.mktemp("root")
    make("install", where)
    return where


def placed(root: Path) -> set[str]:
    """Everything but the tree in /opt."""
    folder = root / PREFIX[1:]
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_everything_is_in_its_place(root: Path) -> None:
    assert PLACED == placed(root)
    assert Path("/opt/amiguard/bin/amiguard") == (root / "usr/bin/amiguard").readlink()
    program = root / "opt/amiguard/bin/amiguard"
    assert "#!/opt/amiguard/bin/python" == program.read_text(encoding="utf-8").splitlines()[0]
    unit = (root / "usr/lib/systemd/system/amiguard.service").read_text(encoding="utf-8")
    assert "ExecStart=/usr/bin/amiguard run\n" in unit


def test_the_configuration_is_the_whole_document(root: Path) -> None:
    text = (root / "etc/amiguard/amiguard.toml").read_text(encoding="utf-8")
    assert config.example() == text
    assert config.parse("", "") == config.parse(text, "")


def test_everybody_may_read_it(root: Path) -> None:
    paths = [path for path in root.rglob("*") if not path.is_symlink()]
    assert len(paths) > 100
    assert [] == [path for path in paths if not path.stat().st_mode & stat.S_IROTH]


def test_the_program_runs(root: Path) -> None:
    told = run(root / "opt/amiguard/bin/python", "-m", "amiguard", "--version")
    assert f"amiguard, version {__version__}\n" == told


@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("bash", "bash-completion/completions/amiguard"),
        ("zsh", "zsh/site-functions/_amiguard"),
        ("fish", "fish/vendor_completions.d/amiguard.fish"),
    ],
)
def test_the_completion_is_for_its_shell(root: Path, shell: str, file: str) -> None:
    path = root / "usr/share" / file
    assert f"_AMIGUARD_COMPLETE={shell}_complete" in path.read_text(encoding="utf-8")
    if shutil.which(shell):
        run(shell, "-n", path)


def test_bash_completes_commands(root: Path) -> None:
    typed = "COMP_WORDS=(amiguard un) COMP_CWORD=1"
    script = f"source $0; {typed}; _amiguard_completion amiguard; echo $COMPREPLY"
    bin_ = root / "bin"
    bin_.mkdir()
    (bin_ / "amiguard").write_text(f'#!/bin/sh\nexec {root}/opt/amiguard/bin/python -m amiguard "$@"\n')
    (bin_ / "amiguard").chmod(0o755)
    completion = root / "usr/share/bash-completion/completions/amiguard"
    command = ["bash", "-c", script, str(completion)]
    env = {"PATH": f"{bin_}:{os.environ['PATH']}"}
    assert "unban\n" == subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout
    shutil.rmtree(bin_)


def test_the_man_page_tells_of_every_command(root: Path) -> None:
    page = (root / "usr/share/man/man1/amiguard.1").read_text(encoding="utf-8").replace("\\-", "-")
    heads = [line.removeprefix(".SS ").split()[1:] for line in page.splitlines() if line.startswith(".SS ")]
    assert list(cli.list_commands(None)) == [words[0] for words in heads if len(words) == 1]  # type: ignore[arg-type]
    assert ["filters", "install"] in heads


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_the_man_page_is_good_roff(root: Path) -> None:
    words = ["groff", "-man", "-Tutf8", "-ww", "-z", str(root / "usr/share/man/man1/amiguard.1")]
    assert "" == subprocess.run(words, check=True, capture_output=True, text=True).stderr


def test_the_user_may_read_asterisks_log(root: Path) -> None:
    lines = (root / "usr/lib/sysusers.d/amiguard.conf").read_text(encoding="utf-8").splitlines()
    assert ["u amiguard", "m amiguard asterisk"] == [
        " ".join(line.split()[: 2 + line.startswith("m")]) for line in lines if line[0] != "#"
    ]
    unit = (root / "usr/lib/systemd/system/amiguard.service").read_text(encoding="utf-8")
    sources = re.findall(r"^LoadCredential=[a-z-]+:(.*)$", unit, re.MULTILINE)
    assert ["ami.secret", "notify.urls"] == [Path(source).name for source in sources]
    folders = (root / "usr/lib/tmpfiles.d/amiguard.conf").read_text(encoding="utf-8").splitlines()
    assert {f"f {source} 0600 root root" for source in sources} <= set(folders)


def test_what_is_there_is_kept_by_a_second_installation_and_by_the_removal(root: Path) -> None:
    file = root / "etc/amiguard/amiguard.toml"
    file.write_text("[service]\ndry_run = true\n", encoding="utf-8")
    (root / "usr/bin/another").touch()
    make("install", root)
    assert "[service]\ndry_run = true\n" == file.read_text(encoding="utf-8")
    assert "kept: " in make("uninstall", root)
    assert ({"bin/another"}, []) == (placed(root), list((root / "opt").iterdir()))
    assert file.exists()
