"""Who reads which log, and which is refused for what Asterisk writes into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amiguard import config
from amiguard.asterisk.discover import discover
from amiguard.config import NOTICE, SECURITY
from amiguard.logs import Logs

if TYPE_CHECKING:
    from pathlib import Path


def logs(etc: Path, toml: str, channels: str = "") -> Logs:
    """This configuration beside this logger.conf."""
    (etc / "logger.conf").write_text(f"[logfiles]\n{channels}\n")
    return Logs(config.parse(toml, "test"), discover(str(etc)))


def log(path: str, name: str = NOTICE) -> str:
    return f'[[log]]\npath = "{path}"\nfilter = "{name}"\n'


def test_a_file_is_read_by_its_own_entry_before_any_glob(tmp_path: Path) -> None:
    found = logs(tmp_path, log("/log/*", SECURITY) + log("/log/n*") + log("/log/notice"))
    assert [NOTICE, SECURITY, SECURITY] == [found.filter(f"/log/{name}") for name in ("notice", "nope", "x")]
    assert ("/log/*", "/log/n*", "/log/notice") == found.patterns


def test_a_journal_is_no_path_and_beside_it_no_log_is_looked_for(tmp_path: Path) -> None:
    found = logs(tmp_path, '[[log]]\njournal = "asterisk.service"\n')
    assert ((), ["journal:asterisk.service"]) == (found.patterns, list(found.journals))
    assert SECURITY == found.filter("journal:asterisk.service")


@pytest.mark.parametrize(
    ("path", "channels", "refused"),
    [
        ("/log/notice", "", False),
        ("/log/notice", "/log/notice => notice", False),
        ("/log/notice", "/log/notice => notice,error", True),
        ("/log/notice", "/log//notice => [plain]notice,security", True),
        ("/log/notice", "/log/notice => [json]notice,warning,error", False),
        ("/log/messages", "/log/messages => notice", True),
    ],
)
def test_a_log_of_notices_is_refused_where_text_of_other_levels_is_in_it(
    tmp_path: Path, path: str, channels: str, refused: bool
) -> None:
    assert refused == bool(logs(tmp_path, log("/log/*"), channels).refusal(path))


def test_a_security_log_that_a_glob_meets_is_refused_by_name(tmp_path: Path) -> None:
    found = logs(tmp_path, log("/log/*", SECURITY))
    assert "[json]security" in found.refusal("/log/messages.1")
    assert "" == found.refusal("/log/security")


def test_what_was_discovered_is_not_refused(tmp_path: Path) -> None:
    found = logs(tmp_path, "", "/log/full.json => [json]security,error")
    assert (("/log/full.json",), "", ()) == (found.patterns, found.refusal("/log/full.json"), found.warnings)


def test_notices_without_anything_that_tells_of_events_are_warned_of(tmp_path: Path) -> None:
    assert "nothing tells of security events" in logs(tmp_path, log("/log/notice")).warnings[0]
    for more in (log("/log/security", SECURITY), "[[ami]]"):
        assert () == logs(tmp_path, log("/log/notice") + more).warnings
