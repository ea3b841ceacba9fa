"""Pure: rules about the AMI's users: their names, their secrets, and who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.amireach import LOOPBACK_ONLY
from amiguard.asterisk.audit.facts import Facts
from amiguard.asterisk.audit.manager import is_on, last, number
from amiguard.asterisk.audit.quoting import heading, quoted
from amiguard.asterisk.audit.rights import listed
from amiguard.asterisk.audit.rule import CRITICAL, HIGH, INFO, MEDIUM, Example, Found, Group, Rule
from amiguard.asterisk.audit.secrets import SHORTEST, weakness
from amiguard.asterisk.sections import Place, fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.manager import User
    from amiguard.asterisk.audit.site import Site

_LEAST_TIMEOUT: Final = 1000
_NEEDED: Final = frozenset({"security", "system"})
_ENOUGH: Final = frozenset({"reporting"})
_USERS_CONF_ENDS: Final = 23


def _twice(site: Site) -> Iterator[Found]:
    for user in site.manager.users:
        if len(user.sections) > 1:
            holds = "has an address list" if user.acl.exists else "has none"
            text = (
                f"[{user.name}] stands there {len(user.sections)} times and is one user to Asterisk: secret"
                " and"
                f" classes merge, but the address list is the last section's alone, which {holds}"
            )
            yield Found(text, tuple(map(heading, user.sections)))


def _no_secret(site: Site) -> Iterator[Found]:
    for user in site.manager.users:
        secret = user.last("secret")
        if user.can_log_in and secret and not secret.value:
            yield Found(f"[{user.name}] logs in with an empty secret", (quoted(secret),))


def _weak_secret(site: Site) -> Iterator[Found]:
    for user in site.manager.users:
        secret = user.last("secret")
        if not user.can_log_in or not secret or not secret.value:
            continue
        weak = weakness(secret.value, user.name)
        if weak == "guessable":
            severity = CRITICAL if site.is_remote(user) else HIGH
            yield Found(
                f"the secret of [{user.name}] is published or easily guessed", (quoted(secret),), severity
            )
        elif weak:
            text = f"the secret of [{user.name}] has less than {SHORTEST} characters, or few different ones"
            yield Found(text, (quoted(secret),), MEDIUM)


def _cut(site: Site) -> Iterator[Found]:
    conf = site.conf("manager.conf")
    for section in conf.sections:
        for each in section.variables:
            place = Place(each.file, each.line)
            if fold(each.name) == "secret" and place in conf.cut:
                yield Found(f"the secret of [{section.name}] ends at a ;", (quoted(each),))


def _own_user(site: Site) -> Iterator[Found]:
    """What amiguard's own user lacks, or has too much; without one, whether anybody hears the events."""
    users = {fold(user.name): user for user in site.manager.users}
    own = users.get(fold(site.facts.ami_user))
    if own is None:
        hear = [user for user in site.manager.users if "security" in user.classes("read")]
        if site.manager.enabled and not hear:
            text = "no AMI user has read = security, so amiguard cannot hear the AMI beside the log"
            yield Found(text, severity=MEDIUM)
        return
    yield from (
        Found(f"[{own.name}], amiguard's own user, {what}", (heading(own.section),)) for what in _wrong(own)
    )


def _wrong(own: User) -> Iterator[str]:
    read, write = own.classes("read"), own.classes("write")
    if not read >= _NEEDED:
        yield f"lacks read = {listed(_NEEDED - read)}, and so hears nothing of attacks"
    if not write <= _ENOUGH:
        yield f"may write {listed(write - _ENOUGH)}, which it never needs"
    if not own.acl.exists:
        yield "has no address list"
    elif not any(map(own.acl.admits, ("127.0.0.1", "::1"))):
        yield "is refused on loopback"
    if number(own.last("writetimeout"), 100) < _LEAST_TIMEOUT:
        yield "is thrown off in an attack: writetimeout is below 1000 ms"


def _users_conf(site: Site) -> Iterator[Found]:
    version = site.facts.version
    if version and version.major >= _USERS_CONF_ENDS:
        return
    general = site.conf("users.conf").section("general")
    usual = is_on(last(general, "hasmanager"))
    for section in site.sections("users.conf"):
        said = last(section, "hasmanager")
        if fold(section.name) != "general" and is_on(said, default=usual):
            line = quoted(said) if said else heading(section)
            yield Found(f"users.conf makes [{section.name}] an AMI user", (line,))


def _realtime(site: Site) -> Iterator[Found]:
    settings = site.conf("extconfig.conf").section("settings")
    for each in settings.variables if settings else ():
        if fold(each.name) in {"manager.conf", "acl.conf", "acls"}:
            text = f"{each.name} comes from a database, which is not looked at"
            yield Found(text, (quoted(each),), INFO)


def _unlike(site: Site) -> Iterator[Found]:
    """The running AMI has what the configuration has not."""
    users = {fold(user.name): user for user in site.manager.users}
    for name, (read, write) in (site.facts.running or {}).items():
        user = users.get(fold(name))
        if user is None:
            yield Found(f"[{name}] is in no file, and still an AMI user of the running Asterisk")
        elif (read, write) != (user.classes("read"), user.classes("write")):
            text = f"the running Asterisk has [{name}] with read = {listed(read)} and write = {listed(write)}"
            yield Found(text, (heading(user.section),))
    for name in sorted(site.facts.connected):
        if fold(name) not in users:
            yield Found(
                f"[{name}] is in no file, and still logged in",
                mend="manager show connected\nmanager kick session N",
            )


_GENERAL: Final = "=== manager.conf ===\n[general]\nenabled = yes\nbindaddr = 127.0.0.1\n"
_KEY: Final = "secret = Xo9-fuRr4kJm2Vq8sTz1"
_BOB: Final = f"{_GENERAL}[bob]\n{LOOPBACK_ONLY}\nread = call\n"
_GOOD: Final = Example(f"{_BOB}{_KEY}\n")
_NEW: Final = "secret = ...  ; from: openssl rand -base64 24"
_STANZA: Final = (
    f"[amiguard]\n{_KEY}\n{LOOPBACK_ONLY}\nread = security,system\nwrite = reporting\nwritetimeout = 5000\n"
)

RULES: Final = (
    Rule(
        "AMI007",
        CRITICAL,
        "one AMI user written twice",
        "The address list that was to keep him out is not the one that holds; a section that only adds a"
        " class"
        " has removed it.",
        "; one section a user, or add to the first one:\n[bob](+)\nread = call",
        ("manager.conf", "acl.conf"),
        _twice,
        Example(f"{_BOB}{_KEY}\n[BOB]\nwrite = reporting\n"),
        _GOOD,
        Group.AMI,
    ),
    Rule(
        "AMI008",
        CRITICAL,
        "an empty AMI secret",
        'He logs in without any. (Without the line "secret" nobody could.)',
        _NEW,
        ("manager.conf", "acl.conf"),
        _no_secret,
        Example(f"{_BOB}secret =\n"),
        _GOOD,
        Group.AMI,
    ),
    Rule(
        "AMI009",
        CRITICAL,
        "a weak AMI secret",
        "He guesses it: scanners try the published ones first.",
        _NEW,
        ("manager.conf", "acl.conf"),
        _weak_secret,
        Example("=== manager.conf ===\n[general]\nenabled = yes\n[bob]\nsecret = amp111\nread = call\n"),
        _GOOD,
        Group.AMI,
    ),
    Rule(
        "AMI010",
        HIGH,
        "a secret cut at a semicolon",
        "It is shorter than it looks: a ; begins a comment, also in the middle of a word.",
        r"secret = first\;second",
        ("manager.conf",),
        _cut,
        Example(f"{_BOB}secret = Xo9-fuRr4kJm2;Vq8sTz1\n"),
        Example(f"{_BOB}secret = Xo9-fuRr4kJm2\\;Vq8sTz1 ; new in May\n"),
        Group.AMI,
    ),
    Rule(
        "AMI023",
        INFO,
        "the running AMI is not what its files say",
        "He keeps what was taken from him: a reload neither ends sessions nor removes classes whose line"
        " is gone.",
        "; say it explicitly, then reload:\nwrite = none\n; and: asterisk -rx 'manager show connected'",
        ("manager.conf",),
        _unlike,
        Example(
            f"{_BOB}{_KEY}\n",
            Facts(
                running={"bob": (frozenset({"call"}), frozenset({"system"}))}, connected=frozenset({"gone"})
            ),
            "the running Asterisk still lets bob write system, and gone is logged in",
        ),
        Example(
            f"{_BOB}{_KEY}\n",
            Facts(running={"bob": (frozenset({"call"}), frozenset())}),
            "the running Asterisk says the same",
        ),
        Group.AMI,
    ),
    Rule(
        "AMI026",
        HIGH,
        "users.conf makes AMI users",
        "He logs in with a telephone's secret, and no address list is in his way.",
        "; users.conf\nhasmanager = no",
        ("users.conf",),
        _users_conf,
        Example(f"{_GENERAL}=== users.conf ===\n[6001]\nsecret = Xo9-fuRr4kJm2Vq8sTz1\nhasmanager = yes\n"),
        Example(f"{_GENERAL}=== users.conf ===\n[6001]\nsecret = Xo9-fuRr4kJm2Vq8sTz1\nhasmanager = no\n"),
        Group.AMI,
    ),
    Rule(
        "AMI027",
        INFO,
        "manager.conf or acl.conf from a database",
        "Whatever the database holds: no file shows it.",
        "; look with the AMI: Action: GetConfig, Filename: manager.conf",
        ("extconfig.conf",),
        _realtime,
        Example("=== extconfig.conf ===\n[settings]\nmanager.conf => odbc,asterisk,ast_config\n"),
        Example("=== extconfig.conf ===\n[settings]\nsippeers => odbc,asterisk\n"),
    ),
    Rule(
        "AMI028",
        HIGH,
        "amiguard's own AMI user",
        "His attacks are not heard; or he takes this user's secret and may do more than listen.",
        _STANZA.replace("Xo9-fuRr4kJm2Vq8sTz1", "...  ; from: openssl rand -base64 24").rstrip(),
        ("manager.conf", "acl.conf"),
        _own_user,
        Example(f"{_GENERAL}[amiguard]\n{_KEY}\nread = system\nwrite = command\n"),
        Example(f"{_GENERAL}{_STANZA}"),
        Group.AMI,
    ),
)
"""What they find."""
