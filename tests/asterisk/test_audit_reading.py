"""What else the rules read: certificates, secrets, the dialplan, texts of the machine."""

from __future__ import annotations

import certificates
import pytest
from audited import SECRET, findings, site_of

from amiguard.asterisk.audit import telling
from amiguard.asterisk.audit.advisories import ADVISORIES, affecting
from amiguard.asterisk.audit.certificate import Certificate, certificate
from amiguard.asterisk.audit.facts import Facts, Listener, Version
from amiguard.asterisk.audit.planrules import dials_out, unfiltered
from amiguard.asterisk.audit.quoting import masked
from amiguard.asterisk.audit.secrets import weakness
from amiguard.model import Prefix

RSA = """\
-----BEGIN CERTIFICATE-----
MIIB9DCCAV2gAwIBAgIUU8PZEJ/AjbwNysqh1GSiOeCIu0kwDQYJKoZIhvcNAQEL
BQAwDDEKMAgGA1UEAwwBeDAeFw0yNjExMjIwNDAxNDJaFw0yOTA4MTgwNDAxNDJa
MAwxCjAIBgNVBAMMAXgwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAK4bh6vO
eF8hLwYmfpUl1YAAe4aw4L5jXHMuBEPKzBF0TJFjPSPxnGawEO6/zi8lJpO98+HJ
MS12n4SMhNLh0JbVNGyNqiOMXn9ypoYyvSWq6Npghlp7mlb+1n9MI+MMYeFg1THc
jI2pPc8l+lzzQgT4bzhJrAm/iWs15wFSGE5HAgMBAAGjUzBRMB0GA1UdDgQWBBRy
ghBA8QuQnyHEphrl8ilk28SbkjAfBgNVHSMEGDAWgBRyghBA8QuQnyHEphrl8ilk
28SbkjAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4GBAKT9PhvzFUWc
2IxPduPXXX1Sc/z66mzvFyJIT+2m7ze3C3h7TAEQW/EcHOKCOIzR/A8EVyQRIdWA
OGJkC6LWtqjsRMDY6a1TJA3Cq2YN1exYPLOg+txU5y2Mtg3DMUuacmResvs0+EkO
SiESeUAbExPgO+UmvHRlCcJI9Dzo/qhJ
-----END CERTIFICATE-----
"""
BROKEN = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----"
CENTURY = 4_733_510_400.0  # 2120-01-01
RSA_ENDS = 1_881_720_102.0  # as openssl says: Aug 18 04:01:42 2029


def test_a_certificate_tells_its_end_and_its_names() -> None:
    assert Certificate(CENTURY, 0, self_signed=True, named=True) == certificate(certificates.HERE.encode())


def test_the_key_of_an_rsa_certificate_is_measured() -> None:
    found = certificate(RSA.encode())
    assert (1024, True, False) == found[1:]
    assert RSA_ENDS == found.ends


@pytest.mark.parametrize("text", ["", BROKEN.format("MIIB"), BROKEN.format("!")])
def test_what_is_no_certificate_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"no certificate in it|a malformed certificate"):
        certificate(text.encode())


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("amp111", "guessable"),
        ("PHPAGI", "guessable"),
        ("bob", "guessable"),
        ("bobbob", "guessable"),
        ("bob123", "guessable"),
        ("change_me_please", "guessable"),
        ("your-secret-here", "guessable"),
        ("<put it here>", "guessable"),
        ("zzzzzzzzzzzzzzzz", "guessable"),
        ("h7Kq2v", "short"),
        ("abababababababab", "short"),
        (SECRET, ""),
        ("9f86d081884c7d659a2feaa0c55ad015", ""),
    ],
)
def test_a_secret_is_weighed(secret: str, expected: str) -> None:
    assert expected == weakness(secret, "bob", "")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("secret", "hunter2", "secret = ****"),
        ("secret", "", "secret ="),
        ("md5_cred", "hunter2", "md5_cred = ****"),
        ("password", "hunter2", "password = ****"),
        ("password_format", "plain", "password_format = plain"),
        ("register", "me:hun@ter2@sip.example/1", "register => ****@sip.example/1"),
        ("exten", "1,1,Dial(IAX2/me:hunter2@x/1)", "exten => 1,1,Dial(IAX2/me:****@x/1)"),
        ("exten", "1,1,Dial(PJSIP/${EXTEN:1}@x)", "exten => 1,1,Dial(PJSIP/${EXTEN:1}@x)"),
        ("same", "n,DISA(hunter2,in)", "same => n,DISA(****,in)"),
        ("same", "n,DISA(no-password,in)", "same => n,DISA(no-password,in)"),
        ("same", "n,Authenticate(hunter2)", "same => n,Authenticate(****)"),
        ("server_uri", "sip:me:hunter2@x", "server_uri = sip:****@x"),
        ("read", "call", "read = call"),
        ("requirecalltoken", "no", "requirecalltoken = no"),
        ("refresh_token", "hunter2", "refresh_token = ****"),
    ],
)
def test_what_may_be_a_secret_is_masked(name: str, value: str, expected: str) -> None:
    assert expected == masked(name, value)


def test_a_secret_that_looks_like_a_comment_ends_at_it() -> None:
    text = "=== manager.conf ===\n[general]\nenabled=yes\n[a]\nsecret=abc;def\n"
    text += "[b]\nsecret=abc ;def\n[c]\nsecret=a\\;b\n"
    assert ["the secret of [a] ends at a ;"] == [
        each.text for each in findings(text) if each.rule == "AMI010"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${EXTEN}", "${EXTEN}"),
        ("a/${FILTER(0-9,${EXTEN})}@b", "a/@b"),
        ("${FILTER(0-9,${EXTEN:${GLOBAL(X)}})}/${EXTEN}", "/${EXTEN}"),
        ("${FILTER(0-9,${EXTEN}", ""),
    ],
)
def test_what_went_through_a_filter_is_clean(text: str, expected: str) -> None:
    assert expected == unfiltered(text)


PLAN = """\
=== extensions.conf ===
[general]
static = yes
[out]
exten => _9NXX[2-9]XXX,1,NoOp()
same => n(again),Dial(PJSIP/${EXTEN:1}@trunk)
exten => _1XX,1,Dial(PJSIP/${EXTEN})
[loop]
include => loop
include => middle
[middle]
include => out,09:00-17:00,mon-fri,*,*
[out](+)
exten => 112,1,Dial(PJSIP/112@trunk)
"""


def test_includes_are_followed_and_only_numbers_of_others_go_out() -> None:
    site = site_of(PLAN)
    assert ["_9NXX[2-9]XXX"] == [step.pattern for step in dials_out(site, "loop")]
    assert ["loop", "middle", "out"] == [context.name for context in site.dialplan.reached("loop")]
    assert () == dials_out(site, "none")


PROC_NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:13AE 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:13AE 0100007F:A1B2 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
"""
PROC_NET_UDP6 = """\
  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000000000000:13C4 00000000000000000000000000000000:0000 07 00000000:00000000
   1: B80D0120000000000000000001000000:13C4 00000000000000000000000000000000:0000 07 00000000:00000000
"""


def test_listening_sockets_are_read() -> None:
    assert [Listener("tcp", Prefix.parse("127.0.0.1"), 5038)] == list(telling.listeners(PROC_NET_TCP, "tcp"))
    assert ["::", "2001:db8::1"] == [each.address.address for each in telling.listeners(PROC_NET_UDP6, "udp")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Asterisk 22.10.1\n", Version(22, 10, 1)),
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1\n", Version(22, 10, 1)),
        ("Asterisk 16.28.0~dfsg-0+deb11u4", Version(16, 28, 0, patched=True)),
        ("Asterisk certified/18.9-cert5", Version(18, 9, 5, patched=True)),
        ("Asterisk 20.6.0~dfsg+~cs6.13-2ubuntu1", Version(20, 6, 0, patched=True)),
        ("Package: asterisk\nVersion: 1:20.10.0~dfsg-1\n", Version(20, 10, 0)),
        ("Asterisk GIT-master-abc", None),
        ("", None),
    ],
)
def test_versions_are_read(text: str, expected: Version | None) -> None:
    assert expected == telling.version(text)


def test_what_the_console_shows_is_read() -> None:
    shown = "\nusername\n--------\nadmin\nbob\n-------------------\n2 manager users configured.\n"
    assert ["admin", "bob"] == telling.users(shown)
    assert [] == telling.users("No such command\n")
    user = "\n          username: bob\n         read perm: call,cdr\n        write perm: <none>\n"
    assert (frozenset({"call", "cdr"}), frozenset()) == telling.rights(user)
    assert telling.rights("no such user") is None
    connected = (
        "  Username         IP Address      Start       Elapsed     FileDes   HttpCnt   ReadPerms\n"
        "  bob              127.0.0.1       1795319000  12          22        0         00000002\n"
        "  averylongusernam 127.0.0.1       1795319000  12          22        0         00000002\n"
        "2 users connected.\n"
    )
    assert {"bob"} == telling.connected(connected)


@pytest.mark.parametrize(
    ("version", "count"),
    [
        ((22, 10, 1), 0),
        ((22, 10, 0), 3),
        ((20, 20, 1), 0),
        ((20, 8, 0), 7),
        ((18, 26, 1), 4),
        ((24, 0, 0), 0),
    ],
)
def test_advisories_know_the_first_release_without_them(version: tuple[int, int, int], count: int) -> None:
    assert count == len(list(affecting(Version(*version))))


def test_every_advisory_ends_somewhere() -> None:
    assert all(each.id.startswith("GHSA-") and each.fixed for each in ADVISORIES)


def test_what_runs_and_what_is_written_may_differ() -> None:
    text = f"=== manager.conf ===\n[general]\nenabled = yes\n[bob]\nsecret = {SECRET}\nread = call\n"
    running = {"bob": (frozenset({"call"}), frozenset({"system"})), "gone": (frozenset(), frozenset())}
    found = findings(text, Facts(running=running))
    assert [
        "the running Asterisk has [bob] with read = call and write = system",
        "[gone] is in no file, and still an AMI user of the running Asterisk",
    ] == [each.text for each in found if each.rule == "AMI023"]
