"""Pure: rules about the host and the files: what Asterisk discards, who reads them, versions, rights."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.advisories import affecting, is_ended
from amiguard.asterisk.audit.binding import Bind
from amiguard.asterisk.audit.facts import (
    GROUP_READ,
    GROUP_WRITE,
    OTHERS_READ,
    OTHERS_SEARCH,
    OTHERS_WRITE,
    Facts,
    Listener,
    Status,
    Version,
)
from amiguard.asterisk.audit.manager import is_on, last
from amiguard.asterisk.audit.quoting import Line, is_secret, quoted
from amiguard.asterisk.audit.rule import HIGH, LOW, MEDIUM, Example, Found, Rule
from amiguard.asterisk.audit.siprules import SIP_PORT
from amiguard.asterisk.audit.site import FILES, HTTP_PORT, HTTPS_PORT
from amiguard.asterisk.sections import Place, Variable
from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.site import Site

_IAX_PORT: Final = 4569
_MASK_BITS: Final = 0o777
_GROUPS: Final = {"asterisk", "root"}


def _refused(site: Site) -> Iterator[Found]:
    for note in site.refused:
        yield Found(f"Asterisk discards the whole file: {note.text}", (Line(note.place, ""),))


def _passed_over(site: Site) -> Iterator[Found]:
    for name in FILES:
        for note in site.conf(name).notes:
            yield Found(f"Asterisk passes over this: {note.text}", (Line(note.place, ""),))


def _files(site: Site) -> Iterator[Found]:
    statuses = site.facts.statuses
    for path in sorted(_with_secrets(site) & statuses.keys()):
        yield from _readable(site, path, statuses[path])
    for path, status in statuses.items():
        if status.mode & OTHERS_WRITE:
            what = "folder" if status.directory else "file"
            yield Found(
                f"every user of this host changes this {what} of the configuration", _rights(path, status)
            )
    yield from _commands(site)


def _readable(site: Site, path: str, status: Status) -> Iterator[Found]:
    """Who else reads a file; nobody gets into a folder that others may not search."""
    folder = site.facts.statuses.get(posixpath.dirname(path))
    if status.mode & OTHERS_READ and (folder is None or folder.mode & OTHERS_SEARCH):
        yield Found("every user of this host reads the secrets in it", _rights(path, status))
    elif status.mode & GROUP_READ and status.group not in _groups(site, status, folder):
        yield Found(f"the group {status.group} reads the secrets in it", _rights(path, status))


def _groups(site: Site, status: Status, folder: Status | None) -> Iterator[str]:
    """Groups that Asterisk may be in; a copy of another host's files has that host's groups, by number."""
    yield from (*_GROUPS, status.owner)
    if group := _option(site, "rungroup"):
        yield group.value
    if folder and not site.facts.here:
        yield folder.group


def _rights(path: str, status: Status) -> tuple[Line, ...]:
    return (Line(Place(path, 0), f"{status.mode & _MASK_BITS:04o} {status.owner}:{status.group}"),)


def _with_secrets(site: Site) -> set[str]:
    """The files in which a secret is written."""
    return {
        each.file
        for name in FILES
        for section in site.conf(name).sections
        for each in section.variables
        if each.value and is_secret(each.name)
    }


def _commands(site: Site) -> Iterator[Found]:
    runs = is_on(_option(site, "execincludes"))
    for name in FILES:
        for note in site.conf(name).commands:
            program = note.text.split()[0] if note.text.split() else ""
            what = "its output is configuration" if runs else "it is not run, for execincludes is off"
            lines = (Line(note.place, f"#exec {program} ..."),)
            yield Found(
                f"#exec: a program is to write the configuration; {what}", lines, HIGH if runs else LOW
            )


def _option(site: Site, key: str) -> Variable | None:
    return last(site.conf("asterisk.conf").section("options"), key)


def _host(site: Site) -> Iterator[Found]:
    for key, what in _OPTIONS.items():
        line = _option(site, key)
        if line and is_on(line):
            yield Found(what, (quoted(line),))
    user = _option(site, "runuser")
    if site.facts.user == "root" or (user and user.value == "root"):
        yield Found("Asterisk runs as root", (quoted(user),) if user else ())
    yield from _versions(site)
    control = last(site.conf("asterisk.conf").section("files"), "astctlpermissions")
    if control and _mode(control.value) & GROUP_WRITE and not site.conf("cli_permissions.conf").sections:
        yield Found("a whole group has the console, and no cli_permissions.conf", (quoted(control),), LOW)


def _mode(text: str) -> int:
    digits = text.strip()
    return int(digits, 8) if digits and set(digits) <= set("01234567") else 0


def _versions(site: Site) -> Iterator[Found]:
    version = site.facts.version
    if version is None:
        return
    open_ = list(affecting(version))
    names = "; ".join(f"{each.id}: {each.what}" for each in open_)
    if open_ and version.patched:
        text = (
            f"Asterisk {version} of a distribution, which may have mended these without a new number: {names}"
        )
        yield Found(text, (), LOW, "apt changelog asterisk")
    elif open_:
        yield Found(
            f"Asterisk {version} has known holes. {names}", mend="; install the newest release of its branch"
        )
    if is_ended(version) and not version.patched:
        text = f"Asterisk {version.major} gets no more security releases"
        yield Found(text, (), MEDIUM, "; move to a branch that is supported: 20, 22 or newer")


def _unguarded(site: Site) -> Iterator[Found]:
    facts = site.facts
    if not facts.here or facts.guarded is not False:
        return
    ports = {site.manager.bind.port, HTTP_PORT, HTTPS_PORT, SIP_PORT, SIP_PORT + 1, _IAX_PORT}
    ports |= {where.port for where in (site.manager.tls, site.http, site.https) if where}
    found = {
        f"{each.protocol}/{each.port}"
        for each in facts.listeners
        if each.port in ports and Bind(each.address.address, each.port).reach.beyond
    }
    if found:
        names = ", ".join(sorted(found))
        yield Found(f"{names} can be reached, and amiguard's table is not in the kernel")


_OPTIONS: Final = {
    "live_dangerously": "dialplan functions that read files and run programs are open to AMI and ARI",
    "execincludes": "#exec in a configuration file runs programs",
}
_BOB: Final = "=== manager.conf ===\n[bob]\nsecret = Xo9-fuRr4kJm2Vq8sTz1\n"
_LISTENER: Final = (Listener("tcp", Prefix.of(bytes(4)), 5038),)

RULES: Final = (
    Rule(
        "CFG001",
        HIGH,
        "a file that Asterisk discards",
        "Nothing in it holds, no address list and no log channel: Asterisk goes on with its defaults, or"
        " with what it"
        " had before.",
        "; mend the line, then look into the log after: asterisk -rx 'core reload'",
        (),
        _refused,
        Example("=== logger.conf ===\n[logfiles\nsecurity => security\n"),
        Example("=== logger.conf ===\n[logfiles]\namiguard.json => [json]security,notice,warning\n"),
    ),
    Rule(
        "CFG002",
        MEDIUM,
        "lines that Asterisk passes over",
        "What was meant to keep him out is not there.",
        "; mend the line",
        (),
        _passed_over,
        Example("=== manager.conf ===\n[general]\nenabled\n"),
        Example("=== manager.conf ===\n[general]\nenabled = no\n"),
    ),
    Rule(
        "AMI025",
        HIGH,
        "who may read and write the configuration",
        "Any account on this host, a web application's for one, reads the secrets or writes itself a user.",
        "chown -R asterisk:asterisk /etc/asterisk\nchmod 750 /etc/asterisk; chmod 640 /etc/asterisk/*.conf\n"
        "; asterisk.conf, [options]: execincludes = no",
        (),
        _files,
        Example(
            _BOB,
            Facts(statuses={"manager.conf": Status(0o644, "root", "root")}),
            "manager.conf has the mode 0644",
        ),
        Example(
            _BOB,
            Facts(statuses={"manager.conf": Status(0o640, "asterisk", "asterisk")}),
            "manager.conf has the mode 0640",
        ),
    ),
    Rule(
        "SYS001",
        HIGH,
        "how Asterisk runs",
        "What he can make Asterisk do, he does with all of its rights; known holes need no guessing.",
        "; asterisk.conf, [options]\nlive_dangerously = no\nexecincludes = no\nrunuser = asterisk\n"
        "rungroup = asterisk",
        ("asterisk.conf",),
        _host,
        Example(
            "=== asterisk.conf ===\n[options]\nlive_dangerously = yes\n",
            Facts(version=Version(20, 9, 1)),
            "Asterisk is 20.9.1",
        ),
        Example(
            "=== asterisk.conf ===\n[options]\nrunuser = asterisk\n",
            Facts(version=Version(22, 10, 1)),
            "Asterisk is 22.10.1",
        ),
    ),
    Rule(
        "SYS002",
        MEDIUM,
        "nothing keeps attackers out",
        "He guesses as long and as fast as he likes.",
        "systemctl enable --now amiguard",
        ("manager.conf", "http.conf"),
        _unguarded,
        Example(
            _BOB,
            Facts(here=True, guarded=False, listeners=_LISTENER),
            "the kernel has no table of amiguard's",
        ),
        Example(
            _BOB, Facts(here=True, guarded=True, listeners=_LISTENER), "amiguard's table is in the kernel"
        ),
    ),
)
"""What they find."""
