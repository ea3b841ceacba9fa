"""Our filters, read by fail2ban itself, on every form of line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import noticed
import pytest
import written
from noticed import FORMS, VALUES
from noticelog import firm
from written import HONEST, Words

from amiguard.model import Prefix
from amiguard.sources.kinds import KINDS

if TYPE_CHECKING:
    from judged import Judge
    from noticed import Form

CLASSIC = "amiguard-asterisk-security"
JSON = "amiguard-asterisk-security-json"
TRUE = ["203.0.113.7"]
NOON = 1_795_299_699
HARMLESS = {"SessionLimit", "MemoryLimit", "LoadAverageLimit", "RequestNotSupported"}
FAILURES = sorted(
    kind.name for kind in KINDS.values() if kind.severity == "Error" and kind.name not in HARMLESS
)
SYSLOG = {
    "syslog": b"Nov 21 22:21:39 pbx asterisk[812]: NOTICE[3366]: %s:114 in log_failed_request: %s",
    "rsyslog": b"2026-11-21T22:21:39.487123+00:00 pbx.example asterisk[812]: NOTICE[3366]: %s:114 in f: %s",
    "plain": b"[2026-11-21 22:21:39] NOTICE[3366][C-0000000a]: %s:114 log_failed_request: %s",
    "Asterisk 11": b"[2013-06-09 00:01:02] NOTICE [22382] %s: %s",
}
each_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.line)


def both(text: bytes) -> dict[str, bytes]:
    """A record of the security log in each form, by the filter that reads it."""
    return {CLASSIC: written.classic(text).rstrip(), JSON: written.as_json(text).rstrip()}


@pytest.mark.parametrize("kind", FAILURES)
def test_every_kind_of_failure_is_found_with_its_time(judge: Judge, kind: str) -> None:
    for name, line in both(written.record(kind)).items():
        assert [[(Prefix.parse(TRUE[0]), NOON)]] == judge.reads(name, [line])


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - set(FAILURES)))
def test_every_other_kind_of_event_names_nobody(judge: Judge, kind: str) -> None:
    for name, line in both(written.record(kind)).items():
        assert [] == judge.whom(name, line)


def test_a_phone_set_up_wrongly_is_not_named(judge: Judge) -> None:
    acl = b"registrar_attempt_exceeds_maximum_configured_contacts"
    for name, line in both(written.record("FailedACL", ACLName=acl)).items():
        assert [] == judge.whom(name, line)


@pytest.mark.parametrize("prefix", written.PREFIXES.values(), ids=written.PREFIXES)
def test_the_security_log_is_read_in_each_form(judge: Judge, prefix: bytes) -> None:
    [[(_, time)]] = judge.reads(CLASSIC, [prefix + written.record("InvalidAccountID")])
    assert NOON == time


@pytest.mark.parametrize("transport", [b"", b"UDP/", b"TCP/", b"TLS/", b"WS/", b"WSS/"])
def test_every_transport_and_both_families_are_read(judge: Judge, transport: bytes) -> None:
    places = {b"IPV4/%s203.0.113.7/5061": "203.0.113.7", b"IPV6/%s2001:db8::7%%eth0/5061": "2001:db8::7"}
    for place, address in places.items():
        record = written.record("InvalidPassword", HONEST._replace(remote=place % transport))
        for name, line in both(record).items():
            assert [address] == judge.whom(name, line)


def test_the_time_of_asterisk_11_is_understood(judge: Judge) -> None:
    words = Words(service=b"SIP", eventtv=b"1379444180-215558")
    [[(_, time)]] = judge.reads(CLASSIC, [written.classic(written.record("InvalidPassword", words))])
    assert 1_379_444_180 == time


@each_form
def test_every_form_of_notice_is_found_in_json(judge: Judge, form: Form) -> None:
    assert TRUE == judge.whom(form.read_by("-json"), noticed.as_json(form.said()))


@each_form
def test_every_form_of_notice_that_cannot_be_forged_is_found(judge: Judge, form: Form) -> None:
    sure = [str(who) for who in firm(form.said())]
    assert sure == judge.whom(form.read_by(), form.said())


@each_form
@pytest.mark.parametrize("peer", ["[2001:db8::1]:5060", "[fe80::1%eth0]:5060", "2001:db8::1"])
def test_notices_name_addresses_of_ipv6(judge: Judge, form: Form, peer: str) -> None:
    address = peer.strip("[").partition("]")[0].partition("%")[0]
    line = form.said({**VALUES, "peer": peer})
    assert [address] == judge.whom(form.read_by("-json"), noticed.as_json(line))


@pytest.mark.parametrize("line", SYSLOG.values(), ids=SYSLOG)
def test_notices_are_read_in_each_form(judge: Judge, line: bytes) -> None:
    found = judge.reads(
        "amiguard-asterisk-notice", [line % (b"manager.c", b"203.0.113.7 failed to authenticate as 'a'")]
    )
    [[(_, time)]] = found
    assert time


@pytest.mark.parametrize("stamp", ["", "[Nov 21 22:21:39] "])
def test_the_journal_is_read(judge: Judge, stamp: str) -> None:
    record = written.record("InvalidAccountID").decode()
    security = f"{stamp}SECURITY[3366]: res_security_log.c:114 in security_event_stasis_cb: {record}"
    notice = f"{stamp}NOTICE[3366]: manager.c:114 in authenticate: 203.0.113.7 failed to authenticate as 'a'"
    for name, message in {CLASSIC: security, "amiguard-asterisk-notice": notice}.items():
        assert TRUE == [
            str(each.address) for each in judge.reads_journal(name, "pbx asterisk[812]:", message)
        ]


def test_a_line_break_in_a_journal_entry_begins_no_line(judge: Judge) -> None:
    forged = "NOTICE[3366]: manager.c:114 in authenticate: 198.51.100.99 failed to authenticate as 'a'"
    message = f"NOTICE[1]: chan_iax2.c:7 in f: No registration for peer 'x\n{forged}\n' (from 203.0.113.7)"
    assert [] == judge.reads_journal("amiguard-asterisk-notice", "pbx asterisk[812]:", message)
