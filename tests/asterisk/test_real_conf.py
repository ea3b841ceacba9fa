"""Of hostile files and all samples of its packages, Asterisk's own `GetConfig` says what our reader says."""

from __future__ import annotations

import re
import shutil
import socket
from typing import TYPE_CHECKING, Self

import chroots
import pytest
from audited import HOSTILE
from realpbx import AMI_PORT

from amiguard.asterisk.audit.rule import MEDIUM
from amiguard.asterisk.audit.rules import audit
from amiguard.asterisk.files import Files
from amiguard.asterisk.survey import survey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from realsite import Site

    from amiguard.asterisk.sections import Conf

pytestmark = pytest.mark.asterisk

READER = "[reader]\nsecret = reads-configuration\nwrite = config\nread = none\n"
LINE = re.compile(rb"(Category|Line)-\d{6}(?:-\d{6})?: (.*)", re.DOTALL)
Told = list[tuple[bytes, list[bytes]]]


class Manager:
    """The AMI, asked for configuration files; a context manager."""

    def __enter__(self) -> Self:
        self._socket = socket.create_connection(("127.0.0.1", AMI_PORT), 10.0)
        self._file = self._socket.makefile("rb")
        self._file.readline()
        self._send("Action: Login\r\nUsername: reader\r\nSecret: reads-configuration\r\nEvents: off\r\n\r\n")
        assert b"Success" in self._answer()[0]
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def config(self, name: str) -> Told | None:
        """Sections and their lines; None if Asterisk refuses the file, which it also says of an empty one."""
        self._send(f"Action: GetConfig\r\nFilename: {name}\r\n\r\n")
        status, *lines = self._answer()
        return _told(lines) if b"Success" in status else None

    def _send(self, text: str) -> None:
        self._socket.sendall(text.encode())

    def _answer(self) -> list[bytes]:
        """The lines of a response; events stay away."""
        return list(iter(lambda: self._file.readline().removesuffix(b"\r\n"), b""))


def _told(lines: list[bytes]) -> Told:
    found: Told = []
    for match in filter(None, map(LINE.fullmatch, lines)):
        if match[1] == b"Category":
            found.append((match[2], []))
        else:
            found[-1][1].append(match[2])
    return found


def ours(conf: Conf) -> Told:
    """Our sections, without templates, which `GetConfig` does not show."""
    return [
        (each.name.encode("utf-8", "surrogateescape"), [
            f"{v.name}={v.value}".encode("utf-8", "surrogateescape") for v in each.variables
        ])
        for each in conf.sections
        if not each.template
    ]  # fmt: skip


def ask(site: Site, folder: Path) -> dict[str, tuple[Told | None, Told]]:
    """What Asterisk and what we say of every file in its folder that differs."""
    files = Files(str(folder))
    with site.host.inside(), Manager() as manager:
        names = sorted(each.name for each in folder.glob("*.conf"))
        pairs = {name: (manager.config(name), ours(files.conf(name) or pytest.fail(name))) for name in names}
    assert len(pairs) > 50
    return {name: pair for name, pair in pairs.items() if (pair[0] or []) != pair[1]}


EXPECTED = {("LOG001", "high"), ("IAX001", "medium"), ("AMI028", "medium")}
CHAN_SIP = {"16": {("SIP001", "medium")}, "22": set[tuple[str, str]]()}


def test_debians_own_configuration_has_few_findings(release: str) -> None:
    """No AMI user hears security events, no log has them; IAX2 and chan_sip let guests in."""
    found = audit(survey(str(chroots.path(release) / "etc/asterisk")).site)
    expected = EXPECTED | CHAN_SIP[release]
    assert expected == {(each.rule, each.severity.word) for each in found if each.severity >= MEDIUM}


def test_every_file_is_read_as_asterisk_reads_it(open_site: Callable[..., Site]) -> None:
    with open_site({"manager.conf": READER}) as site:
        samples = chroots.path(site.release) / "etc/asterisk"
        shutil.copytree(samples, site.pbx.conf, dirs_exist_ok=True, copy_function=shutil.copyfile)
        for name, data in HOSTILE.items():
            (site.pbx.conf / name).write_bytes(data)
        for each in site.pbx.conf.rglob("*.conf"):
            each.chmod(0o644)
        assert {} == ask(site, site.pbx.conf)
