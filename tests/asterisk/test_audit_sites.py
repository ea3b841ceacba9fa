"""Whole installations: of guides, FreePBX, MikoPBX; the findings are right, and there are no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from audited import SECRET, findings, ids, site_of

from amiguard.asterisk.audit.facts import Facts, Listener, LogState, Status, Version
from amiguard.asterisk.audit.rule import HIGH, MEDIUM, Severity
from amiguard.asterisk.audit.rules import audit
from amiguard.asterisk.audit.site import Site
from amiguard.model import Prefix

GUIDE = f"""\
=== manager.conf ===
[general]
enabled = yes
webenabled = yes
port = 5038
bindaddr = 0.0.0.0
[monitor]
secret = {SECRET}
deny = 0.0.0.0/0.0.0.0
permit = 10.0.0.0/255.0.0.0
read = system,call,log,verbose,agent,user,config,dtmf,reporting,cdr,dialplan
write = system,call,agent,user,config,command,reporting,originate
"""
CLASSES = (
    "system,call,log,verbose,command,agent,user,config,command,dtmf,reporting,cdr,dialplan,originate,message"
)
FREEPBX = f"""\
=== asterisk.conf ===
[directories]
astetcdir => /etc/asterisk
[options]
runuser = asterisk
=== manager.conf ===
[general]
enabled = yes
port = 5038
bindaddr = 127.0.0.1
displayconnects=no
[admin]
secret = {SECRET}
deny=0.0.0.0/0.0.0.0
deny=::/0
permit=127.0.0.1/255.255.255.0
permit=::1
read = {CLASSES}
write = {CLASSES}
writetimeout = 5000
#include manager_additional.conf
#include manager_custom.conf
=== manager_additional.conf ===
=== manager_custom.conf ===
; one's own
=== logger.conf ===
[general]
dateformat=%F %T
[logfiles]
full => debug,error,notice,verbose,warning
fail2ban => notice,security,warning
=== http.conf ===
[general]
enabled=yes
enablestatic=no
bindaddr=127.0.0.1
bindport=8088
prefix=
=== ari.conf ===
[general]
enabled=yes
[freepbxuser]
type=user
password={SECRET}
password_format=plain
read_only=no
=== pjsip.conf ===
[global]
type=global
user_agent=FPBX
[0.0.0.0-tls]
type=transport
protocol=tls
bind=0.0.0.0:5061
[1001]
type=endpoint
aors=1001
auth=1001-auth
context=from-internal
[1001-auth]
type=auth
auth_type=userpass
password={SECRET}
username=1001
[anonymous]
type=endpoint
context=from-sip-external
allow_transfer=no
=== extensions.conf ===
[from-trunk]
include => from-pstn
[from-pstn]
include => ext-did
exten => fax,1,Goto(ext-fax,in_fax,1)
[ext-did]
exten => _X.,1,Set(__FROM_DID=${{EXTEN}})
exten => _X.,n,Goto(from-did-direct,1001,1)
[from-sip-external]
exten => _.,1,NoOp(Received incoming SIP connection from unknown peer to ${{EXTEN}})
exten => _.,n,Set(DID=${{IF($["${{EXTEN:1:2}}"=""]?s:${{EXTEN}})}})
exten => _.,n,Goto(s,1)
exten => s,1,Hangup
[macro-dialout-trunk]
exten => s,1,Set(DIAL_NUMBER=${{ARG2}})
exten => s,n,Dial(${{OUT_${{DIAL_TRUNK}}}}/${{OUTNUM}},120,${{DIAL_TRUNK_OPTIONS}})
exten => s,n,MixMonitor(${{MIXMON_DIR}}${{CALLFILENAME}}.${{MIXMON_FORMAT}},a,${{MIXMON_POST}})
"""
MIKOPBX = """\
=== manager.conf ===
[general]
enabled = yes
port = 5038;
bindaddr = 0.0.0.0
displayconnects = no
allowmultiplelogin = yes
webenabled = yes
timestampevents = yes
channelvars=DIALEDPEERNUMBER,CDR(src)
httptimeout = 60

[phpagi]
secret=phpagi
deny=0.0.0.0/0.0.0.0
permit=127.0.0.1/255.255.255.255
read=all
write=all
eventfilter=!Event: Newexten
=== http.conf ===
[general]
enabled=yes
bindaddr=0.0.0.0
bindport=8088
prefix=asterisk
enablestatic=yes
tlsenable=yes
tlsbindaddr=0.0.0.0:8089
=== logger.conf ===
[general]
dateformat = %F %T
[logfiles]
console => debug,error,verbose(10)
/storage/log/asterisk/security_log => security
/storage/log/asterisk/messages => notice,warning
"""
DEBIAN = Path("/var/cache/amiguard-lab/asterisk22/etc/asterisk")


def test_what_the_guides_tell_to_write() -> None:
    found = {each.rule: each for each in findings(GUIDE)}
    assert {"AMI006", "AMI014", "AMI018", "AMI019", "AMI028"} <= found.keys()
    assert {"AMI001", "AMI006", "AMI014", "AMI016", "AMI018", "AMI019", "AMI028"} == ids(
        GUIDE, at_least=MEDIUM
    )
    assert Severity.CRITICAL is found["AMI014"].severity
    (line,) = found["AMI006"].lines
    assert ("manager.conf:9", "permit = 10.0.0.0/255.0.0.0") == (str(line.place), line.text)


def test_the_web_part_of_the_guides_is_critical_with_a_version_that_it_crashes() -> None:
    text = GUIDE + "=== http.conf ===\n[general]\nenabled = yes\nbindaddr = 127.0.0.1\n"
    severities = [
        next(each.severity for each in findings(text, Facts(version=version)) if each.rule == "AMI018")
        for version in (Version(22, 10, 0), Version(22, 10, 1), None)
    ]
    assert [Severity.CRITICAL, Severity.HIGH, Severity.HIGH] == severities


def test_freepbx_has_few_findings() -> None:
    assert {"AMI014", "AMI016", "AMI028"} == ids(FREEPBX, at_least=MEDIUM)
    assert {"AMI014"} == ids(FREEPBX, at_least=HIGH)


def test_freepbx_on_all_addresses_is_said_to_be() -> None:
    everywhere = FREEPBX.replace("bindaddr = 127.0.0.1", "bindaddr = 0.0.0.0")
    assert {"AMI001"} == ids(everywhere, at_least=MEDIUM) - ids(FREEPBX, at_least=MEDIUM)


def test_mikopbx_has_its_published_secret_and_its_open_web() -> None:
    expected = {"AMI001", "AMI009", "AMI014", "AMI015", "AMI018", "HTTP001"}
    assert expected == ids(MIKOPBX, at_least=MEDIUM)


def test_a_live_socket_counts_beside_the_configuration() -> None:
    """Until Asterisk restarts, what it has opened stays open."""
    text = GUIDE.replace("bindaddr = 0.0.0.0", "bindaddr = 127.0.0.1")
    assert "AMI001" not in ids(text)
    open_ = Facts(here=True, listeners=(Listener("tcp", Prefix.of(bytes(16)), 5038),))
    assert "AMI001" in ids(text, open_)


def test_own_addresses_are_not_other_hosts() -> None:
    text = GUIDE.replace("10.0.0.0/255.0.0.0", "198.51.100.7")
    assert "AMI019" in ids(text)
    assert "AMI019" not in ids(text, Facts(own=frozenset({Prefix.parse("198.51.100.7")})))


def test_a_folder_that_holds_no_logger_conf_is_not_told_to_log() -> None:
    assert "LOG001" not in ids(GUIDE)
    assert {"LOG001", "LOG002"} <= ids(GUIDE, Facts(here=True))


def test_a_distributions_patches_are_not_known_and_said_so() -> None:
    old = Version(16, 28, 0)
    assert {"SYS001"} == ids("=== asterisk.conf ===\n[options]\n", Facts(version=old), at_least=HIGH)
    assert set() == ids("", Facts(version=old._replace(patched=True)), at_least=MEDIUM)


def test_a_file_in_a_folder_that_others_cannot_enter_is_not_read_by_them() -> None:
    text = f"=== manager.conf ===\n[bob]\nsecret = {SECRET}\n"
    site = site_of(text)
    confs = {"manager.conf": site.conf("manager.conf")}
    shut = {"manager.conf": Status(0o644, "a", "a"), "": Status(0o750, "a", "a", directory=True)}
    assert not any(each.rule == "AMI025" for each in audit(Site(confs, Facts(statuses=shut))))


def test_the_list_of_the_last_section_of_a_name_holds() -> None:
    """A real Asterisk is asked the same."""
    first, second = site_of(
        "=== manager.conf ===\n[a]\ndeny = 0.0.0.0/0\n[A]\nread = call\n[b]\n[b]\ndeny = 0.0.0.0/0\n"
    ).manager.users
    assert (False, True) == (first.acl.exists, second.acl.exists)


def test_the_whole_world_is_no_network_too_wide() -> None:
    """That is another rule's matter, and a worse one."""
    text = GUIDE.replace("10.0.0.0/255.0.0.0", "0.0.0.0/0")
    assert {"AMI001", "AMI005"} == ids(text) & {"AMI001", "AMI005", "AMI006"}


def test_a_published_secret_is_worse_where_others_can_use_it() -> None:
    text = GUIDE.replace(SECRET, "amp111")
    severities = [
        next(each.severity for each in findings(each) if each.rule == "AMI009")
        for each in (text, text.replace("10.0.0.0/255.0.0.0", "127.0.0.1"))
    ]
    assert [Severity.CRITICAL, Severity.HIGH] == severities


def test_tls_alone_in_public_is_what_is_recommended() -> None:
    text = GUIDE.replace("bindaddr = 0.0.0.0", "bindaddr = 127.0.0.1\ntlsenable = yes\ntlsbindaddr = 0.0.0.0")
    assert set() == ids(text) & {"AMI001", "AMI019"}
    (found,) = (each for each in findings(text.replace("deny", "permit")) if each.rule == "AMI001")
    assert "the AMI listens on 0.0.0.0:5039, and strangers may log in as [monitor]" == found.text
    lines = [each.text for each in found.lines]
    assert ["bindaddr = 127.0.0.1", "tlsbindaddr = 0.0.0.0", "[monitor]"] == lines


@pytest.mark.parametrize(
    ("endpoint", "plan", "severity"),
    [
        ("", "exten => s,1,Hangup()", Severity.HIGH),
        ("", "", None),
        ("identify_by = ip", "exten => s,1,Hangup()", None),
        ("auth = a", "exten => s,1,Hangup()", None),
        ("permit = 192.0.2.1", "exten => s,1,Hangup()", None),
        ("[i]\ntype = identify\nendpoint = trunk", "exten => s,1,Hangup()", MEDIUM),
        ("[i]\ntype = identify\nendpoint = trunk", "exten => _9X.,1,Dial(PJSIP/${EXTEN}@x)", Severity.HIGH),
    ],
)
def test_who_has_no_auth_is_who_he_says_he_is(endpoint: str, plan: str, severity: Severity | None) -> None:
    text = f"=== pjsip.conf ===\n[trunk]\ntype = endpoint\ncontext = in\n{endpoint}\n"
    text += f"=== extensions.conf ===\n[in]\n{plan}\n"
    found = [each.severity for each in findings(text) if each.rule == "PJS003"]
    assert ([severity] if severity else []) == found


def test_a_wizards_password_is_weighed_and_an_outgoing_one_is_not() -> None:
    phone = "[101]\ntype = wizard\ninbound_auth/username = 101\ninbound_auth/password = 101\n"
    trunk = "[trunk]\ntype = wizard\noutbound_auth/password = short\n"
    text = f"=== pjsip_wizard.conf ===\n{phone}{trunk}"
    (found,) = (each for each in findings(text) if each.rule == "PJS003")
    assert ["inbound_auth/password = ****"] == [line.text for line in found.lines]


def test_a_log_that_cannot_be_read_is_named() -> None:
    logs = {"/storage/log/asterisk/security_log": LogState("cannot be read: Permission denied")}
    (found,) = (each for each in findings(MIKOPBX, Facts(logs=logs)) if each.rule == "LOG003")
    assert "/storage/log/asterisk/security_log cannot be read: Permission denied" == found.text
