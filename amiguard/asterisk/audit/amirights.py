"""Pure: rules about what AMI users may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.amireach import LOOPBACK_ONLY
from amiguard.asterisk.audit.quoting import heading, quoted
from amiguard.asterisk.audit.rights import CLASSES, DANGEROUS, dropped, effective, empty, listed, prefixes
from amiguard.asterisk.audit.rule import CRITICAL, HIGH, MEDIUM, Example, Found, Group, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.manager import User
    from amiguard.asterisk.audit.site import Site
    from amiguard.asterisk.sections import Variable

_KEYS: Final = ("read", "write")
_PRIVATE: Final = frozenset({"call", "cdr", "dialplan", "agi", "user"})
_USELESS: Final = frozenset({"config", "command"})


def _lists(site: Site) -> Iterator[tuple[User, str, Variable]]:
    """Every list of classes that holds."""
    for user in site.manager.users:
        for key in _KEYS if user.can_log_in else ():
            if line := user.last(key):
                yield user, key, line


def _empty(site: Site) -> Iterator[Found]:
    for user, key, line in _lists(site):
        if empty(line.value):
            yield Found(
                f"{key} of [{user.name}] has an empty place between commas: it grants all", (quoted(line),)
            )


def _prefix(site: Site) -> Iterator[Found]:
    for user, key, line in _lists(site):
        for token, labels in prefixes(line.value).items():
            text = f"{key} of [{user.name}]: {token!r} grants every class that begins so: {', '.join(labels)}"
            yield Found(text, (quoted(line),))


def _dropped(site: Site) -> Iterator[Found]:
    for user, key, line in _lists(site):
        if lost := dropped(line.value):
            names = ", ".join(map(repr, lost))
            holds = listed(effective(line.value))
            text = f"{key} of [{user.name}]: {names} grants nothing; what holds is {holds}"
            yield Found(text, (quoted(line),))


def _shell(site: Site) -> Iterator[Found]:
    for user, key, line in _lists(site):
        ways = [f"{name} ({how})" for name, how in DANGEROUS.items() if name in effective(line.value)]
        if key == "write" and ways:
            severity = CRITICAL if site.is_remote(user) else HIGH
            yield Found(f"[{user.name}] can get a shell by {', '.join(ways)}", (quoted(line),), severity)


def _all(site: Site) -> Iterator[Found]:
    for user, key, line in _lists(site):
        if effective(line.value) == frozenset(CLASSES) and not empty(line.value):
            severity = HIGH if key == "write" else MEDIUM
            yield Found(f"[{user.name}] has {key} = all", (quoted(line),), severity)


def _too_much(site: Site) -> Iterator[Found]:
    for user, key, line in _lists(site):
        classes = effective(line.value)
        if key != "read" or classes == frozenset(CLASSES):
            continue
        if useless := classes & _USELESS:
            text = f"[{user.name}] has read = {listed(useless)}, which brings no event"
            yield Found(text, (quoted(line),))
        if classes >= _PRIVATE:
            yield Found(f"[{user.name}] reads who calls whom, every variable and every step", (quoted(line),))


def _nothing(site: Site) -> Iterator[Found]:
    for user in site.manager.users:
        if user.can_log_in and not user.classes("read") | user.classes("write"):
            text = f"[{user.name}] has no class; some actions, such as BridgeKick, ask for none"
            yield Found(text, (heading(user.section),))


_BOB: Final = (
    "=== manager.conf ===\n[general]\nenabled = yes\nbindaddr = 127.0.0.1\n"
    f"[bob]\nsecret = Xo9-fuRr4kJm2Vq8sTz1\n{LOOPBACK_ONLY}\n"
)
_WIDE: Final = _BOB.replace("bindaddr = 127.0.0.1\n", "") + "permit = 10.0.0.17\n"
_GOOD: Final = Example(f"{_BOB}read = call,reporting\nwrite = reporting\n")
_READS: Final = ("manager.conf", "acl.conf")

RULES: Final = (
    Rule(
        "AMI011",
        CRITICAL,
        "an empty place in a list of classes",
        "He has every class: Asterisk compares as many letters as the place has, and no letters fit all.",
        "write = call,reporting",
        _READS,
        _empty,
        Example(f"{_BOB}write = call,,reporting\n"),
        _GOOD,
        Group.AMI,
    ),
    Rule(
        "AMI012",
        HIGH,
        "a class that is only the beginning of one",
        "He has more classes than are written: every one that begins so, unless it stands last.",
        "; spell it out:\nwrite = command",
        _READS,
        _prefix,
        Example(f"{_BOB}read = co,call\n"),
        _GOOD,
        Group.AMI,
    ),
    Rule(
        "AMI013",
        MEDIUM,
        "a class that Asterisk drops",
        "Nobody sees him: a class after a blank, or misspelt, is not there, `security` for one.",
        "read = system,security",
        _READS,
        _dropped,
        Example(f"{_BOB}read = system, security\n"),
        _GOOD,
        Group.AMI,
    ),
    Rule(
        "AMI014",
        CRITICAL,
        "an AMI user with the way to a shell",
        "With that user's secret he runs any program as Asterisk's user. README-SERIOUSLY of Asterisk says"
        " so of"
        " originate, too.",
        "; the least that does: call,reporting for most tools\nwrite = reporting",
        _READS,
        _shell,
        Example(f"{_WIDE}write = originate\n"),
        _GOOD,
        Group.AMI,
    ),
    Rule(
        "AMI015",
        HIGH,
        "an AMI user with all classes",
        "Whatever comes with the next version is his, too.",
        "; only what it needs:\nread = call\nwrite = reporting",
        _READS,
        _all,
        Example(f"{_BOB}write = all\n"),
        _GOOD,
        Group.AMI,
    ),
    Rule(
        "AMI016",
        MEDIUM,
        "an AMI user that reads more than it needs",
        "He knows who calls whom, and reads whatever scripts put into variables, PINs among it.",
        "read = call",
        _READS,
        _too_much,
        Example(f"{_BOB}read = call,command\n"),
        _GOOD,
        Group.AMI,
    ),
    Rule(
        "AMI017",
        MEDIUM,
        "an AMI user without any class",
        "He kicks callers out of bridges, for some actions ask for no class.",
        "; remove the user, or its line `secret`",
        _READS,
        _nothing,
        Example(f"{_BOB}read = none\n"),
        _GOOD,
        Group.AMI,
    ),
)
"""What they find."""
