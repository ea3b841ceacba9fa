"""Pure: rules about Asterisk's web server and its REST interface (ARI)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.manager import is_on, last
from amiguard.asterisk.audit.quoting import heading, quoted
from amiguard.asterisk.audit.rule import HIGH, LOW, MEDIUM, Example, Found, Rule
from amiguard.asterisk.audit.secrets import weakness
from amiguard.asterisk.sections import fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.site import Site
    from amiguard.asterisk.sections import Section

_SETTINGS: Final = (
    (("enable_static", "enablestatic"), HIGH, "files below static-http are served to everybody"),
    (("enable_status",), MEDIUM, "a page tells everybody what this server is"),
)


def _http(site: Site) -> Iterator[Found]:
    http = site.http
    if http and site.reach(http).beyond:
        lines = tuple(quoted(line) for line in (site.general("http.conf", "enabled"), http.variable) if line)
        beside = " beside HTTPS" if site.https else ""
        text = f"HTTP without TLS listens on {http}{beside}"
        yield Found(text, lines, MEDIUM if site.https else HIGH)
    if site.web().beyond:
        yield from _served(site)


def _served(site: Site) -> Iterator[Found]:
    for keys, severity, text in _SETTINGS:
        lines = [line for line in (site.general("http.conf", key) for key in keys) if is_on(line)]
        yield from (Found(text, (quoted(line),), severity) for line in lines if line)
    prefix = site.general("http.conf", "prefix")
    if prefix is None or not prefix.value:
        yield Found("no prefix: scanners find /ari and /rawman at once", (), LOW)
    mappings = site.conf("http.conf").section("post_mappings")
    if mappings and mappings.variables:
        yield Found("files may be uploaded", tuple(map(quoted, mappings.variables)), MEDIUM)


def _ari(site: Site) -> Iterator[Found]:
    off = not is_on(site.general("ari.conf", "enabled"), default=True)
    users = list(site.sections("ari.conf", "user"))
    if off or not users or not (site.http or site.https):
        return
    reachable = site.web().beyond
    if reachable:
        text = "other hosts reach ARI, whose failed log-ins raise no event and write no line"
        yield Found(text, tuple(map(heading, users)))
    for user in users:
        yield from _ari_user(user, reachable=reachable)
    origins = site.general("ari.conf", "allowed_origins")
    if origins and "*" in origins.value:
        yield Found("scripts of every web page may use ARI", (quoted(origins),), MEDIUM)


def _ari_user(user: Section, *, reachable: bool) -> Iterator[Found]:
    password, form = last(user, "password"), last(user, "password_format")
    crypted = form is not None and fold(form.value) == "crypt"
    weak = weakness(password.value, user.name) if password and not crypted else ""
    if password and weak == "guessable":
        text = f"the password of the ARI user [{user.name}] is published or easily guessed"
        yield Found(text, (quoted(password),), HIGH)
    elif password and weak:
        yield Found(f"the password of the ARI user [{user.name}] is short", (quoted(password),), MEDIUM)
    if password and not crypted:
        severity = MEDIUM if reachable else LOW
        yield Found(
            f"the password of the ARI user [{user.name}] is stored as it is", (quoted(password),), severity
        )
    if reachable and not is_on(last(user, "read_only")):
        yield Found(f"the ARI user [{user.name}] may place calls and change them", (heading(user),), MEDIUM)


_HTTP: Final = "=== http.conf ===\n[general]\nenabled = yes\nprefix = b7k\nbindaddr = "
_ARI: Final = "=== ari.conf ===\n[general]\nenabled = yes\n[panel]\ntype = user\nread_only = yes\n"

RULES: Final = (
    Rule(
        "HTTP001",
        HIGH,
        "the web server is open to other hosts",
        "He tries log-ins of AMI and ARI over it, reads what is sent, and reaches whatever modules serve"
        " there; scans"
        " of it raise no event.",
        "; http.conf\n[general]\nbindaddr = 127.0.0.1\ntlsenable = yes\ntlsbindaddr = 0.0.0.0:8089\n"
        "enable_static = no\n"
        "enable_status = no",
        ("http.conf",),
        _http,
        Example(f"{_HTTP}0.0.0.0\n"),
        Example(f"{_HTTP}127.0.0.1\n"),
    ),
    Rule(
        "ARI001",
        HIGH,
        "ARI",
        "He guesses passwords unseen, then places and hears calls.",
        "; http.conf, [general]: bindaddr = 127.0.0.1\n; ari.conf\n[panel]\ntype = user\nread_only = yes\n"
        "password_format = crypt\npassword = ...  ; from: asterisk -rx 'ari mkpasswd ...'",
        ("ari.conf", "http.conf"),
        _ari,
        Example(f"{_HTTP}0.0.0.0\n{_ARI}password = panel\n"),
        Example(f"{_HTTP}127.0.0.1\n{_ARI}password_format = crypt\npassword = $6$abcdefgh$ijklmnop\n"),
    ),
)
"""What they find."""
