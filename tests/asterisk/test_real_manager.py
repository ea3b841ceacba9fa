"""Who may log in to a real AMI, and with which classes, is what we read out of manager.conf."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import chroots
import pytest
from realpbx import AMI_PORT

from amiguard.asterisk import machine
from amiguard.asterisk.audit import telling
from amiguard.asterisk.audit.facts import Facts
from amiguard.asterisk.audit.manager import Manager, manager
from amiguard.asterisk.audit.rules import audit
from amiguard.asterisk.audit.site import Site as Installation
from amiguard.asterisk.console import Console
from amiguard.asterisk.files import Files
from amiguard.asterisk.sections import Conf

if TYPE_CHECKING:
    from collections.abc import Callable

    from realsite import Site

pytestmark = pytest.mark.asterisk

LISTS = (
    "",
    "deny = 0.0.0.0/0",
    "deny = 0.0.0.0/0\ndeny = ::/0\npermit = 127.0.0.1/32",
    "deny = ::/0\npermit = ::1",
    "permit = 127.0.0.1",
    "deny = 0.0.0.0/0,!127.0.0.1",
    "deny = 127.0.0.0/255.0.0.0\npermit = 0.0.0.0/0",
    "permit = 0.0.0.0/0\ndeny = 127.0.0.1/8",
    "deny = 0.0.0.0/0\npermit = 127.0.0.1/255.255.255.0,10.0.0.0/8",
    "deny = 0.0.0.0/0\npermit = 127.0.0.1/255.255.255.0, 10.0.0.0/8",
    "deny = 0.0.0.0/0\npermit = 127.0.0.1 /32",
    "deny = 127.1",
    "deny = 0x7f.1",
    "deny = 127.0.0.1/24junk",
    "deny = 127.0.0.1/33",
    "deny = somebody.example",
    "deny = ::ffff:127.0.0.1",
    "deny = [::1]",
    "acl = nowhere",
    "acl = closed",
    "acl = open",
    "permit = 127.0.0.1\nacl = closed",
    "acl = open,closed",
)
CLASSES = (
    *("system,", "co,call", "system, security", "system,,call", "System,Call", "", "none", "a,call", "all"),
    *(",", "call,,", "call,co", "systemx,call", "c", "call,all", ",call", "originate,agi,none"),
)
NAMED = "[closed]\ndeny = 0.0.0.0/0\ndeny = ::/0\n[open]\npermit = 0.0.0.0/0\n"


Attempt = tuple[str, str]
"""Address and user."""


def log_in(attempts: list[Attempt]) -> dict[Attempt, bool]:
    """Whether each may; all at once, for Asterisk sleeps a second over each that it refuses."""
    with contextlib.ExitStack() as stack:
        answers = []
        for host, user in attempts:
            ami = stack.enter_context(socket.create_connection((host, AMI_PORT), 10.0))
            answers.append(stack.enter_context(ami.makefile("rb")))
            ami.sendall(f"Action: Login\r\nUsername: {user}\r\nSecret: x\r\nEvents: off\r\n\r\n".encode())
        told = [answer.readline() + answer.readline() for answer in answers]
    return {each: b"Success" in line for each, line in zip(attempts, told, strict=True)}


def read(site: Site) -> Manager:
    files = Files(str(site.pbx.conf))
    return manager(files.conf("manager.conf") or Conf(()), files.conf("acl.conf") or Conf(()))


def test_who_may_log_in_is_who_we_say(open_site: Callable[..., Site]) -> None:
    users = "".join(
        f"[user{n}]\nsecret = x\nread = call\ndisplayconnects = no\n{each}\n" for n, each in enumerate(LISTS)
    )
    with open_site({"manager.conf": users, "acl.conf": NAMED}) as site:
        users_read = {user.name: user for user in read(site).users}
        asked = [(host, f"user{n}") for n in range(len(LISTS)) for host in ("127.0.0.1", "::1")]
        expected = {
            (host, name): users_read[name].can_log_in and users_read[name].acl.admits(host)
            for host, name in asked
        }
        with site.host.inside():
            assert expected == log_in(asked)


def test_classes_are_those_that_asterisk_shows(open_site: Callable[..., Site]) -> None:
    users = "".join(
        f"[user{n}]\nsecret = x\nread = {each}\nwrite = {each}\n" for n, each in enumerate(CLASSES)
    )
    with open_site({"manager.conf": users}) as site:
        shown = telling.users(site.pbx.cli("manager show users"))
        known = {user.name: user for user in read(site).users}
        assert set(known) == set(shown)
        for name, user in known.items():
            told = telling.rights(site.pbx.cli(f"manager show user {name}"))
            assert (user.classes("read"), user.classes("write")) == told, name


def test_classes_that_a_reload_leaves_are_found(open_site: Callable[..., Site]) -> None:
    with open_site({"manager.conf": "[bob]\nsecret = x\nread = call\nwrite = system\n"}) as site:
        console = Console(str(site.pbx.folder / "run/asterisk.ctl"))
        version = telling.version(f"Asterisk {console.banner().rpartition('/')[2]}")
        assert version is not None
        assert chroots.version(site.release) == str(version)
        confs = {"manager.conf": Files(str(site.pbx.conf)).conf("manager.conf") or Conf(())}
        assert [] == _unlike(confs, console)
        site.pbx.rewrite("manager.conf", "[bob]\nsecret = x\nread = call\n")
        console.ask("manager reload")
        confs = {"manager.conf": Files(str(site.pbx.conf)).conf("manager.conf") or Conf(())}
        assert ["the running Asterisk has [bob] with read = call and write = system"] == _unlike(
            confs, console
        )


def _unlike(confs: dict[str, Conf], console: Console) -> list[str]:
    found = audit(Installation(confs, Facts(running=machine.running(console))))
    return [each.text for each in found if each.rule == "AMI023"]


def test_sections_of_one_name_are_one_user_with_the_last_list(open_site: Callable[..., Site]) -> None:
    twice = "[bob]\nsecret = x\nread = call\ndeny = 0.0.0.0/0\ndeny = ::/0\n[BOB]\nwrite = reporting\n"
    with open_site({"manager.conf": twice}) as site, site.host.inside():
        bob_here = ("127.0.0.1", "bob")
        assert {bob_here: True} == log_in([bob_here])
        (bob,) = (user for user in read(site).users if user.name == "bob")
        assert (frozenset({"call"}), frozenset({"reporting"})) == (bob.classes("read"), bob.classes("write"))
        assert not bob.acl.exists
