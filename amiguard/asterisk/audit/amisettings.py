"""Pure: rules about the AMI's own settings: over HTTP, TLS, time-outs, filters of events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.advisories import WEB_CRASH, by_id
from amiguard.asterisk.audit.amireach import LOOPBACK_ONLY
from amiguard.asterisk.audit.certificate import Certificate
from amiguard.asterisk.audit.facts import OTHERS_READ, Facts, Status, Version
from amiguard.asterisk.audit.manager import is_on, number
from amiguard.asterisk.audit.quoting import quoted
from amiguard.asterisk.audit.rule import CRITICAL, HIGH, LOW, MEDIUM, Example, Found, Group, Rule
from amiguard.asterisk.sections import fold
from amiguard.sources.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.quoting import Line
    from amiguard.asterisk.audit.site import Site
    from amiguard.asterisk.sections import Variable

_LEAST_BITS: Final = 2048
_LIMITS: Final = {"authtimeout": 30, "authlimit": 50}
_SECURITY_EVENTS: Final = frozenset(map(fold, KINDS))
_FORGEABLE: Final = re.compile(r"(?i)\b(?:Severity|AccountID|RemoteAddress)\b")
_KINDS: Final = "ast_security_event_type"


def _over_http(site: Site) -> Iterator[Found]:
    line = site.manager.last("webenabled")
    if line is None or not is_on(line) or not site.manager.enabled:
        return
    if site.http is None and site.https is None:
        text = "webenabled is on, and opens the AMI as soon as anybody turns HTTP on"
        yield Found(text, (quoted(line),), MEDIUM)
        return
    version = site.facts.version
    crash = by_id(WEB_CRASH)
    clear = site.http is not None and site.reach(site.http).beyond
    bad = (version and not version.patched and crash.affects(version)) or clear
    text = "the AMI is on over HTTP, and its digest log-in leaves no trace of who guesses"
    if version and crash.affects(version):
        text += f"; Asterisk {version} has {crash.id}: {crash.what}"
    yield Found(text, (quoted(line), *_http_lines(site)), CRITICAL if bad else HIGH)


def _http_lines(site: Site) -> tuple[Line, ...]:
    lines = (site.general("http.conf", key) for key in ("enabled", "bindaddr", "tlsenable"))
    return tuple(quoted(line) for line in lines if line)


def _tls(site: Site) -> Iterator[Found]:
    manager = site.manager
    if manager.tls is None:
        return
    line = manager.last("tlscertfile")
    if line is None:
        yield Found("tlsenable is on, and no tlscertfile named")
    else:
        told = site.facts.certificates.get(line.value)
        wrong = [told] if isinstance(told, str) else _wrong(told, site.facts.now) if told else []
        yield from (Found(f"the AMI's certificate {what}", (quoted(line),)) for what in wrong)
    yield from _key(site, manager.last("tlsprivatekey") or line)
    for old in ("tlsdisablev1", "tlsdisablev11"):
        said = manager.last(old)
        if said and not is_on(said):
            yield Found(f"{old} is off: clients may use a broken version of TLS", (quoted(said),))


def _wrong(told: Certificate, now: float) -> Iterator[str]:
    if told.ends < now:
        yield "has ended"
    if 0 < told.rsa_bits < _LEAST_BITS:
        yield f"has a key of {told.rsa_bits} bits"
    if told.self_signed and not told.named:
        yield "is self-signed and has no subjectAltName, so that clients cannot verify it"


def _key(site: Site, line: Variable | None) -> Iterator[Found]:
    if line is None:
        return
    status = site.facts.statuses.get(line.value)
    if status and status.mode & OTHERS_READ:
        yield Found("every user of this host reads the key of the AMI's TLS", (quoted(line),))
    if line.value.startswith(("/tmp/", "/var/tmp/")):  # noqa: S108 - that is what is looked for
        yield Found("the key of the AMI's TLS is in a folder that everybody writes", (quoted(line),))


def _values(site: Site) -> Iterator[Found]:
    manager = site.manager
    for key, bad in (("allowmultiplelogin", True), ("displayconnects", False), ("debug", True)):
        line = manager.last(key)
        if line and is_on(line) is bad:
            yield Found(f"{key} is {'on' if bad else 'off'}", (quoted(line),))
    for key, most in _LIMITS.items():
        line = manager.last(key)
        if number(line, 0) > most and line:
            yield Found(f"{key} is above {most}", (quoted(line),))


def _silenced(site: Site) -> Iterator[Found]:
    line = site.manager.last("disabledevents")
    if line and _SECURITY_EVENTS & {fold(each.strip()) for each in line.value.split(",")}:
        yield Found("security events are disabled for the AMI", (quoted(line),))
    declined = site.conf("stasis.conf").section("declined_message_types")
    for each in declined.variables if declined else ():
        if each.value == _KINDS:
            yield Found("security events are declined, for AMI and log alike", (quoted(each),), HIGH)


def _filters(site: Site) -> Iterator[Found]:
    for user in site.manager.users:
        for section in user.sections:
            for each in section.variables:
                if fold(each.name) == "eventfilter" and _FORGEABLE.search(each.value):
                    text = f"an event filter of [{user.name}] looks at what an attacker can write himself"
                    yield Found(text, (quoted(each),))


_ON: Final = "=== manager.conf ===\n[general]\nenabled = yes\nbindaddr = 127.0.0.1\n"
_BOB: Final = f"[bob]\nsecret = Xo9-fuRr4kJm2Vq8sTz1\n{LOOPBACK_ONLY}\nread = security\n"
_GOOD: Final = Example(f"{_ON}{_BOB}")
_TLS: Final = (
    f"{_ON}tlsenable = yes\ntlsbindaddr = 127.0.0.1\ntlscertfile = /etc/asterisk/ami.crt\n"
    f"tlsprivatekey = /etc/asterisk/ami.key\n{_BOB}"
)
_YEAR: Final = 31_536_000.0

RULES: Final = (
    Rule(
        "AMI018",
        CRITICAL,
        "the AMI over HTTP",
        "He guesses secrets unseen, for a failed digest log-in raises no event and writes no line; and he"
        " can forge"
        f" events of others. Before {WEB_CRASH} was mended he also crashes Asterisk without any secret.",
        "[general]\nwebenabled = no\n; if it must be: http.conf on loopback behind a proxy; from 20.19 and"
        " 22.9 on also\n"
        "; http.conf: [/rawman] type = restriction, deny = 0.0.0.0/0, permit = 127.0.0.1/32",
        ("manager.conf", "http.conf"),
        _over_http,
        Example(
            f"{_ON}webenabled = yes\n{_BOB}=== http.conf ===\n[general]\nenabled = yes\nbindaddr = 0.0.0.0\n",
            Facts(version=Version(22, 9, 0)),
            "Asterisk is 22.9.0",
        ),
        Example(
            f"{_ON}webenabled = no\n{_BOB}=== http.conf ===\n[general]\nenabled = yes\nbindaddr = 0.0.0.0\n"
        ),
        Group.AMI,
    ),
    Rule(
        "AMI020",
        MEDIUM,
        "the AMI's certificate or key",
        "He stands between, for clients have learnt not to verify; or he reads the key.",
        "openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=pbx.example.org \\\n"
        "  -addext subjectAltName=DNS:pbx.example.org -keyout ami.key -out ami.crt\n"
        "chown asterisk: ami.key ami.crt; chmod 600 ami.key",
        ("manager.conf",),
        _tls,
        Example(
            _TLS,
            Facts(
                now=2 * _YEAR,
                certificates={
                    "/etc/asterisk/ami.crt": Certificate(_YEAR, 1024, self_signed=True, named=False)
                },
                statuses={"/etc/asterisk/ami.key": Status(0o644, "root", "root")},
            ),
            "the certificate has ended, has 1024 bits and no names, and every user may read the key",
        ),
        Example(
            _TLS,
            Facts(
                now=_YEAR,
                certificates={
                    "/etc/asterisk/ami.crt": Certificate(2 * _YEAR, 3072, self_signed=True, named=True)
                },
                statuses={"/etc/asterisk/ami.key": Status(0o600, "asterisk", "asterisk")},
            ),
            "the certificate is valid, has 3072 bits and names, and Asterisk alone may read the key",
        ),
        Group.AMI,
    ),
    Rule(
        "AMI021",
        LOW,
        "settings of the AMI that help nobody",
        "He holds many sessions, or many that never log in; or his log-ins leave no line (displayconnects).",
        "[general]\nallowmultiplelogin = no\ndisplayconnects = yes\nauthtimeout = 30\nauthlimit = 50\n"
        "debug = off",
        ("manager.conf",),
        _values,
        Example(f"{_ON}displayconnects = no\nauthlimit = 500\n{_BOB}"),
        _GOOD,
        Group.AMI,
    ),
    Rule(
        "AMI022",
        MEDIUM,
        "security events are disabled",
        "Nobody hears him.",
        "; manager.conf: take them out of disabledevents\n; stasis.conf: remove decline ="
        " ast_security_event_type",
        ("manager.conf", "stasis.conf"),
        _silenced,
        Example(f"{_ON}disabledevents = VarSet,InvalidPassword\n{_BOB}"),
        Example(f"{_ON}disabledevents = VarSet\n{_BOB}"),
    ),
    Rule(
        "AMI024",
        MEDIUM,
        "an event filter that an attacker can steer",
        "He writes the words that the filter looks for into an account name, and hides his events or"
        " forges others.",
        "; by name alone:\neventfilter(name(InvalidPassword)) =",
        ("manager.conf",),
        _filters,
        Example(f"{_ON}{_BOB}eventfilter = !RemoteAddress: .*192.0.2.*\n"),
        Example(f"{_ON}{_BOB}eventfilter = Event: InvalidPassword\n"),
        Group.AMI,
    ),
)
"""What they find."""
