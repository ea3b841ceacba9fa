"""Each rule finds several things; each of them is found, and of that rule nothing else."""

from __future__ import annotations

import pytest
from audited import SECRET, findings

from amiguard.asterisk.audit.certificate import Certificate
from amiguard.asterisk.audit.facts import Facts, LogState, Status, Version

AMI = "=== manager.conf ===\n[general]\nenabled = yes\nbindaddr = 127.0.0.1\n"
BOB = f"[bob]\nsecret = {SECRET}\nread = security\n"
OWN = f"{AMI}[amiguard]\nsecret = x\nread = security,system\nwritetimeout = 5000\n"
TLS = f"{AMI}tlsenable = yes\ntlscertfile = /tmp/c\n"
HTTP = "=== http.conf ===\n[general]\nprefix = x\ntlsenable = yes\ntlsbindaddr = 0.0.0.0\n"
SIP = "=== sip.conf ===\n[general]\nallowguest = no\n"
IAX = "=== iax.conf ===\n[general]\nauthdebug = yes\n"
ARI = "=== http.conf ===\n[general]\nenabled = yes\nbindaddr = 127.0.0.1\n=== ari.conf ===\n"
USER = "[panel]\ntype = user\nread_only = yes\npassword_format = crypt\npassword = $6$x\n"
ANONYMOUS = "=== pjsip.conf ===\n[anonymous]\ntype = endpoint\n"
GOOD_KEY = {"/tmp/c": Status(0o600, "a", "a")}
CERTIFICATE = Certificate(10.0, 3072, self_signed=False, named=False)


def certified(**changed: object) -> Facts:
    return Facts(certificates={"/tmp/c": CERTIFICATE._replace(**changed)}, statuses=GOOD_KEY, now=5.0)  # type: ignore[arg-type]  # fields of several types


VARIANTS = (
    ("HTTP001", f"{HTTP}enable_static = yes", None, "files below static-http are served to everybody"),
    ("HTTP001", f"{HTTP}enablestatic = yes", None, "files below static-http are served to everybody"),
    ("HTTP001", f"{HTTP}enable_status = on", None, "a page tells everybody what this server is"),
    ("HTTP001", f"{HTTP}[post_mappings]\nuploads = /tmp", None, "files may be uploaded"),
    ("ARI001", f"{ARI}[general]\nallowed_origins = *\n{USER}", None, "scripts of every web page may use ARI"),
    ("ARI001", f"{ARI}{USER.replace('crypt', 'plain').replace('$6$x', SECRET)}", None, "stored as it is"),
    ("AMI020", f"{AMI}tlsenable = yes", None, "tlsenable is on, and no tlscertfile named"),
    ("AMI020", f"{TLS}tlsprivatekey = /k", certified(ends=1.0), "has ended"),
    ("AMI020", f"{TLS}tlsprivatekey = /k", certified(rsa_bits=1024), "has a key of 1024 bits"),
    ("AMI020", f"{TLS}tlsprivatekey = /k", certified(self_signed=True), "is self-signed"),
    ("AMI020", f"{TLS}tlsprivatekey = /k", Facts(certificates={"/tmp/c": "cannot be read: x"}), "be read: x"),
    ("AMI020", f"{TLS}tlsprivatekey = /k\ntlsdisablev1 = no", None, "a broken version of TLS"),
    ("AMI020", TLS, None, "in a folder that everybody writes"),
    ("AMI021", f"{AMI}allowmultiplelogin = yes", None, "allowmultiplelogin is on"),
    ("AMI021", f"{AMI}authtimeout = 31", None, "authtimeout is above 30"),
    ("AMI021", f"{AMI}debug = on", None, "debug is on"),
    (
        "AMI022",
        "=== stasis.conf ===\n[declined_message_types]\ndecline = ast_security_event_type",
        None,
        "decl",
    ),
    ("AMI005", f"{AMI}{BOB}deny = 0.0.0.0/0\npermit = 127.0.0.1, 10.0.0.1", None, "cannot be read"),
    ("AMI005", f"{AMI}{BOB}permit = 10.0.0.1\ndeny = 0.0.0.0/0", None, "this permit lets nobody in"),
    ("AMI016", f"{AMI}[bob]\nsecret = x\nread = call,cdr,dialplan,agi,user", None, "reads who calls whom"),
    ("AMI028", f"{OWN}deny = 0.0.0.0/0\ndeny = ::/0\n", None, "is refused on loopback"),
    ("LOG001", "=== modules.conf ===\n[modules]\nautoload = no", None, "res_security_log is not loaded"),
    (
        "LOG001",
        "=== modules.conf ===\n[modules]\nautoload = yes\nnoload = res_security_log.so",
        None,
        "not loaded",
    ),
    ("LOG001", "=== logger.conf ===\n[logfiles]\nsyslog.local0 => security", None, "go to syslog alone"),
    ("LOG003", "=== logger.conf ===\n[general]\ndateformat = %b %e %T", None, "dateformat has no year"),
    ("LOG003", "=== logger.conf ===\n[general]\nuse_callids = no", None, "use_callids is off"),
    ("LOG004", "=== logger.conf ===\n[general]\nlogger_queue_limit = 100", None, "the log's queue is short"),
    (
        "LOG005",
        AMI,
        Facts(logs={"/x": LogState("", ("Log queue threshold",))}),
        '/x says "Log queue threshold"',
    ),
    ("SIP001", f"{SIP}autocreatepeer = yes", None, "autocreatepeer is on"),
    ("SIP001", f"{SIP}[a]\ninsecure = port,invite\nhost = dynamic", None, "needs no password to call"),
    ("SIP001", SIP.replace("no", "yes") + "context = in", None, "strangers may call into [in]"),
    ("SIP001", f"{SIP}[101]\nsecret = 101", None, "SIP passwords: 1 published"),
    ("IAX001", f"{IAX}[a]\nauth = plaintext", None, "passwords in clear text"),
    (
        "IAX001",
        f"{IAX}calltokenoptional = 0.0.0.0/0.0.0.0\n[a]\ntype = peer",
        None,
        "lets everybody do without",
    ),
    ("IAX001", f"{IAX}[guest]\ntype = user\ncontext = in", None, "strangers may call into [in] as [guest]"),
    ("IAX001", f"{IAX}[a]\nsecret = short", None, "IAX2 passwords: 1 shorter"),
    (
        "PJS003",
        "=== pjsip.conf ===\n[t]\ntype = identify\nendpoint = t\nmatch = x.example,0.0.0.0/0",
        None,
        "every address is taken for [t]",
    ),
    (
        "PJS004",
        f"{ANONYMOUS}allow_transfer = no\ntrust_id_inbound = yes",
        None,
        "choose what number they show",
    ),
    ("PJS004", ANONYMOUS, None, "unknown callers may transfer calls"),
    ("SYS001", "=== asterisk.conf ===\n[options]\nexecincludes = yes", None, "runs programs"),
    ("SYS001", "=== asterisk.conf ===\n[options]\nrunuser = root", None, "Asterisk runs as root"),
    ("SYS001", AMI, Facts(user="root"), "Asterisk runs as root"),
    (
        "SYS001",
        "=== asterisk.conf ===\n[files]\nastctlpermissions = 0660",
        None,
        "a whole group has the console",
    ),
    ("SYS001", AMI, Facts(version=Version(22, 5, 1)), "GHSA-64qc-9x89-rx5j"),
    (
        "DPL001",
        "=== extensions.conf ===\n[a]\nexten => 1,1,System(x ${CALLERID(num)})",
        None,
        "command line has",
    ),
    (
        "DPL001",
        "=== extensions.conf ===\n[a]\nexten => 1,1,Set(X=${SHELL(x ${EXTEN})})",
        None,
        "command line has",
    ),
    (
        "DPL001",
        "=== extensions.conf ===\n[from-trunk]\nexten => _9NXXXXXX,1,Dial(DAHDI/g1/${EXTEN:1})",
        None,
        "calls that come to [from-trunk] can go out again",
    ),
    (
        "AMI025",
        AMI,
        Facts(statuses={"/etc/x": Status(0o777, "a", "a", directory=True)}),
        "changes this folder",
    ),
    ("CFG002", "=== http.conf ===\n[general]\n;-- open", None, "a block comment is not closed"),
)


@pytest.mark.parametrize(("rule", "text", "facts", "expected"), VARIANTS)
def test_a_variant_is_found(rule: str, text: str, facts: Facts | None, expected: str) -> None:
    texts = [each.text for each in findings(f"{text}\n", facts) if each.rule == rule]
    others = {"chan_sip is not maintained, and gone from Asterisk 21 on"}
    assert [True] == [expected in each for each in texts if each not in others], texts
