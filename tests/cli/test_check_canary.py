"""`check --canary`: who tells of a failed log-in, and who does not."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import fakeasterisk
import noticing
import pytest
import written
from lab import Ran, run

from amiguard.asterisk import discover
from amiguard.cli import check_canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from amiguard.demo.manager import Attempt

pytestmark = [pytest.mark.kernel]


class Logging(fakeasterisk.Manager):
    """An Asterisk's manager that writes its logs as well, but for those that are cut."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.security, self.notices = folder / "security.json", folder / "notice"

    def _raise(self, session: fakeasterisk.Session, attempt: Attempt) -> None:
        super()._raise(session, attempt)
        record = written.record(attempt.kind, session.words(attempt.user), SessionTV=written.EVENTTV)
        text = f"127.0.0.1 tried to authenticate with nonexistent user '{attempt.user.decode()}'"
        with contextlib.suppress(FileNotFoundError), self.security.open("r+b") as file:
            file.seek(0, 2)
            file.write(written.as_json(record))
        if not attempt.accepted:
            with self.notices.open("ab") as file:
                file.write(noticing.classic("manager.c", text))


@pytest.fixture
def manager(tmp_path: Path) -> Logging:
    found = Logging(tmp_path)
    found.security.touch()
    return found


@contextlib.contextmanager
def configured(root: Path, manager: Logging, patience: float = 5.0) -> Iterator[Path]:
    """A configuration that names both logs and the AMI."""
    file = root / "amiguard.toml"
    with fakeasterisk.configured(root, manager) as ami, pytest.MonkeyPatch.context() as patch:
        patch.setattr(check_canary, "PATIENCE", patience)
        file.write_text(
            f'[service]\nstate_dir = "{root}/state"\nsocket = "{root}/socket"\n{ami}'
            f'[[log]]\npath = "{manager.security}"\n'
            f'[[log]]\npath = "{manager.notices}"\nfilter = "asterisk-notice"\n',
            encoding="utf-8",
        )
        yield file


def told(ran: Ran) -> dict[str, tuple[str, str]]:
    """What was found of the canary, by channel."""
    found = [each for each in ran.json["findings"] if each["subject"].startswith("canary")]
    return {
        each["subject"].removeprefix("canary: ").split("/")[-1]: (each["level"], each["text"])
        for each in found
    }


def check(file: Path) -> Ran:
    return run("check", "--canary", "--json", "--config", str(file))


def test_every_channel_tells(tmp_path: Path, manager: Logging) -> None:
    with configured(tmp_path, manager) as file:
        ran = check(file)
    found = told(ran)
    assert {"ok"} == {level for level, _ in found.values()}
    assert {"security.json", "notice"} <= found.keys()
    assert 3 == len(found)
    assert 0 == ran.code


def test_a_log_that_tells_nothing_is_named_with_its_mend(tmp_path: Path, manager: Logging) -> None:
    """As one whose level is not in logger.conf."""
    manager.security.unlink()
    with configured(tmp_path, manager, patience=1.5) as file:
        ran = check(file)
    found = told(ran)
    assert ("error", "told nothing of a failed log-in to the AMI in 1.5 s") == found.pop("security.json")
    assert {"ok"} == {level for level, _ in found.values()}
    assert 1 == ran.code
    mends = [each["mend"] for each in ran.json["findings"] if each["subject"].startswith("canary: ")]
    assert "security.json => [json]security in logger.conf, then `logger reload`" in mends


def test_an_ami_that_lets_nobody_fail_is_said(tmp_path: Path, manager: Logging) -> None:
    manager.silent = True
    with configured(tmp_path, manager, patience=0.5) as file:
        assert "could not even fail to log in" in told(check(file))["canary"][1]


def test_without_an_ami_there_is_nothing_to_fail_at(
    tmp_path: Path, manager: Logging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amiguard.asterisk.discover.discover.__defaults__", (str(tmp_path), ""))
    file = tmp_path / "amiguard.toml"
    file.write_text(f'[[log]]\npath = "{manager.security}"\n', encoding="utf-8")
    assert ("error", "there is no AMI on this host to fail at") == told(check(file))["canary"]


def test_the_ami_of_this_hosts_asterisk_serves_though_nobody_listens_to_it(
    tmp_path: Path, manager: Logging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amiguard.asterisk.discover.discover.__defaults__", (str(tmp_path), ""))
    file = tmp_path / "amiguard.toml"
    file.write_text(f'[[log]]\npath = "{manager.security}"\n', encoding="utf-8")
    with fakeasterisk.Server(manager.serve) as server:
        (tmp_path / "manager.conf").write_text(f"[general]\nenabled = yes\nport = {server.port}\n")
        assert discover.discover(str(tmp_path)).manager
        assert {"security.json": ("ok", "told of a failed log-in to the AMI")} == told(check(file))
