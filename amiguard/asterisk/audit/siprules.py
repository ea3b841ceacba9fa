"""Pure: rules about PJSIP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.acl import acl
from amiguard.asterisk.audit.binding import bind
from amiguard.asterisk.audit.dialplan import section_context
from amiguard.asterisk.audit.manager import is_on, last
from amiguard.asterisk.audit.planrules import dials_out, leads_nowhere, shown
from amiguard.asterisk.audit.quoting import Line, heading, quoted
from amiguard.asterisk.audit.rule import CRITICAL, HIGH, LOW, MEDIUM, Example, Found, Rule, Severity
from amiguard.asterisk.audit.secrets import SHORTEST, Weakness, weakness
from amiguard.asterisk.sections import Conf, Variable, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from amiguard.asterisk.audit.acl import Rung
    from amiguard.asterisk.audit.site import Site
    from amiguard.asterisk.sections import Section

_FILE: Final = "pjsip.conf"
_LISTS: Final = ("acl", "permit", "deny")
_WIZARD_FILE: Final = "pjsip_wizard.conf"
_MOST_LINES: Final = 5
_WORLD: Final = 8
"""A match wider than this is nobody's network."""
SIP_PORT: Final = 5060
_WEAK: Final[Mapping[Weakness, tuple[Severity, str]]] = {
    "guessable": (CRITICAL, "published, easily guessed, or the account's name"),
    "short": (HIGH, f"shorter than {SHORTEST} characters, or of few different ones"),
}


def _names(section: Section, key: str) -> list[str]:
    """What a key lists, separated by commas."""
    line = last(section, key)
    return [each.strip() for each in line.value.split(",") if each.strip()] if line else []


def _anonymous(site: Site) -> Iterator[Section]:
    for endpoint in site.sections(_FILE, "endpoint"):
        if fold(endpoint.name).partition("@")[0] == "anonymous":
            yield endpoint


def _guests(site: Site) -> Iterator[Found]:
    for endpoint in _anonymous(site):
        context = section_context(endpoint)
        if steps := dials_out(site, context):
            text = f"whoever is not known comes to [{context}], and from there out to any number"
            yield Found(text, (heading(endpoint), *shown(steps)))


def _hidden_scans(site: Site) -> Iterator[Found]:
    for section in site.sections(_FILE, "global"):
        order = last(section, "endpoint_identifier_order")
        once = last(section, "unidentified_request_count")
        if order and "auth_username" in order.value and (once is None or once.value.strip() != "1"):
            text = (
                "with auth_username among the identifiers, only the fifth try within five seconds is an event"
            )
            yield Found(text, (quoted(order),))


def _passwords(site: Site) -> Iterator[Found]:
    used = {fold(name) for endpoint in site.sections(_FILE, "endpoint") for name in _names(endpoint, "auth")}
    auths = [auth for auth in site.sections(_FILE, "auth") if fold(auth.name) in used]
    wizards = site.sections(_WIZARD_FILE, "wizard")
    accounts = [(auth, last(auth, "password")) for auth in auths]
    accounts += [(wizard, last(wizard, "inbound_auth/password")) for wizard in wizards]
    yield from weak_accounts("PJSIP", accounts)
    yield from _without_auth(site)
    yield from _wide_matches(site)


def weak_accounts(driver: str, accounts: Iterable[tuple[Section, Variable | None]]) -> Iterator[Found]:
    """Accounts with weak secrets, together: one finding for the guessable, one for the short."""
    found: dict[Weakness, list[Line]] = {"guessable": [], "short": []}
    for section, line in accounts:
        names = (section.last(key) or "" for key in ("username", "inbound_auth/username"))
        weak = weakness(line.value, section.name, *names) if line else ""
        if line and weak:
            found[weak].append(quoted(line))
    for weak, lines in found.items():
        severity, what = _WEAK[weak]
        if lines:
            yield Found(f"{driver} passwords: {len(lines)} {what}", tuple(lines[:_MOST_LINES]), severity)


def _without_auth(site: Site) -> Iterator[Found]:
    """Endpoints that their name alone opens: a From header with it comes from any address."""
    identifies = site.sections(_FILE, "identify")
    identified = {fold(name) for each in identifies for name in _names(each, "endpoint")}
    for endpoint in site.sections(_FILE, "endpoint"):
        context = section_context(endpoint)
        if _has_key(endpoint) or leads_nowhere(site, context):
            continue
        beside = fold(endpoint.name) in identified
        what = "no auth beside its identify section" if beside else "neither auth nor identify"
        severity = MEDIUM if beside and not dials_out(site, context) else HIGH
        text = f"[{endpoint.name}] has {what}: whoever says that he is it, is it"
        yield Found(text, (heading(endpoint),), severity)


def _has_key(endpoint: Section) -> bool:
    """Whether more than its name is needed: a password, an address; or a name is not enough."""
    by = last(endpoint, "identify_by")
    nameless = by is not None and "username" not in fold(by.value)
    barred = _names(endpoint, "auth") or any(last(endpoint, key) for key in _LISTS)
    return bool(nameless or barred or fold(endpoint.name).startswith("anonymous"))


def _wide_matches(site: Site) -> Iterator[Found]:
    for identify in site.sections(_FILE, "identify"):
        for line in identify.variables:
            if fold(line.name) == "match" and any(rung.length < _WORLD for rung in _networks(line)):
                text = f"every address is taken for [{identify.get('endpoint') or identify.name}]"
                yield Found(text, (quoted(line),), CRITICAL)


def _networks(line: Variable) -> Iterator[Rung]:
    """The networks of a match line; names are none."""
    for part in line.value.split(","):
        yield from acl([line._replace(name="permit", value=part.strip())], Conf(())).rungs


def _exposure(site: Site) -> Iterator[Found]:
    wide = [t for t in site.sections(_FILE, "transport") if _is_wide(t)]
    lists = list(site.sections(_FILE, "acl"))
    listed = [e for e in site.sections(_FILE, "endpoint") if any(last(e, key) for key in _LISTS)]
    if wide and not lists and not listed:
        lines = tuple(quoted(line) for line in (last(each, "bind") for each in wide) if line)
        yield Found("SIP over UDP is open to every address, and no address list is in the way", lines, MEDIUM)
    for endpoint in _anonymous(site):
        if is_on(last(endpoint, "allow_transfer"), default=True):
            yield Found("unknown callers may transfer calls", (heading(endpoint),), MEDIUM)
        if is_on(trust := last(endpoint, "trust_id_inbound")) and trust:
            yield Found("unknown callers choose what number they show", (quoted(trust),), MEDIUM)
    yield from _realm(site)


def _is_wide(transport: Section) -> bool:
    protocol = last(transport, "protocol")
    where = bind(last(transport, "bind"), "", SIP_PORT).reach
    return (protocol is None or fold(protocol.value) == "udp") and where.public


def _realm(site: Site) -> Iterator[Found]:
    auths = [last(each, "password") for each in site.sections(_FILE, "auth")]
    clear = [quoted(line) for line in auths if line]
    if clear:
        yield Found(f"{len(clear)} passwords are stored as they are", tuple(clear[:_MOST_LINES]), LOW)
    said = [last(each, "default_realm") for each in site.sections(_FILE, "global")]
    if auths and not any(line and fold(line.value) != "asterisk" for line in said):
        yield Found("the realm is the well-known one", tuple(quoted(line) for line in said if line), LOW)


_ENDPOINT: Final = "=== pjsip.conf ===\n[101]\ntype = endpoint\ncontext = internal\n"
_AUTH: Final = "auth = 101\n[101]\ntype = auth\nauth_type = userpass\nusername = 101\npassword = "
_UDP: Final = "[udp]\ntype = transport\nprotocol = udp\nbind = 0.0.0.0\n"
_PLAN: Final = "=== extensions.conf ===\n[out]\nexten => _9X.,1,Dial(PJSIP/${FILTER(0-9,${EXTEN:1})}@trunk)\n"
_GUEST: Final = "=== pjsip.conf ===\n[anonymous]\ntype = endpoint\nallow_transfer = no\n"

RULES: Final = (
    Rule(
        "PJS001",
        HIGH,
        "strangers can call out",
        "He calls on your bill, without any password.",
        "; pjsip.conf\n[anonymous]\ncontext = dead-end\n; extensions.conf\n[dead-end]\nexten =>"
        " _.,1,Hangup(21)",
        (_FILE, "extensions.conf"),
        _guests,
        Example(f"{_GUEST}context = in\n{_PLAN}[in]\ninclude => out\n"),
        Example(f"{_GUEST}context = in\n{_PLAN}[in]\nexten => _X.,1,Hangup(21)\n"),
    ),
    Rule(
        "PJS002",
        MEDIUM,
        "slow scans raise no event for unknown accounts",
        "He tries account names, four in five seconds, and only challenges for <unknown> tell of it"
        " (amiguard counts"
        " those, too).",
        "; pjsip.conf, in the section of type = global\nunidentified_request_count = 1",
        (_FILE,),
        _hidden_scans,
        Example(
            "=== pjsip.conf ===\n[global]\ntype = global\nendpoint_identifier_order ="
            " ip,username,auth_username\n"
        ),
        Example("=== pjsip.conf ===\n[global]\ntype = global\nendpoint_identifier_order = ip,username\n"),
    ),
    Rule(
        "PJS003",
        CRITICAL,
        "a telephone without a good password",
        "He logs in as that telephone and calls on your bill.",
        "; pjsip.conf, for each telephone a password from: openssl rand -hex 16\n"
        "; each trunk is told by its address alone:\n[trunk]\ntype = endpoint\nidentify_by = ip\n"
        "[trunk]\ntype = identify\nendpoint = trunk\nmatch = 192.0.2.10",
        (_FILE, _WIZARD_FILE),
        _passwords,
        Example(f"{_ENDPOINT}{_AUTH}101\n"),
        Example(f"{_ENDPOINT}{_AUTH}9f86d081884c7d659a2feaa0c55ad015\n"),
    ),
    Rule(
        "PJS004",
        MEDIUM,
        "SIP is open to the world",
        "He may knock as often as he likes; unknown callers may do more than call.",
        "; pjsip.conf, if all telephones and trunks are in known networks:\n[known]\ntype = acl\ndeny ="
        " 0.0.0.0/0\n"
        "deny = ::/0\npermit = 192.0.2.0/24",
        (_FILE,),
        _exposure,
        Example(f"{_ENDPOINT}{_AUTH}9f86d081884c7d659a2feaa0c55ad015\n{_UDP}"),
        Example(
            f"{_ENDPOINT}auth = 101\n{_UDP}[known]\ntype = acl\ndeny = 0.0.0.0/0\npermit = 192.0.2.0/24\n"
            "[101]\ntype = auth\nauth_type = md5\nmd5_cred = 9f86d081884c7d659a2feaa0c55ad015\n"
            "[global]\ntype = global\ndefault_realm = pbx.example.org\n"
        ),
    ),
)
"""What they find."""
