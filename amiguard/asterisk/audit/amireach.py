"""Pure: rules about who reaches the AMI: where it listens, and the address lists of its users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.acl import STRANGERS
from amiguard.asterisk.audit.quoting import Line, heading, quoted
from amiguard.asterisk.audit.rule import CRITICAL, HIGH, MEDIUM, Example, Found, Group, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.acl import Rung
    from amiguard.asterisk.audit.manager import User
    from amiguard.asterisk.audit.site import Site

_PROBES: Final = dict(zip((4, 6), STRANGERS, strict=True))
_WIDEST: Final = {4: 24, 6: 48}

LOOPBACK_ONLY: Final = "deny = 0.0.0.0/0\ndeny = ::/0\npermit = 127.0.0.1/32\npermit = ::1/128"


def listens(site: Site) -> tuple[Line, ...]:
    """The lines that say where the AMI listens; without one it is everywhere."""
    manager = site.manager
    said = [manager.bind.variable, manager.tls and manager.tls.variable]
    lines = dict.fromkeys(filter(None, said)) or filter(None, [manager.last("enabled")])
    return tuple(map(quoted, lines))


def _admitted(user: User, site: Site) -> list[str]:
    """The strangers who would get in as that user."""
    return [
        who
        for version, who in _PROBES.items()
        if version in site.ami_anyhow.versions and user.acl.admits(who)
    ]


def _public(site: Site) -> Iterator[Found]:
    if not site.ami_anyhow.public:
        return
    tls = site.manager.tls
    where = site.manager.bind if site.ami.public or not tls else tls
    users = [user for user in site.manager.users if user.can_log_in and _admitted(user, site)]
    if users:
        names = ", ".join(f"[{user.name}]" for user in users)
        text = f"the AMI listens on {where}, and strangers may log in as {names}"
        yield Found(text, (*listens(site), *(heading(user.section) for user in users)))
    elif site.ami.public:
        text = f"the AMI listens on {where}; address lists refuse strangers only after they have connected"
        yield Found(text, listens(site), HIGH)


def _half_closed(site: Site) -> Iterator[Found]:
    for user in site.manager.users:
        admitted = _admitted(user, site)
        if user.can_log_in and user.acl.exists and admitted == [_PROBES[6]]:
            lines = tuple(map(quoted, user.acl.lines))
            yield Found(f"the list of [{user.name}] keeps out IPv4 alone: {_PROBES[6]} gets in", lines)


def _no_list(site: Site) -> Iterator[Found]:
    severity = CRITICAL if site.ami_anyhow.beyond else HIGH
    for user in site.manager.users:
        if user.can_log_in and not user.acl.exists:
            yield Found(f"[{user.name}] may log in from every address", (heading(user.section),), severity)


def _never_denies(site: Site) -> Iterator[Found]:
    for user in site.manager.users:
        rungs = list(user.acl.rungs)
        if rungs and user.can_log_in and all(rung.allow for rung in rungs):
            text = f"the list of [{user.name}] only permits, so it refuses nobody: who fits no line is let in"
            yield Found(text, tuple(map(quoted, user.acl.lines)))


def _order(site: Site) -> Iterator[Found]:
    for user in site.manager.users:
        yield from (_shadow(user, rung, over) for rung, over in user.acl.shadowed())
        trouble = user.acl.broken or user.acl.missing
        if trouble:
            text = f"the list of [{user.name}] cannot be read, so that nobody can log in as him"
            yield Found(
                text, (quoted(trouble),), mend="no blank beside a comma, no names; acl = NAME of acl.conf"
            )


def _shadow(user: User, rung: Rung, over: Rung) -> Found:
    lines = quoted(rung.variable), quoted(over.variable)
    if over.allow:
        return Found(f"[{user.name}]: the last line that fits decides, so this deny keeps nobody out", lines)
    return Found(f"[{user.name}]: the last line that fits decides, so this permit lets nobody in", lines)


def _wide(site: Site) -> Iterator[Found]:
    for user in site.manager.users if site.ami_anyhow.beyond else ():
        doors = [door for door in user.acl.doors() if _is_wide(door)]
        if user.can_log_in and doors:
            lines = tuple(dict.fromkeys(quoted(door.variable) for door in doors))
            yield Found(f"[{user.name}] may log in from whole networks", lines)


def _is_wide(door: Rung) -> bool:
    """Whether more than a site's network gets in; all the world is another rule's matter."""
    return 0 < door.length < _WIDEST[door.network.version] and not door.is_loopback


def _clear_text(site: Site) -> Iterator[Found]:
    if site.manager.tls or not site.ami.beyond:
        return
    users = [user for user in site.manager.users if user.can_log_in and site.is_remote(user)]
    if users:
        names = ", ".join(f"[{user.name}]" for user in users)
        yield Found(f"other hosts log in as {names}, and tlsenable is off", listens(site))


_GENERAL: Final = "=== manager.conf ===\n[general]\nenabled = yes\n"
_BODY: Final = "secret = Xo9-fuRr4kJm2Vq8sTz1\nread = call\n"
_LOCAL: Final = f"{_GENERAL}bindaddr = 127.0.0.1\n[bob]\n{_BODY}"
_WIDE: Final = f"{_GENERAL}bindaddr = 0.0.0.0\n[bob]\n{_BODY}"
_TUNNEL: Final = "reach it through a tunnel or VPN, and let the firewall close port 5038"

RULES: Final = (
    Rule(
        "AMI001",
        CRITICAL,
        "the AMI listens on a public address",
        "He guesses secrets and, once in, places calls, reads every event and usually gets a shell. Where"
        " lists keep"
        " him out he can still hold all connections (authlimit) and reach what runs before the log-in.",
        f"[general]\nbindaddr = 127.0.0.1\n; {_TUNNEL}:\n; nft add rule inet filter input tcp dport 5038"
        " drop",
        ("manager.conf", "acl.conf"),
        _public,
        Example(_WIDE),
        Example(_LOCAL),
        Group.AMI,
    ),
    Rule(
        "AMI002",
        HIGH,
        "an address list keeps out IPv4 alone",
        "He comes by IPv6: rules for IPv4 say nothing of IPv6, and whom no rule fits is let in.",
        "deny = ::/0\npermit = ::1/128",
        ("manager.conf", "acl.conf"),
        _half_closed,
        Example(f"{_GENERAL}[bob]\n{_BODY}deny = 0.0.0.0/0\npermit = 127.0.0.1/32\n"),
        Example(f"{_GENERAL}[bob]\n{_BODY}{LOOPBACK_ONLY}\n"),
        Group.AMI,
    ),
    Rule(
        "AMI003",
        CRITICAL,
        "an AMI user without an address list",
        "He may try secrets from wherever he reaches the port; a web application on this host that fetches"
        " URLs is"
        " enough where it listens on loopback.",
        LOOPBACK_ONLY,
        ("manager.conf", "acl.conf"),
        _no_list,
        Example(_WIDE),
        Example(f"{_LOCAL}{LOOPBACK_ONLY}\n"),
        Group.AMI,
    ),
    Rule(
        "AMI004",
        HIGH,
        "an address list that never denies",
        'It keeps nobody out: a list begins with "allow", and only a deny changes that.',
        "; before the permits:\ndeny = 0.0.0.0/0\ndeny = ::/0",
        ("manager.conf", "acl.conf"),
        _never_denies,
        Example(f"{_LOCAL}permit = 127.0.0.1/32\n"),
        Example(f"{_LOCAL}{LOOPBACK_ONLY}\n"),
        Group.AMI,
    ),
    Rule(
        "AMI005",
        HIGH,
        "an address list in the wrong order",
        "Who was to be kept out gets in, because of all lines that fit an address the last one decides.",
        "; the widest first, exceptions after it:\ndeny = 0.0.0.0/0\npermit = 192.0.2.0/24\ndeny ="
        " 192.0.2.66/32",
        ("manager.conf", "acl.conf"),
        _order,
        Example(f"{_LOCAL}deny = 192.0.2.66/32\npermit = 0.0.0.0/0\n"),
        Example(f"{_LOCAL}{LOOPBACK_ONLY}\n"),
        Group.AMI,
    ),
    Rule(
        "AMI006",
        MEDIUM,
        "an address list that lets whole networks in",
        "Every machine of that network is his way in: a phone, a printer, a guest's laptop.",
        "; the hosts that need it, one by one:\npermit = 10.0.0.17/32",
        ("manager.conf", "acl.conf"),
        _wide,
        Example(f"{_WIDE}deny = 0.0.0.0/0\npermit = 10.0.0.0/255.0.0.0\n"),
        Example(f"{_WIDE}deny = 0.0.0.0/0\npermit = 10.0.0.17/32\n"),
        Group.AMI,
    ),
    Rule(
        "AMI019",
        HIGH,
        "remote AMI in clear text",
        "He reads secret and events on the way, or takes the connection over.",
        "[general]\nbindaddr = 127.0.0.1\ntlsenable = yes\ntlsbindaddr = 0.0.0.0:5039\n"
        "tlscertfile = /etc/asterisk/keys/ami.crt\ntlsprivatekey = /etc/asterisk/keys/ami.key",
        ("manager.conf", "acl.conf"),
        _clear_text,
        Example(f"{_WIDE}deny = 0.0.0.0/0\npermit = 10.0.0.17/32\n"),
        Example(f"{_LOCAL}deny = 0.0.0.0/0\npermit = 10.0.0.17/32\n"),
        Group.AMI,
    ),
)
"""What they find."""
