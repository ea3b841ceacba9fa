"""Logs that anyone can write into are no evidence, and it is said why."""

from __future__ import annotations

import pytest

from amiguard.sources.refusal import refusal


@pytest.mark.parametrize(
    ("path", "levels", "why"),
    [
        ("/var/log/asterisk/messages", (), "messages"),
        ("/var/log/asterisk/messages.log", ("notice",), "messages"),
        ("/var/log/asterisk/full-20261121.gz", (), "full"),
        ("full.pbx", (), "full"),
        ("/var/log/asterisk/notice", ("notice", "warning", "error"), "error, warning beside notice"),
        ("/var/log/asterisk/notice", ("notice", "security"), "security beside notice"),
    ],
)
def test_a_log_that_anyone_can_write_into_is_refused(path: str, levels: tuple[str, ...], why: str) -> None:
    reason = refusal(path, "notice", levels)
    assert why in reason
    assert "logger.conf: notice => notice" in reason


@pytest.mark.parametrize(
    "path",
    ["/var/log/asterisk/notice", "/full/notice.json", "/x/fullness", "my-messages", "/x/messages.json"],
)
def test_a_log_of_notice_alone_is_evidence(path: str) -> None:
    assert "" == refusal(path, "notice", ("notice",))
    assert "" == refusal(path, "notice")


def test_a_security_log_is_refused_by_name_with_its_own_mend() -> None:
    assert "security.json => [json]security" in refusal("/var/log/asterisk/full", "security")
    assert "" == refusal("/var/log/asterisk/security", "security", ("security",))
