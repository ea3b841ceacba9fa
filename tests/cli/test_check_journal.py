"""`check` and a log that is a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fakeasterisk
import pytest
import written
from journaling import UNIT, entry, needs_journal, write
from lab import Ran, run

from amiguard.logs import Logs
from amiguard.sources.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from amiguard.demo.manager import Attempt

pytestmark = [pytest.mark.kernel, needs_journal]


class Telling(fakeasterisk.Manager):
    """An Asterisk's manager that tells journald of log-ins by syslog(3)."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def _raise(self, session: fakeasterisk.Session, attempt: Attempt) -> None:
        super()._raise(session, attempt)
        record = written.record(attempt.kind, session.words(attempt.user), SessionTV=written.EVENTTV)
        write(self._file, entry(written.classic(record).partition(b"] ")[2].rstrip(b"\n")))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the journal lies: not where journald keeps that of this very machine."""

    def journal(*_: object) -> Journal:
        return Journal(UNIT, bare=True, framed=True, directory=str(tmp_path))

    monkeypatch.setattr(Logs, "journal", journal)
    return tmp_path / "system.journal"


def check(folder: Path, *options: str, ami: str = "") -> Ran:
    config = folder / "amiguard.toml"
    config.write_text(f'[service]\nstate_dir = "{folder}/state"\n{ami}[[log]]\njournal = "{UNIT}"\n')
    return run("check", "--json", *options, "--config", str(config))


def told(ran: Ran, subject: str) -> tuple[str, str]:
    [found] = [each for each in ran.json["findings"] if each["subject"] == subject]
    return found["level"], found["text"]


def test_it_tells_whether_the_journal_can_be_read(tmp_path: Path, file: Path) -> None:
    level, text = told(check(tmp_path), f"journal:{UNIT}")
    assert ("error", True) == (level, "keeps no journal" in text)
    write(file, entry(b"other", _SYSTEMD_UNIT=b"other.service"))
    assert ("ok", "can be read, and tells nothing of the last day") == told(
        check(tmp_path), f"journal:{UNIT}"
    )
    write(file, entry(b"NOTICE[1]: one"))
    assert ("ok", "can be read") == told(check(tmp_path), f"journal:{UNIT}")


def test_the_canary_shows_in_the_journal(tmp_path: Path, file: Path) -> None:
    write(file, entry(b"NOTICE[1]: one"))
    with fakeasterisk.configured(tmp_path, Telling(file)) as ami:
        ran = check(tmp_path, "--canary", ami=ami)
    expected = ("ok", "told of a failed log-in to the AMI")
    assert expected == told(ran, f"canary: journal:{UNIT}")
