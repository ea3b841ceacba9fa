"""Notices: every form of line is read, and a recorded attack names nobody but its source."""

from __future__ import annotations

import re

import pytest
from noticing import DISTRIBUTOR, PREFIXES, TRUE, as_json, classic, guess, named, read
from recorded import Case, cases

from amiguard.model import Prefix
from amiguard.sources.noticelines import Health, Notice
from amiguard.sources.securitylog import Ambiguous

PJSIP = "Request 'REGISTER' from '\"A\" <sip:10%31@pbx>' failed for '203.0.113.7:5061' (callid: 1d@lab) - "
SIP = "Registration from '\"A\" <sip:101@pbx>;tag=1' failed for '203.0.113.7:5061' - "
REJECTED = "to extension '0044' rejected because extension not found in context 'public'."

SAMPLES = {
    ("manager.c", "203.0.113.7 tried to authenticate with nonexistent user '101'"): "InvalidAccountID",
    ("manager.c", "203.0.113.7 failed to authenticate as '101'"): "InvalidPassword",
    ("manager.c", "203.0.113.7 failed to pass IP ACL as '101'"): "FailedACL",
    ("manager.c", "Discarding message from 203.0.113.7. Line too long: Username: AAA..."): "RequestBadFormat",
    (DISTRIBUTOR, PJSIP + "No matching endpoint found"): "InvalidAccountID",
    (DISTRIBUTOR, PJSIP + "No matching endpoint found after 5 tries in 1204.512 ms"): "InvalidAccountID",
    (DISTRIBUTOR, PJSIP.replace(" 'REGISTER'", "") + "No matching endpoint found"): "InvalidAccountID",
    (DISTRIBUTOR, PJSIP + "Not match Endpoint ACL"): "FailedACL",
    (DISTRIBUTOR, PJSIP + "Not match Endpoint Contact ACL"): "FailedACL",
    (DISTRIBUTOR, PJSIP + "Failed to authenticate"): "ChallengeResponseFailed",
    (DISTRIBUTOR, PJSIP + "Error to authenticate"): "ChallengeResponseFailed",
    ("res_pjsip_session.c", " trunk: Call (UDP:203.0.113.7:5061) " + REJECTED): "FailedACL",
    ("res_pjsip_session.c", "Call from 'trunk' (UDP:203.0.113.7:5061) " + REJECTED): "FailedACL",
    ("chan_sip.c", "Call from '' (203.0.113.7:5061) " + REJECTED): "FailedACL",
    ("chan_sip.c", SIP + "Wrong password"): "InvalidPassword",
    ("chan_sip.c", SIP + "No matching peer found"): "InvalidAccountID",
    ("chan_sip.c", SIP + "Username/auth name mismatch"): "ChallengeResponseFailed",
    ("chan_sip.c", SIP + "Not a local domain"): "FailedACL",
    ("chan_sip.c", SIP + "Peer is not supposed to register"): "FailedACL",
    ("chan_sip.c", SIP + "Device does not match ACL"): "FailedACL",
    ("chan_sip.c", SIP + "ACL error (permit/deny)"): "FailedACL",
    ("chan_sip.c", SIP + "Device not configured to use this transport type"): "InvalidTransport",
    ("chan_iax2.c", "No registration for peer '101' (from 203.0.113.7)"): "InvalidAccountID",
    (
        "chan_iax2.c",
        "Host 203.0.113.7 failed MD5 authentication for '101' (e7df7c != 53ac4b)",
    ): "ChallengeResponseFailed",
    (
        "chan_iax2.c",
        "Host 203.0.113.7 did not provide proper plaintext password for '101'",
    ): "InvalidPassword",
    ("chan_iax2.c", "Host 203.0.113.7 denied access to register peer '101'"): "FailedACL",
    ("chan_iax2.c", "Host 203.0.113.7:5061 failed to authenticate as 101"): "InvalidPassword",
    (
        "chan_iax2.c",
        "Rejected connect attempt from 203.0.113.7, who was trying to reach '0044@public'",
    ): "InvalidAccountID",
    (
        "chan_iax2.c",
        "Rejected connect attempt from 203.0.113.7:5061, request '0044@public' does not exist",
    ): "FailedACL",
}
"""Each form of line, and the security event that it stands for."""
SERVICES = {"manager.c": b"AMI", "chan_sip.c": b"SIP", "chan_iax2.c": b"IAX2"}
OTHERS = (b"acl.c: ", b"Unknown SIP command ", b"Failed to authenticate device ")
"""Notices that no row is for: they name nobody, or nobody who has failed yet."""

each_case = pytest.mark.parametrize("case", cases(), ids=str)
each_sample = pytest.mark.parametrize(
    ("file", "text", "kind"), [(*key, kind) for key, kind in SAMPLES.items()]
)


@each_case
def test_a_recorded_attack_names_nobody_but_its_source(case: Case) -> None:
    """Though these logs hold errors and warnings as well, and with them whole forged records."""
    assert named(read(case.read("messages"))) <= case.sources


@each_case
def test_a_recorded_attack_read_line_by_line_names_nobody_else(case: Case) -> None:
    lines = re.findall(rb"[^\n]*\n|[^\n]+", case.read("messages"))
    assert named(read(*lines)) <= case.sources


def test_every_recorded_notice_of_the_cases_without_injection_is_read() -> None:
    lines = [
        line + b"\n"
        for case in cases()
        if "inject" not in case.name
        for line in case.read("messages").split(b"\n")
        if b"] NOTICE[" in line and not any(other in line for other in OTHERS)
    ]
    assert len(lines) > 250
    assert [line for line in lines if not named(read(line))] == []


def test_recorded_warnings_that_events_were_dropped_are_read() -> None:
    found = [outcome for case in cases() for outcome in read(case.read("messages"))]
    assert Health("event dropped", b"InvalidPassword") in found


@each_sample
def test_each_form_of_line_is_read_in_each_form_of_log(file: str, text: str, kind: str) -> None:
    logs = [classic(file, text, prefix) for prefix in PREFIXES.values()] + [as_json(file, text)]
    [first], *others = map(read, logs)
    assert isinstance(first, Notice)
    assert (kind, SERVICES.get(file, b"PJSIP"), TRUE) == (first.kind, first.service, first.address)
    for other in others:
        assert [first._replace(firm=True)] == [
            each._replace(firm=True) for each in other if isinstance(each, Notice)
        ]


@each_sample
def test_account_port_and_call_id_are_read(file: str, text: str, kind: str) -> None:
    del kind
    [notice] = read(classic(file, text))
    assert isinstance(notice, Notice)
    account = b"0044" if "0044" in text else b"" if "Line too long" in text else b"101"
    assert account == notice.account
    assert (5061 if "5061" in text else None) == notice.port
    assert (b"1d@lab" if file == DISTRIBUTOR else b"") == notice.call_id


@each_sample
def test_an_address_that_the_peer_may_have_deleted_is_firm_only_in_json(
    file: str, text: str, kind: str
) -> None:
    del kind
    [notice], [escaped] = read(classic(file, text)), read(as_json(file, text))
    assert isinstance(notice, Notice)
    assert isinstance(escaped, Notice)
    assert escaped.firm
    erasable = file == DISTRIBUTOR or ("Registration" in text and "m" in text.rpartition(" - ")[2])
    assert erasable != notice.firm


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("[2001:db8::1]:5060", "2001:db8::1"),
        ("[fe80::1%eth0]:5060", "fe80::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[192.0.2.1]:5060", "192.0.2.1"),
    ],
)
def test_an_address_of_either_family_is_read(text: str, address: str) -> None:
    assert {Prefix.parse(address)} == named(
        read(classic("chan_sip.c", SIP.replace("203.0.113.7:5061", text) + "Wrong password"))
    )


@pytest.mark.parametrize("text", ["1.2.3", "1.2.3.4:65536", "1.2.3.256", "[::1", "pbx.example", "..", "::::"])
def test_what_is_no_address_is_ambiguous(text: str) -> None:
    [outcome] = read(classic("chan_sip.c", SIP.replace("203.0.113.7:5061", text) + "Wrong password"))
    assert isinstance(outcome, Ambiguous)


def test_a_byte_that_is_not_utf8_hides_nobody() -> None:
    assert {TRUE} == named(read(guess(b"a\xff")))


def test_other_notices_say_nothing() -> None:
    assert [] == read(
        classic("acl.c", "Manager User ACL: Rejecting '203.0.113.7' due to a failure to pass ACL 'x'")
    )
    assert [] == read(classic("chan_sip.c", "Unknown SIP command 'FOO' from '203.0.113.7:5060'"))
    assert [] == read(b"[Nov 21 22:21:39] Asterisk 22.10.0 built by root @ pbx on a x86_64 running Linux\n")


def test_health_is_read() -> None:
    dropped = b"ERROR[1] security_events.c: Failed to issue security event of type ChallengeSent.\n"
    full = b"WARNING[0] logger: Log queue threshold (1000) exceeded.  Discarding new messages.\n"
    assert [Health("event dropped", b"ChallengeSent"), Health("records dropped", b"1000")] == read(
        dropped + full
    )


def test_the_right_answer_to_a_challenge_gets_out_nowhere() -> None:
    """`chan_iax2.c` logs it beside the wrong one."""
    text = "Host 203.0.113.7 failed MD5 authentication for '1%s1' (e7df7cd2ca07f4f1 != 53ac4bc4)"
    for account in ("", "'"):
        assert "e7df7cd2ca07f4f1" not in repr(read(classic("chan_iax2.c", text % account)))
