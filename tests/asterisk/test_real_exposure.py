"""What a real Asterisk leaves open is what we say that it does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import sipwords
from realsite import PBX4
from sipphone import Line, Phone

from amiguard.asterisk.audit.rules import audit
from amiguard.asterisk.survey import survey

if TYPE_CHECKING:
    from collections.abc import Callable

    from realsite import Site

pytestmark = pytest.mark.asterisk

TRUNKS = """
[byip](phone)
identify_by = ip
[byip]
type = identify
endpoint = byip
match = 192.0.2.201
[listed](phone)
deny = 0.0.0.0/0
deny = ::/0
permit = 192.0.2.202
"""


WEB = (
    "",
    "enabled = yes",
    "enabled = yes\nbindaddr = 127.0.0.1",
    "enabled = yes\nbindaddr = 127.0.0.1\nbindport = 8099",
    "enabled = yes\nbindaddr = 0.0.0.0:8077",
    "bindaddr = 127.0.0.1",
)


AMI = (
    "",
    "bindaddr = 127.0.0.1",
    "bindaddr = 127.0.0.1:5044",
    "port = 5044\nbindaddr = 127.0.0.1",
    "bindaddr = 127.0.0.1\nport = 5044",
    "bindaddr = ::1",
    "bindaddr = [::1]",
    "tlsbindaddr = 127.0.0.1",
    "tlsbindaddr = [::]:5055",
    "port = 5044\ntlsbindaddr = 127.0.0.1:5044",
    "bindaddr = 127.0.0.1\nbindaddr = 0.0.0.0",
)
TLS = "tlsenable = yes\ntlscertfile = /lab/etc/certificate.pem\ntlsprivatekey = /lab/etc/key.pem\n"


def test_the_ami_listens_where_we_say(site: Site) -> None:
    shown, ours = {}, {}
    for text in AMI:
        file = site.pbx.conf / "manager.conf"
        file.write_text(f"[general]\nenabled = yes\n{TLS}{text}\n", encoding="ascii")
        site.pbx.cli("manager reload")
        shown[text] = re.findall(r"(?:TCP|TLS) Bindaddress: +(\S+)", site.pbx.cli("manager show settings"))
        ami = survey(str(site.pbx.conf)).site.manager
        ours[text] = [str(ami.bind), str(ami.tls)]
    assert shown == ours


def test_http_listens_where_we_say(site: Site) -> None:
    """Without a bindaddr nowhere, whatever `enabled` says."""
    for text in WEB:
        (site.pbx.conf / "http.conf").write_text(f"[general]\n{text}\n", encoding="ascii")
        site.pbx.cli("module reload http")
        http = survey(str(site.pbx.conf)).site.http
        expected = f"Server Enabled and Bound to {http}" if http else "Server Disabled"
        assert expected in site.pbx.cli("http show status"), text


def test_who_says_that_he_is_a_trunk_is_it(open_site: Callable[..., Site]) -> None:
    """An endpoint without `auth` answers to its name from any address, whatever `identify` says."""
    with open_site({"pjsip.conf": TRUNKS}) as site, Line(site.attacker(), PBX4) as line:
        phones = {name: Phone(line, name) for name in ("trunk", "provider", "byip", "listed", "101")}
        let_in = {
            name
            for name, phone in phones.items()
            if sipwords.status(phone.ask(phone.request("INVITE", target="600"))) == 200
        }
        found = [each for each in audit(survey(str(site.pbx.conf)).site) if each.rule == "PJS003"]
        told = {name for name in phones if any(each.text.startswith(f"[{name}] ") for each in found)}
    assert {"trunk", "provider"} == let_in
    assert let_in == told
