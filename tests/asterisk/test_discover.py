"""An installation's own configuration says where its security log is, and what may be believed of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from amiguard.asterisk.discover import FALLBACK, Installation, LogFile, Manager, discover
from amiguard.asterisk.sections import Place

if TYPE_CHECKING:
    from pathlib import Path

MEND = 'add "security.json => [json]security" to [logfiles] in logger.conf'


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A configuration directory."""
    path = tmp_path / "etc"
    path.mkdir()
    return path


def logger(etc: Path, channels: str, general: str = "") -> Installation:
    """Discover an installation with this logger.conf, whose log directory is /log."""
    (etc / "asterisk.conf").write_text("[directories]\nastlogdir => /log\n")
    (etc / "logger.conf").write_text(f"[general]\n{general}\n[logfiles]\n{channels}\n")
    return discover(str(etc), hostname="pbx1")


def manager(etc: Path, ami: str, http: str = "") -> Installation:
    """Discover an installation with this manager.conf and http.conf."""
    (etc / "manager.conf").write_text(f"[general]\n{ami}\n")
    (etc / "http.conf").write_text(f"[general]\n{http}\n")
    return discover(str(etc))


def test_a_file_of_security_alone_is_found_with_its_place(etc: Path) -> None:
    found = logger(etc, "console => notice,security\nsecurity => security")
    place = Place(f"{etc}/logger.conf", 5)
    assert (LogFile("/log/security", "default", frozenset(), place),) == found.logs
    assert (found.log, found.reasons) == ("/log/security", ())


def test_json_is_preferred_whatever_else_it_carries(etc: Path) -> None:
    found = logger(
        etc, "security => security\na.json => [JSON]error,Security,verbose(3)\nplain => [plain]security"
    )
    assert [(log.path, log.format) for log in found.logs] == [
        ("/log/a.json", "json"),
        ("/log/security", "default"),
        ("/log/plain", "plain"),
    ]
    assert found.logs[0].others == {"error", "verbose"}
    assert found.logs[0].mixed
    assert not found.logs[0].forgeable
    assert found.reasons == ()


@pytest.mark.parametrize("level", ["error", "verbose(5)", "debug", "warning", "dtmf", "*"])
def test_other_levels_make_a_classic_file_forgeable_and_it_is_not_followed(etc: Path, level: str) -> None:
    found = logger(etc, f"full => {level},security")
    assert [log.forgeable for log in found.logs] == [True]
    assert found.log == FALLBACK
    assert found.reasons == (
        (
            f"{etc}/logger.conf:4: '/log/full' carries {level.partition('(')[0]!r} beside security, so that"
            f" a stranger's packet can write whole false records into it: it is no evidence; {MEND}"
        ),
    )


def test_a_forgeable_file_comes_last(etc: Path) -> None:
    found = logger(etc, "full => error,security\nfail2ban => notice,security")
    assert [log.path for log in found.logs] == ["/log/fail2ban", "/log/full"]
    assert found.log == "/log/fail2ban"


def test_a_notice_beside_security_is_mixed_but_cannot_be_forged(etc: Path) -> None:
    found = logger(etc, "fail2ban => notice,security\nsecurity => security")
    assert [(log.path, log.mixed) for log in found.logs] == [
        ("/log/security", False),
        ("/log/fail2ban", True),
    ]
    assert found.reasons == ()


@pytest.mark.parametrize(
    "channel",
    ["syslog.local0 => security", "console => security", "x => notice", "x => security[json]notice"],
)
def test_what_is_no_file_with_security_is_left_out_and_said(etc: Path, channel: str) -> None:
    found = logger(etc, channel)
    assert (found.logs, found.log) == ((), FALLBACK)
    assert found.reasons == (f"no log file has the level security; {MEND}",)


@pytest.mark.parametrize(
    ("name", "general", "path"),
    [
        ("security", "", "/log/security"),
        ("sub/security", "", "/log/sub/security"),
        ("/var/security", "", "/var/security"),
        ("security", "appendhostname = yes", "/log/security.pbx1"),
        ("/var/security", "appendhostname = on", "/var/security.pbx1"),
        ("security", "appendhostname = no\nappendhostname = yes", "/log/security"),
    ],
)
def test_names_are_relative_to_the_log_directory_and_may_end_in_the_host_name(
    etc: Path, name: str, general: str, path: str
) -> None:
    assert logger(etc, f"{name} => security", general).log == path


def test_an_unknown_format_is_the_default_one(etc: Path) -> None:
    assert [log.format for log in logger(etc, "security => [xml]security").logs] == ["default"]


def test_includes_are_found_beside_the_including_file_and_hidden_files_are_not(etc: Path) -> None:
    (etc / "logger_a.conf").write_text("security => security\n")
    (etc / "logger_b.conf").mkdir()
    (etc / ".logger_a.conf").write_text("hidden => security\n")
    assert [log.path for log in logger(etc, "#include logger_*.conf\n#tryinclude *logger_c.conf").logs] == [
        "/log/security"
    ]


def test_asterisk_conf_may_lead_to_another_directory(etc: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "logger.conf").write_text("[logfiles]\nsecurity => security\n")
    (etc / "asterisk.conf").write_text(f"[directories]\nastetcdir => /none\nastetcdir => {other}\n")
    found = discover(str(etc))
    assert (found.directory, found.log) == (str(other), "/var/log/asterisk/security")


def test_directories_in_a_template_are_no_directories(etc: Path) -> None:
    """Asterisk's own sample says ``[directories](!)``."""
    (etc / "asterisk.conf").write_text("[directories](!)\nastlogdir => /elsewhere\n")
    assert discover(str(etc)).log_directory == "/var/log/asterisk"


def test_a_missing_logger_conf_is_said(etc: Path) -> None:
    found = discover(str(etc))
    assert (found.log, found.logs) == (FALLBACK, ())
    assert found.reasons == (
        f"{etc}/logger.conf does not exist",
        f"no log file has the level security; {MEND}",
    )
    assert found.manager == Manager(enabled=False, port=5038, over_http=False)


def test_an_invalid_logger_conf_is_said_with_its_place(etc: Path) -> None:
    (etc / "logger.conf").write_text("[logfiles]\nsecurity => security\n[broken\n")
    assert discover(str(etc)).reasons == (
        f"{etc}/logger.conf:3: no closing ']'; Asterisk discards the whole file",
        f"no log file has the level security; {MEND}",
    )


def test_what_may_not_be_read_is_said_and_nothing_is_made_of_it(etc: Path) -> None:
    """A link to itself cannot be read by anyone, root included."""
    for name in ("logger.conf", "manager.conf"):
        (etc / name).symlink_to(etc / name)
    found = discover(str(etc))
    assert (found.logs, found.manager) == ((), None)
    assert found.reasons == tuple(
        f"{etc}/{name} cannot be read: Too many levels of symbolic links"
        for name in ("logger.conf", "manager.conf")
    )


def test_a_pipe_is_no_file_to_wait_for(etc: Path) -> None:
    os.mkfifo(etc / "logger.conf")
    assert discover(str(etc)).logs == ()


@pytest.mark.parametrize(
    ("ami", "expected"),
    [
        ("", (False, 5038)),
        ("enabled = yes", (True, 5038)),
        ("enabled = yes\nport = 5039", (True, 5039)),
        ("enabled = no\nENABLED = On", (True, 5038)),
        ("enabled = enabled", (False, 5038)),
        ("enabled = 1\nport = 80", (True, 5038)),
        ("enabled = t\nport = 99999999999", (True, 5038)),
    ],
)
def test_the_ami_is_on_at_its_port(etc: Path, ami: str, expected: tuple[bool, int]) -> None:
    found = manager(etc, ami).manager
    assert found is not None
    assert (found.enabled, found.port) == expected


@pytest.mark.parametrize(
    ("ami", "http", "expected"),
    [
        ("enabled = yes\nwebenabled = yes", "enabled = yes", True),
        ("enabled = yes\nwebenabled = yes", "tlsenable = yes", True),
        ("enabled = yes\nwebenabled = yes", "", False),
        ("enabled = yes", "enabled = yes", False),
        ("webenabled = yes", "enabled = yes", False),
    ],
)
def test_ami_over_http_needs_all_three_and_is_a_reason_for_worry(
    etc: Path, ami: str, http: str, *, expected: bool
) -> None:
    found = manager(etc, ami, http)
    assert found.manager is not None
    assert found.manager.over_http == expected
    assert any("AMI over HTTP is on" in reason for reason in found.reasons) == expected


def test_ami_over_http_is_taken_to_be_on_where_http_conf_cannot_be_read(etc: Path) -> None:
    (etc / "http.conf").symlink_to("http.conf")
    (etc / "manager.conf").write_text("[general]\nenabled = yes\nwebenabled = yes\n")
    assert discover(str(etc)).manager == Manager(enabled=True, port=5038, over_http=True)


def test_every_file_is_known_with_its_levels(etc: Path) -> None:
    found = logger(
        etc, "console => notice\nnotice => notice\nfull => [json]notice,ERROR\nsecurity => security"
    )
    assert [
        ("/log/notice", {"notice"}),
        ("/log/full", {"notice", "error"}),
        ("/log/security", {"security"}),
    ] == [(file.path, file.levels) for file in found.files]


@pytest.mark.parametrize(
    ("text", "port"), [("", 4569), ("bindport = 4570", 4570), ("bindport = 99999", 4569)]
)
def test_the_port_of_iax2_is_found(etc: Path, text: str, port: int) -> None:
    (etc / "iax.conf").write_text(f"[general]\n{text}\n")
    assert port == discover(str(etc)).iax2_port
