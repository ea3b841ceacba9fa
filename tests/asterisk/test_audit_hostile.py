"""Whatever stands in the files, every rule comes to an end, and nothing of it reaches a terminal."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from audited import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from amiguard.asterisk.audit import telling
from amiguard.asterisk.audit.certificate import certificate
from amiguard.asterisk.audit.report import rows, text
from amiguard.asterisk.audit.rules import audit
from amiguard.asterisk.audit.site import FILES, Site
from amiguard.asterisk.conf import ConfError, load
from amiguard.views import document

if TYPE_CHECKING:
    from amiguard.asterisk.sections import Conf

KEYS = (
    *("enabled", "bindaddr", "bindport", "port", "secret", "read", "write", "permit", "deny", "acl", "type"),
    *(
        "webenabled",
        "tlsenable",
        "tlsbindaddr",
        "tlscertfile",
        "tlsprivatekey",
        "authlimit",
        "disabledevents",
    ),
    *(
        "eventfilter",
        "exten",
        "same",
        "include",
        "context",
        "auth",
        "password",
        "identify_by",
        "match",
        "bind",
    ),
    *("endpoint", "insecure", "host", "allowguest", "register", "authdebug", "hasmanager", "dateformat"),
    *("live_dangerously", "astctlpermissions", "runuser", "logger_queue_limit", "security", "load", "noload"),
)
SECTIONS = (
    "general",
    "options",
    "files",
    "directories",
    "logfiles",
    "modules",
    "settings",
    "bob",
    "BOB",
    "101",
)
WORDS = (
    *(
        "yes",
        "no",
        "all",
        "call,,",
        "0.0.0.0/0",
        "::/0",
        "127.0.0.1:99999",
        "[::",
        "1.2.3.4/",
        "!",
        "endpoint",
    ),
    *("_X.,1,Dial(PJSIP/${EXTEN}@x)", "n,System(${EXTEN}", "_[,1,", "${FILTER(", "user", "auth", "identify"),
    *("9" * 5000, "\u0663", "\x1b[2J", "a:b:c", "%eth0", "fe80::1%", "0x", "-1", "\x00", "101"),
)
VALUE = st.one_of(
    st.sampled_from(WORDS), st.text(max_size=12), st.lists(st.sampled_from(WORDS)).map(",".join)
)
LINE = st.one_of(
    st.tuples(st.sampled_from(KEYS), VALUE).map(" = ".join),
    st.sampled_from(SECTIONS).map("[{}]".format),
    st.sampled_from(("#exec /bin/x", "[t](!)", "[u](t)", "[general](+)", ";--", "--;", "x")),
)
BODY = st.lists(LINE, max_size=12).map(
    lambda lines: "\n".join(["[general]", *lines]).encode("utf-8", "replace")
)


def read(data: bytes) -> Conf | None:
    try:
        return load("x", lambda _: [("x", data)])
    except ConfError:
        return None


@given(st.dictionaries(st.sampled_from(FILES), BODY | st.sampled_from(sorted(HOSTILE.values()))))
def test_any_installation_is_audited(bodies: dict[str, bytes]) -> None:
    confs = {name: conf for name, data in bodies.items() if (conf := read(data))}
    found = audit(Site(confs))
    assert all(line.isprintable() for line in text(found))
    assert document({"findings": rows(found)}).isascii()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_certificate_or_none(data: bytes) -> None:
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(data) + b"\n-----END CERTIFICATE-----\n"
    with pytest.raises(ValueError, match="a malformed certificate"):
        certificate(pem)


@given(st.text())
def test_any_text_of_the_machine_is_read(said: str) -> None:
    assert [] == [each for each in telling.listeners(said, "tcp") if each.protocol != "tcp"]
    assert telling.version(f"Asterisk {said}") is None or said
    assert isinstance(telling.users(said), list)
    assert isinstance(telling.connected(said), frozenset)
    assert telling.rights(said) is None or "perm" in said
