"""The real service and a real journal, which lies where journald keeps it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

import pytest
from journaling import MACHINE, entry, needs_journal, write
from lab import Service, attack, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kernel, needs_journal]

MOUNT = 'mount --bind "$0" /var/log && exec "$@"'
SECURITY = '[[log]]\njournal = "asterisk.service"\n'
SOURCE = "203.0.113.7"


def security(line: bytes) -> bytes:
    """What syslog(3) carries of a line of the log: Asterisk's prefix has no date there."""
    return entry(line.partition(b"] ")[2].rstrip(b"\n"))


def guesses(source: str = SOURCE, times: int = 5) -> Iterator[bytes]:
    return (security(line) for line in attack(source, times=times).splitlines())


class Journalled(Service):
    """A service whose /var/log holds a journal of ours."""

    def __init__(self, root: Path, settings: str = SECURITY) -> None:
        super().__init__(root, settings, logs=("unused",))
        self.configure(settings, logs=())
        self.file = root / "log/journal" / MACHINE.read_text().strip() / "system.journal"
        self.file.parent.mkdir(parents=True)

    def start(self, *before: str) -> Self:
        return super().start(*(before or ("unshare", "--mount", "sh", "-c", MOUNT, str(self.root / "log"))))

    def row(self) -> dict[str, Any]:
        [row] = self.status()["sources"]
        return row


def test_who_guesses_is_banned_by_what_the_journal_tells_and_once(tmp_path: Path) -> None:
    """A restart goes on behind what has counted."""
    service = Journalled(tmp_path)
    write(service.file, *guesses(times=3))
    with service:
        service.until_read(3)
        assert 0 == service.stop()
        service.start()
        assert 0 == service.row()["events"]
        write(service.file, *guesses("203.0.113.9"))
        service.until_banned("203.0.113.9/32")
        assert ["203.0.113.9/32"] == list(service.bans())
        write(service.file, *guesses(times=2))
        service.until_banned(f"{SOURCE}/32")
        assert ("journal:asterisk.service", "following", "classic") == tuple(
            service.row()[name] for name in ("name", "state", "form")
        )


def test_a_crash_neither_loses_nor_repeats_an_entry(tmp_path: Path) -> None:
    """Whatever of it the store had: four of the five that ban stay four, and the fifth bans."""
    service = Journalled(tmp_path)
    write(service.file, *guesses(times=4))
    with service:
        service.until_read(4)
        service.kill()
        service.start()
        until(lambda: service.row()["state"] == "following", "the journal again")
        assert {} == service.bans()
        write(service.file, *guesses(times=1))
        service.until_banned(f"{SOURCE}/32")


def test_a_line_break_in_a_message_forges_no_record(tmp_path: Path) -> None:
    [forged] = attack("203.0.113.9", times=1).splitlines()
    broken = b"NOTICE[1]: chan_sip.c: said '\n" + forged.partition(b"] ")[2] + b"\n'"
    with Journalled(tmp_path) as service:
        write(service.file, *(entry(broken) for _ in range(9)), *guesses())
        service.until_banned(f"{SOURCE}/32")
        assert [f"{SOURCE}/32"] == list(service.bans())


def test_a_filter_of_fail2bans_kind_reads_any_units_messages(tmp_path: Path) -> None:
    (tmp_path / "own.conf").write_text("[Definition]\nfailregex = ^ \\S+ shop\\[\\d+\\]: bad from <HOST>$\n")
    settings = f'[[log]]\njournal = "shop.service"\nfilter = "{tmp_path}/own.conf"\n'
    fields = {"_SYSTEMD_UNIT": b"shop.service", "_TRANSPORT": b"stdout", "SYSLOG_IDENTIFIER": b"shop"}
    service = Journalled(tmp_path, settings)
    write(service.file, *(entry(b"bad from 203.0.113.7", time.time(), **fields) for _ in range(3)))
    with service:
        service.until_read(3)
        assert 0 == service.stop()
        service.start()
        assert 0 == service.row()["events"]
        write(service.file, *(entry(b"bad from 203.0.113.7", time.time(), **fields) for _ in range(2)))
        service.until_banned(f"{SOURCE}/32")


def test_a_journal_that_is_missing_is_told_and_read_when_it_comes(tmp_path: Path) -> None:
    with Journalled(tmp_path) as service:
        assert "unreadable" == service.row()["state"]
        assert "keeps no journal" in service.row()["reason"]
        write(service.file, *guesses())
        service.until_banned(f"{SOURCE}/32")
        until(lambda: service.row()["reason"] == "", "a reason that is gone")
        assert 1 == service.said.count("cannot be read")


def test_without_the_extra_nothing_starts_and_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cysystemd.py").write_text("raise ImportError('no libsystemd')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code, said = Journalled(tmp_path).fails()
    assert 2 == code
    assert "log#1.journal: needs cysystemd (no libsystemd): pip install 'amiguard[journal]'" in said[-1]
