"""Pure: installations for the tests of `audit`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from amiguard.asterisk.audit.facts import Facts
from amiguard.asterisk.audit.rules import audit
from amiguard.asterisk.audit.site import Site
from amiguard.asterisk.conf import ConfError, load

if TYPE_CHECKING:
    from amiguard.asterisk.audit.rule import Finding
    from amiguard.asterisk.sections import Conf, Note

SECRET = "Xo9-fuRr4kJm2Vq8sTz1"
"""A good one, which no output may show."""


def files_of(text: str) -> dict[str, str]:
    """The files of a text, each after its ``=== NAME ===``."""
    _, *parts = re.split(r"^=== (.*) ===\n", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def site_of(text: str, facts: Facts | None = None) -> Site:
    """The installation of these files; an `#include` finds them by name."""
    files = {name: body.encode() for name, body in files_of(text).items()}
    confs: dict[str, Conf] = {}
    refused: list[Note] = []
    for name in files:
        try:
            confs[name] = load(name, lambda wanted: [(wanted, files[wanted])] if wanted in files else [])
        except ConfError as error:
            refused += filter(None, [error.note])
    return Site(confs, facts or Facts(), refused=tuple(refused))


def findings(text: str, facts: Facts | None = None) -> list[Finding]:
    """What all rules find."""
    return audit(site_of(text, facts))


def ids(text: str, facts: Facts | None = None, at_least: int = 0) -> set[str]:
    """The rules that find something of that severity or worse."""
    return {each.rule for each in findings(text, facts) if each.severity >= at_least}


HOSTILE = {
    f"hostile{number}.conf": data
    for number, data in enumerate(
        (
            b"\xef\xbb\xbf[a]\nk=v;w\nk2=v\\;w ; x\nk3 => a => b\n\\k4 = 1\n",
            b"[a]\nk=1\n;-- x\nk=2\n;-- nested --;\nk=3\n--;k=4\nk=5 ;--x--; 6\n;--- plain\nk=7\n",
            b"[t](!)\nx=1\n[u](!,t)\ny=2\n[a](u,t)\nz=3\n[A](+)\nw=4\n[a](+)\nv=5\n",
            b"[a]\nk=1\nk+=2\nK += 3\nnew += 4\n",
            b"[a]\nk=1\n[broken\nz=2\n",
            b"k=1\n[a]\n",
            b"[a](nowhere)\nk=1\n",
            b"[a]\nk=1\n#include hostile_none.conf\n",
            b"[a]\nk=1\n#tryinclude hostile_none.conf\nz=2\n",
            b"[a]\nk=1\n#include <hostile0.conf>\nz=2\n",
            b'[a]\nk=1\n#include "hostile4.conf"\nz=2\n',
            b"[a]\nk=1\n#tryinclude hostile11.conf\nz=2\n",
            b"[a]\nk=" + b"v" * 8185 + b"\nl=" + b"w" * 8300 + b"\nz=2\n",
            b"[a]\nk = \xe9\xff\n[\xc4]\nq=\x01\x02\n",
            b"[" + b"n" * 90 + b"]\nk=1\n",
            b"[a]\n#exec /bin/echo x=1\nk=2\nno equals sign\n= nameless\n",
            b"[a]\r\nk = v \r\n[b] (!)\r\nk=\r\n",
            b"[a]\nk=1\n;-- never closed\nz=2\n",
            b"[secret]\nsecret = a;b\nSecret = c\\;d\n[SECRET]\nsecret=\n",
        )
    )
}
"""Files that try a reader; some of them Asterisk refuses."""
