"""An entry of the journal becomes one line, whatever its sender wrote."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from amiguard.sources.journalline import line
from amiguard.sources.position import LINE

AT = 1_795_299_699_487_000
FIELDS = {
    "_HOSTNAME": "pbx",
    "SYSLOG_IDENTIFIER": "asterisk",
    "_COMM": "asterisk-main",
    "_PID": "12",
    "MESSAGE": "bad",
}
texts = st.text() | st.text().map("NOTICE[1]: {}".format)
names = st.sampled_from(["_HOSTNAME", "SYSLOG_IDENTIFIER", "_COMM", "_PID", "SYSLOG_PID", "MESSAGE"])


def test_a_filter_sees_what_fail2ban_shows_it_of_a_journal() -> None:
    assert b"2026-11-21T22:21:39.487000+00:00 pbx asterisk[12]: bad\n" == line(FIELDS, AT, bare=False)


def test_without_an_identifier_the_program_is_named_and_without_a_pid_none_is() -> None:
    fields = {"_HOSTNAME": "pbx", "_COMM": "sshd", "MESSAGE": "bad"}
    assert line(fields, AT, bare=False).endswith(b" pbx sshd: bad\n")


def test_asterisks_own_records_stand_alone() -> None:
    assert b"NOTICE[1]: bad\n" == line({"MESSAGE": "NOTICE[1]: bad"}, AT, bare=True)
    assert b'{"hostname":"x\n' == line({"MESSAGE": '{"hostname":"x'}, AT, bare=True)
    assert b"" == line(FIELDS, AT, bare=True)


def test_of_a_field_that_came_twice_the_first_counts() -> None:
    assert line({"MESSAGE": ["one", "two"]}, AT, bare=False).endswith(b": one\n")


def test_an_entry_without_a_message_is_no_line() -> None:
    assert b"" == line({"_PID": "12"}, AT, bare=False)


@given(st.dictionaries(names, texts | st.lists(texts, min_size=1)), st.booleans())
def test_no_entry_forges_a_second_line(fields: dict[str, str | list[str]], bare: bool) -> None:
    found = line(fields, AT, bare=bare)
    assert not found or (found.endswith(b"\n") and found.count(b"\n") == 1)


def test_a_line_is_cut_where_those_of_files_are() -> None:
    assert LINE + 1 == len(line({"MESSAGE": "é" * LINE}, AT, bare=False))
