"""What Asterisk and its files say of trunks and phones makes peers; what is malformed makes none.

The answers are those of Asterisk 22 (SIPpeers: of 16).
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import looked

from amiguard.asterisk.conf import load
from amiguard.asterisk.peers import FILES, QUESTIONS, Lead, Named, configured, told
from amiguard.model import Peer, Prefix
from amiguard.sources.amimessages import Answer

NOW = 1_795_317_000.0
CONTACT = {
    "via_addr": "198.51.100.67",
    "qualify_timeout": "3.000000",
    "qualify_2xx_only": "false",
    "call_id": "c2",
    "reg_server": "",
    "prune_on_boot": "no",
    "path": "",
    "endpoint": "101",
    "via_port": "44149",
    "authenticate_qualify": "no",
    "uri": "sip:101@198.51.100.67:44149",
    "qualify_frequency": "0",
    "user_agent": 'Ph"one/1',
    "expiration_time": "1795317416",
    "outbound_proxy": "",
}
OUTBOUND = {
    b"Event": b"OutboundRegistrationDetail",
    b"ObjectType": b"registration",
    b"ObjectName": b"trunk",
    b"ClientUri": b"sip:me@203.0.113.51",
    b"ServerUri": b"sip:203.0.113.51",
    b"Status": b"Unregistered",
}
CHAN_SIP = {
    b"Event": b"PeerEntry",
    b"Channeltype": b"SIP",
    b"ObjectName": b"provider",
    b"ChanObjectType": b"peer",
    b"IPaddress": b"203.0.113.60",
    b"IPport": b"5070",
    b"Dynamic": b"no",
    b"Status": b"Unmonitored",
}
IAX2 = {
    b"Event": b"PeerEntry",
    b"Channeltype": b"IAX",
    b"ObjectName": b"iaxtrunk",
    b"IPaddress": b"203.0.113.77",
    b"Mask": b"255.255.255.255",
    b"Port": b"4569",
    b"Dynamic": b"no",
}


def peer(network: str, port: int, origin: str, *, registered: bool = False) -> Peer:
    return Peer(Prefix.parse(network), port, origin, registered)


def hears(action: str, headers: dict[bytes, bytes]) -> list[Lead]:
    return list(told(action, [Answer("t-1", tuple(headers.items()))], NOW))


def contact(**changed: Any) -> list[Lead]:
    return hears("DBGetTree", {b"Key": b"/registrar/contact/101;@21f1", b"Val": dump(**changed)})


def dump(**changed: Any) -> bytes:
    return json.dumps(CONTACT | changed).encode()


def reads(file: str, text: str) -> list[Lead]:
    return list(configured(file, load(file, lambda name: [(name, text.encode())])))


def test_a_registered_phone_is_where_its_via_and_its_uri_say() -> None:
    phone = peer("198.51.100.67", 44149, "registered contact of 101", registered=True)
    assert [phone, phone] == contact()
    behind_nat = contact(via_addr="192.168.1.5", via_port="5060", uri="sip:101@203.0.113.9:1024^3Bob")
    assert [("192.168.1.5", 5060), ("203.0.113.9", 1024)] == [
        (str(each.network), each.port) for each in behind_nat if isinstance(each, Peer)
    ]
    no_port = contact(via_port="70000", uri="sip:101@198.51.100.67^3Bob")
    assert [("198.51.100.67", 5060)] * 2 == [
        (str(each.network), each.port) for each in no_port if isinstance(each, Peer)
    ]
    six = contact(via_addr="[2001:db8::7]", uri="sips:101@[2001:db8::7]:5061;transport=tls")
    assert {"2001:db8::7"} == {str(each.network) for each in six if isinstance(each, Peer)}


@pytest.mark.parametrize(
    "text", ["provider.example", "10.0.0.0/8", "203.0.113.7/31", "0.0.0.0", "224.0.0.1", "", "x y", "::"]
)
def test_a_phone_names_nobody_but_one_address(text: str) -> None:
    """No name is resolved for it, and no network is known for it."""
    assert [] == contact(via_addr=text, uri=f"sip:101@{text}")


def test_a_registration_that_is_over_makes_no_peer() -> None:
    assert [] == contact(expiration_time=str(int(NOW)))
    assert len(contact(expiration_time=str(int(NOW) + 1))) == 2
    assert len(contact(expiration_time="never")) == 2


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b"[]", b"null", b'"x"', b"{}", b"[" * 100_000, b"\xff", b'{"via_addr": 7, "uri": {}}'],
)
def test_a_malformed_contact_is_passed_over(value: bytes) -> None:
    answers = [Answer("t-1", ((b"Val", each),)) for each in (value, dump())]
    assert len(list(told("DBGetTree", answers, NOW))) == 2


def test_the_server_of_an_outbound_registration_is_known() -> None:
    assert [peer("203.0.113.51", 5060, "outbound registration trunk")] == hears(
        "PJSIPShowRegistrationsOutbound", OUTBOUND
    )
    named = OUTBOUND | {b"ServerUri": rb"sip:SIP.Provider.example:5070\;transport=tcp"}
    assert [] == hears("PJSIPShowRegistrationsOutbound", named), "a backslash is in no host"
    named[b"ServerUri"] = b"sip:SIP.Provider.example:5070;transport=tcp"
    assert [Named("sip.provider.example", 5070, "outbound registration trunk")] == hears(
        "PJSIPShowRegistrationsOutbound", named
    )


def test_peers_of_chan_sip_and_iax2_are_known() -> None:
    assert [peer("203.0.113.60", 5070, "chan_sip peer provider")] == hears("SIPpeers", CHAN_SIP)
    assert [peer("203.0.113.77", 0, "IAX2 peer iaxtrunk")] == hears("IAXpeerlist", IAX2)
    [dynamic] = hears("SIPpeers", CHAN_SIP | {b"Dynamic": b"yes"})
    assert dynamic == peer("203.0.113.60", 5070, "chan_sip peer provider", registered=True)
    assert [] == hears("SIPpeers", CHAN_SIP | {b"IPaddress": b"-none-", b"IPport": b"0"})
    assert [] == hears("IAXpeerlist", IAX2 | {b"IPaddress": b"(null)", b"Dynamic": b"yes"})


def test_pjsip_conf_names_trunks() -> None:
    text = r"""
[base](!)
type = identify
match = 192.0.2.1
[trunk](base)
match = 203.0.113.50,203.0.113.66/255.255.255.240, !203.0.113.70
match = 198.51.100.44:5070
Match = sip.Provider.example
match = 2001:db8::50, [2001:db8::51]:5080
match = 0.0.0.0/0, 10.0.0.0/7, 999.1.1.1, not a name, 1234
[trunk]
type = registration
server_uri = sip:sbc.provider.example\;lr
client_uri = sip:me@other.example
[trunk]
type = aor
contact = sip:me@203.0.113.52:5062\;transport=udp
[phone]
type = endpoint
match = 203.0.113.99
contact = sip:203.0.113.99
"""
    match, server, uri = (f"pjsip.conf [trunk] {key}" for key in ("match", "server_uri", "contact"))
    assert reads("pjsip.conf", text) == [
        peer("192.0.2.1", 5060, match),
        peer("203.0.113.50", 5060, match),
        peer("203.0.113.64/28", 5060, match),
        peer("198.51.100.44", 5070, match),
        Named("sip.provider.example", 5060, match),
        peer("2001:db8::50", 5060, match),
        peer("2001:db8::51", 5080, match),
        Named("sbc.provider.example", 5060, server),
        peer("203.0.113.52", 5062, uri),
    ]


def test_sip_conf_and_iax_conf_name_hosts_and_no_secret() -> None:
    text = "[general]\nregister => me:s3c:r3t@sip.provider.example:5070/100~60\n"
    text += "[one]\nhost=203.0.113.60\nport=5080\n[two]\nhost=dynamic\n[three](!)\nhost=203.0.113.61\n"
    assert reads("sip.conf", text) == [
        Named("sip.provider.example", 5070, "sip.conf [general] register"),
        peer("203.0.113.60", 5080, "sip.conf [one] host"),
    ]
    assert [peer("203.0.113.77", 0, "iax.conf [t] host")] == reads("iax.conf", "[t]\nhost=203.0.113.77\n")
    assert [Named("a.example", 5060, "pjsip_wizard.conf [w] remote_hosts")] == reads(
        "pjsip_wizard.conf", "[w]\ntype=wizard\nremote_hosts=a.example\n"
    )


@looked(200)
@given(st.sampled_from(sorted(QUESTIONS)), st.lists(st.tuples(st.binary(), st.binary())), st.data())
def test_no_answer_raises(action: str, headers: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    names = (b"Val", b"IPaddress", b"IPport", b"Dynamic", b"ServerUri", b"ObjectName")
    headers += [(name, data.draw(st.binary())) for name in names]
    list(told(action, [Answer("t-1", tuple(headers))], NOW))


@looked(200)
@given(st.text(), st.text(), st.text())
def test_no_contact_raises(host: str, port: str, uri: str) -> None:
    contact(via_addr=host, via_port=port, uri=f"sip:{uri}", expiration_time=port)


@looked(200)
@given(st.sampled_from(FILES), st.text(alphabet="0123456789.:/[]@!,;~abx-_ \xe9\udcff"))
def test_no_configuration_raises(file: str, value: str) -> None:
    text = "[x]\ntype={0}\n{1}={2}\n"
    for type_, key in (("identify", "match"), ("aor", "contact"), ("x", "host"), ("x", "register")):
        data = text.format(type_, key, value).encode("utf-8", "surrogateescape")
        list(configured(file, load(file, lambda name, data=data: [(name, data)])))
