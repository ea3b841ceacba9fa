"""A record that ends in the middle makes suspect what follows, but not for long; a file keeps its form."""

from __future__ import annotations

import pytest
import written
from written import NOON, Words

from amiguard.model import SecurityEvent
from amiguard.sources.securitylog import (
    SANDWICH_BYTES,
    SANDWICH_RECORDS,
    SANDWICH_SECONDS,
    SWITCH_LINES,
    SecurityLog,
)

WHOLE = written.classic(written.record("InvalidPassword", Words(service=b"SIP")))
BROKEN = written.classic(written.record("InvalidAccountID", Words(account=b"x\ny")))
OPENING, REST = (line + b"\n" for line in BROKEN.split(b"\n")[:2])
NOTICE = b"[Nov 21 22:21:39] NOTICE[1] chan_sip.c: Registration failed\n"
JSON = written.as_json(written.record("InvalidPassword", Words(service=b"SIP")))


def tell(log: SecurityLog, data: bytes, receipt: float = NOON) -> str:
    """One letter an outcome: `E`vent or `a`mbiguous."""
    return "".join("E" if isinstance(each, SecurityEvent) else "a" for each in log.feed(data, receipt))


@pytest.fixture
def log() -> SecurityLog:
    return SecurityLog()


@pytest.fixture
def opened(log: SecurityLog) -> SecurityLog:
    """A log with a sandwich open."""
    assert tell(log, WHOLE + OPENING) == "Ea"
    assert not log.settled
    return log


def test_whole_records_are_events_before_and_after(log: SecurityLog) -> None:
    assert tell(log, WHOLE + OPENING + REST + WHOLE) == "EaE"
    assert log.settled


def test_what_lies_between_blames_nobody(opened: SecurityLog) -> None:
    assert tell(opened, WHOLE + NOTICE + WHOLE) == "aaa"
    assert tell(opened, REST + WHOLE) == "E"


@pytest.mark.parametrize(
    "start",
    [b"[a] NOTICE[1] ", b'[a] SECURITY[1] res_security_log.c: SecurityEvent="', b'[a] SECURITY[1] x"'],
)
def test_a_rest_that_begins_like_a_record_is_the_rest_all_the_same(log: SecurityLog, start: bytes) -> None:
    """Else a packet with such an account would hide sixteen honest records."""
    broken = written.classic(written.record("InvalidAccountID", Words(account=b"x\n" + start)))
    assert tell(log, WHOLE + broken + WHOLE) == "EaaE"
    assert log.settled


def test_text_that_begins_no_record_and_ends_none_changes_nothing(opened: SecurityLog) -> None:
    assert tell(opened, b"more of it\n" * 20 + b'"\n' + WHOLE) == "a"
    assert not opened.settled


def test_records_cut_inside_a_sandwich_do_not_open_another(opened: SecurityLog) -> None:
    assert tell(opened, OPENING + OPENING + REST + WHOLE) == "aaE"


def test_sixteen_records_end_it(opened: SecurityLog) -> None:
    assert tell(opened, NOTICE * (SANDWICH_RECORDS - 1) + WHOLE + WHOLE) == "a" * SANDWICH_RECORDS + "E"
    assert opened.settled


def test_eight_kib_end_it(opened: SecurityLog) -> None:
    assert tell(opened, b"x" * (SANDWICH_BYTES - len(WHOLE) - 1) + b"\n" + WHOLE) == "a"
    assert tell(opened, WHOLE) == "E"


def test_a_second_ends_it(opened: SecurityLog) -> None:
    assert tell(opened, WHOLE, NOON + SANDWICH_SECONDS) == "a"
    assert tell(opened, WHOLE, NOON + SANDWICH_SECONDS + 0.001) == "E"


def test_after_it_has_ended_its_rest_is_text_of_no_record(opened: SecurityLog) -> None:
    assert tell(opened, WHOLE + REST + WHOLE, NOON + 2) == "EaE"


def test_text_of_no_record_is_told_once_until_a_record_comes(log: SecurityLog) -> None:
    assert tell(log, WHOLE + b"stray\nstray\n" + NOTICE + b"stray\n") == "Eaa"


def test_a_record_torn_off_at_the_end_of_its_file_is_ambiguous(log: SecurityLog) -> None:
    assert tell(log, WHOLE + WHOLE[:-1]) == "Ea"


def test_a_record_longer_than_asterisks_buffer_is_ambiguous(log: SecurityLog) -> None:
    long = written.record("InvalidPassword", Words(session=b"C" * 7600))
    longer = written.record("InvalidPassword", Words(session=b"C" * 8200))
    assert tell(log, written.classic(long) + written.classic(longer)) == "Ea"
    assert tell(SecurityLog(), written.as_json(long) + written.as_json(longer)) == "Ea"


def test_a_file_that_begins_in_json_is_read_as_json(log: SecurityLog) -> None:
    assert tell(log, JSON + JSON) == "EE"
    assert log.form == "json"


def test_a_banner_says_nothing_of_a_files_form(log: SecurityLog) -> None:
    banner = b"[Nov 21 22:21:39] Asterisk 22.10.0 built by root @ pbx on a x86_64 running Linux\n"
    assert tell(log, banner + JSON + banner + JSON) == "EE"
    assert log.form == "json"


def test_a_json_line_in_a_classic_file_is_what_an_attacker_wrote(log: SecurityLog) -> None:
    assert tell(log, WHOLE + JSON + WHOLE + JSON * (SWITCH_LINES - 1) + WHOLE) == "EaEaE"
    assert log.form == "classic"


def test_a_classic_file_whose_format_was_changed_is_read_as_json(log: SecurityLog) -> None:
    assert tell(log, WHOLE + JSON * SWITCH_LINES + JSON) == "EaEE"
    assert log.form == "json"


def test_a_json_file_whose_format_was_changed_is_read_as_classic(log: SecurityLog) -> None:
    assert tell(log, JSON + WHOLE + WHOLE) == "EEE"
    assert log.form == "classic"
