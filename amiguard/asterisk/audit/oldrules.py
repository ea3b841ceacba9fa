"""Pure: rules about chan_sip and IAX2, the channel drivers of old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.dialplan import section_context
from amiguard.asterisk.audit.manager import is_on, last
from amiguard.asterisk.audit.planrules import dials_out, shown
from amiguard.asterisk.audit.quoting import heading, quoted
from amiguard.asterisk.audit.rule import HIGH, LOW, MEDIUM, Example, Found, Rule
from amiguard.asterisk.audit.siprules import weak_accounts
from amiguard.asterisk.sections import Variable, fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.site import Site
    from amiguard.asterisk.sections import Section

_SIP, _IAX = "sip.conf", "iax.conf"
_CHAN_SIP_ENDS: Final = 21
_EVERYBODY: Final = ("0.0.0.0/0", "0.0.0.0/0.0.0.0", "::/0")


def _accounts(site: Site, file: str) -> list[Section]:
    """Every section but the general ones."""
    return [each for each in site.sections(file) if fold(each.name) not in {"general", "authentication"}]


def _has_sip(site: Site) -> bool:
    version = site.facts.version
    there = bool(site.conf(_SIP).sections) and site.loads("chan_sip")
    return there and (version is None or version.major < _CHAN_SIP_ENDS)


def _sip(site: Site) -> Iterator[Found]:
    if not _has_sip(site):
        return
    reject = site.general(_SIP, "alwaysauthreject")
    if reject and not is_on(reject):
        yield Found("alwaysauthreject is off: answers tell which accounts there are", (quoted(reject),))
    create = site.general(_SIP, "autocreatepeer")
    if create and is_on(create):
        yield Found("autocreatepeer is on: whoever registers is a telephone of yours", (quoted(create),))
    yield from _sip_guests(site)
    for account in _accounts(site, _SIP):
        insecure, host = last(account, "insecure"), fold(account.last("host") or "")
        if insecure and "invite" in fold(insecure.value) and host in {"", "dynamic"}:
            text = f"[{account.name}] needs no password to call (insecure), from any address"
            yield Found(text, (quoted(insecure),))
    yield from weak_accounts("SIP", ((each, last(each, "secret")) for each in _accounts(site, _SIP)))
    yield Found("chan_sip is not maintained, and gone from Asterisk 21 on", (), LOW)


def _sip_guests(site: Site) -> Iterator[Found]:
    allowed = site.general(_SIP, "allowguest")
    if allowed and not is_on(allowed):
        return
    general = site.conf(_SIP).section("general")
    context = section_context(general) if general else "default"
    steps = dials_out(site, context)
    out = ", and from there out to any number" if steps else ""
    lines = (*(quoted(line) for line in (allowed, last(general, "context")) if line), *shown(steps))
    yield Found(
        f"strangers may call into [{context}] without a password{out}", lines, HIGH if steps else MEDIUM
    )


def _iax(site: Site) -> Iterator[Found]:
    accounts = _accounts(site, _IAX)
    if not site.loads("chan_iax2") or not accounts:
        return
    debug = site.general(_IAX, "authdebug")
    if any(last(each, "secret") for each in accounts) and not is_on(debug):
        lines = (quoted(debug),) if debug else ()
        yield Found("authdebug is off: failed IAX2 log-ins write no line at all", lines)
    for section in (site.conf(_IAX).section("general"), *accounts):
        for line in section.variables if section else ():
            if what := _iax_line(line):
                yield Found(f"[{section.name if section else ''}] {what}", (quoted(line),))
    for account in accounts:
        yield from _iax_guest(site, account)
    yield from weak_accounts("IAX2", ((each, last(each, "secret")) for each in accounts))


def _iax_line(line: Variable) -> str:
    """What is wrong with one line; nothing, mostly."""
    key, value = fold(line.name), fold(line.value.strip())
    if key == "requirecalltoken" and value in {"no", "auto"}:
        return "does without call tokens: addresses can be forged"
    if key == "calltokenoptional" and value in _EVERYBODY:
        return "lets everybody do without call tokens: addresses can be forged"
    return "sends and takes passwords in clear text" if (key, value) == ("auth", "plaintext") else ""


def _iax_guest(site: Site, account: Section) -> Iterator[Found]:
    by_key = last(account, "inkeys") or last(account, "dbsecret")
    is_user = fold(account.last("type") or "") in {"user", "friend"}
    listed = any(fold(each.name) in {"permit", "deny", "acl"} for each in account.variables)
    if not is_user or listed or by_key or account.last("secret"):
        return
    context = section_context(account)
    steps = dials_out(site, context)
    out = ", and from there out to any number" if steps else ""
    text = f"strangers may call into [{context}] as [{account.name}], without a password{out}"
    yield Found(text, (heading(account), *shown(steps)), HIGH if steps else MEDIUM)


_GENERAL: Final = "=== sip.conf ===\n[general]\n"
_PEER: Final = "[101]\ntype = friend\nhost = dynamic\nsecret = 9f86d081884c7d659a2feaa0c55ad015\n"
_IAX_PEER: Final = (
    "[general]\nauthdebug = {}\n[301]\ntype = friend\nhost = dynamic\nauth = md5\n"
    "secret = 9f86d081884c7d659a2fea\n"
)

RULES: Final = (
    Rule(
        "SIP001",
        HIGH,
        "chan_sip lets too much in",
        "He learns which accounts there are, then guesses; or calls without any account.",
        "; sip.conf\n[general]\nalwaysauthreject = yes\nallowguest = no\nautocreatepeer = no\n; better:"
        " move to PJSIP",
        (_SIP, "extensions.conf", "modules.conf"),
        _sip,
        Example(f"{_GENERAL}alwaysauthreject = no\n{_PEER}"),
        Example(
            f"{_GENERAL}allowguest = no\n{_PEER}=== modules.conf ===\n[modules]\nautoload = yes\nnoload ="
            " chan_sip.so\n"
        ),
    ),
    Rule(
        "IAX001",
        HIGH,
        "IAX2 lets too much in",
        "He guesses passwords unseen: failed IAX2 attempts never appear as security events, and with"
        " authdebug off"
        " nowhere else. Without call tokens he forges addresses, too.",
        "; iax.conf\n[general]\nauthdebug = yes\nrequirecalltoken = yes\n; and no [guest]; not used at all?\n"
        "; modules.conf: noload = chan_iax2.so",
        (_IAX, "extensions.conf", "modules.conf"),
        _iax,
        Example(f"=== iax.conf ===\n{_IAX_PEER.format('no')}requirecalltoken = no\n"),
        Example(f"=== iax.conf ===\n{_IAX_PEER.format('yes')}"),
    ),
)
"""What they find."""
