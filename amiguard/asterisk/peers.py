"""Pure: what Asterisk and its configuration say of trunks and registered phones -> known peers.

What is malformed is passed over, and so is a network so wide that it names
nobody.  Only names that an administrator wrote are given back to be resolved:
what a phone registers with would have us ask any name server for any name.
"""

from __future__ import annotations

import ipaddress
import json
import re
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.asterisk.sections import Conf, Section, fold
from amiguard.model import Peer, Prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from amiguard.sources.amimessages import Answer

_SIP_PORT: Final = 5060
_LAST_PORT: Final = 65_535
_WIDEST: Final = {4: 8, 6: 24}
"""Shorter prefixes name nobody; `match = 0.0.0.0/0` stands for the whole world."""
_LONGEST: Final = 80
"""Characters of a name in an origin."""

_URI: Final = re.compile(r"(?i)<?sips?:(?:[^@]*@)?(\[[^\]]*\]|[^\[:;?>^/]+)(?::(\d{1,5}))?(?=[;?>^]|$)")
"""A SIP URI's host and port; Asterisk's database has ``^3B`` for a semicolon."""
_HOST: Final = re.compile(r"(\[[^\]]*\]|[^:]*):(\d{1,5})")
_REGISTER: Final = re.compile(r".*@([^/~?]*)", re.DOTALL)
_NAME: Final = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z][a-z0-9-]{0,62}\.?")
_NOBODY: Final = {"dynamic"}

Host = tuple[str, int]
"""An address, network or name, and a port, 0 where none is given."""


class Named(NamedTuple):
    """A peer whose addresses its name must tell; the rest as `Peer` has it."""

    name: str
    port: int
    origin: str


Lead = Peer | Named

Headers = dict[bytes, bytes]


class Question(NamedTuple):
    """An AMI action of the class `reporting`, and how to read one message of its answer."""

    headers: Mapping[str, str]
    read: Callable[[Headers, float], Iterator[Lead | None]]


class _Rule(NamedTuple):
    """Where a configuration file names peers: sections of a type (any if empty), a key, how to read it."""

    file: str
    type: str
    key: str
    read: Callable[[str], Iterator[Host]]
    port: int = _SIP_PORT


def told(action: str, answers: Sequence[Answer], now: float) -> Iterator[Lead]:
    """What the answer to one of `QUESTIONS` tells, at `now` (seconds since the epoch)."""
    read = QUESTIONS[action].read
    for answer in answers:
        yield from filter(None, read(dict(answer.headers), now))


def configured(file: str, conf: Conf) -> Iterator[Lead]:
    """What one of `FILES` tells."""
    rules = [rule for rule in _RULES if rule.file == file]
    for section in conf.sections:
        if not section.template:
            yield from chain.from_iterable(_written(rule, section) for rule in rules)


def _written(rule: _Rule, section: Section) -> Iterator[Lead]:
    if rule.type and fold(section.last("type") or "") != rule.type:
        return
    port = _port(section.last("port") or "") or rule.port
    origin = f"{rule.file} [{section.name[:_LONGEST]}] {rule.key}"
    for variable in section.variables:
        if fold(variable.name) == rule.key:
            leads = (_lead(host, own or port, origin) for host, own in rule.read(variable.value))
            yield from filter(None, leads)


def _contact(headers: Headers, now: float) -> Iterator[Lead | None]:
    """A contact as the registrar keeps it (res_pjsip_registrar.c); behind NAT its Via and URI differ."""
    contact = _json(headers.get(b"Val", b""))
    expires = str(contact.get("expiration_time", ""))
    if expires.isdecimal() and int(expires[:_LONGEST]) <= now:
        return
    origin = f"registered contact of {contact.get('endpoint', '?')!s:.{_LONGEST}}"
    via = str(contact.get("via_addr", "")), _port(str(contact.get("via_port", "")))
    for host, port in (via, *_uri(str(contact.get("uri", "")))):
        yield _registered(host, port or _SIP_PORT, origin)


def _registration(headers: Headers, _now: float) -> Iterator[Lead | None]:
    """The server that we register with (res_pjsip_outbound_registration.c)."""
    name = _text(headers.get(b"ObjectName", b"?"))
    for host, port in _uri(_text(headers.get(b"ServerUri", b""))):
        yield _lead(host, port or _SIP_PORT, f"outbound registration {name[:_LONGEST]}")


def _entry(driver: str, headers: Headers, _now: float) -> Iterator[Lead | None]:
    """A peer of chan_sip or chan_iax2; IAX2 does not come through the door, so its port is no matter."""
    host = _text(headers.get(b"IPaddress", b""))
    origin = f"{driver} peer {_text(headers.get(b'ObjectName', b'?'))[:_LONGEST]}"
    port = _port(_text(headers.get(b"IPport", b""))) if driver == "chan_sip" else 0
    peer = _registered(host, port, origin)
    if peer and headers.get(b"Dynamic", b"").lower() != b"yes":
        peer = peer._replace(registered=False)
    yield peer


def _json(text: bytes) -> dict[str, object]:
    """An object; empty if the text is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _uri(text: str) -> Iterator[Host]:
    if found := _URI.match(text.strip()):
        yield found[1], _port(found[2] or "")


def _hosts(text: str) -> Iterator[Host]:
    """``host[:port]``, separated by commas; what a ``!`` excludes is no host."""
    for part in map(str.strip, text.split(",")):
        found = _HOST.fullmatch(part)
        yield (found[1], _port(found[2])) if found else (part, 0)


def _server(text: str) -> Iterator[Host]:
    """Of chan_sip's ``register => user:secret@host:port/extension`` the host, and nothing else."""
    if found := _REGISTER.match(text):
        yield from _hosts(found[1])


def _lead(host: str, port: int, origin: str) -> Lead | None:
    network = _network(host)
    if network is not None:
        return Peer(network, port, origin)
    name = fold(host)
    return Named(name, port, origin) if _NAME.fullmatch(name) and name not in _NOBODY else None


def _registered(host: str, port: int, origin: str) -> Peer | None:
    """Whoever has chosen the text himself names one address, and no network."""
    network = _network(host)
    single = network is not None and network.length == network.bits
    return Peer(network, port, origin, registered=True) if network and single else None


def _network(text: str) -> Prefix | None:
    """An address or a network, with a length or a mask, that hosts can be in; None if it is none."""
    try:
        network = ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None
    prefix = Prefix.of(network.network_address.packed, network.prefixlen)
    nobody = network.is_multicast or network.is_unspecified or prefix.length < _WIDEST[prefix.version]
    return None if nobody else prefix


def _port(text: str) -> int:
    """A port; 0 if the text is none."""
    port = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(_LAST_PORT)) else 0
    return port if port <= _LAST_PORT else 0


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


QUESTIONS: Final[Mapping[str, Question]] = {
    "DBGetTree": Question({"Family": "registrar/contact"}, _contact),
    "PJSIPShowRegistrationsOutbound": Question({}, _registration),
    "SIPpeers": Question({}, partial(_entry, "chan_sip")),
    "IAXpeerlist": Question({}, partial(_entry, "IAX2")),
}
"""What to ask an AMI, and no more than a user with `write = reporting` may."""

_RULES: Final = (
    _Rule("pjsip.conf", "identify", "match", _hosts),
    _Rule("pjsip.conf", "registration", "server_uri", _uri),
    _Rule("pjsip.conf", "aor", "contact", _uri),
    _Rule("pjsip_wizard.conf", "wizard", "remote_hosts", _hosts),
    _Rule("sip.conf", "", "host", _hosts),
    _Rule("sip.conf", "", "register", _server),
    _Rule("iax.conf", "", "host", _hosts, port=0),
    _Rule("iax.conf", "", "register", _server, port=0),
)
FILES: Final = tuple(dict.fromkeys(rule.file for rule in _RULES))
"""The files that name peers, in Asterisk's configuration directory."""
