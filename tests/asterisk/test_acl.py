"""Address lists decide as main/acl.c does: the last rule that fits, and whom none fits may come in."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiguard.asterisk.audit.acl import Acl, acl, address
from amiguard.asterisk.audit.binding import Bind, bind, live
from amiguard.asterisk.audit.facts import Listener
from amiguard.asterisk.conf import load
from amiguard.asterisk.sections import Variable
from amiguard.model import Prefix

NAMED = load("acl.conf", lambda _: [("acl.conf", b"[shut]\ndeny=0.0.0.0/0\n[Open]\npermit=0.0.0.0/0\n")])


def read(*lines: str) -> Acl:
    pairs = (line.split("=", 1) for line in lines)
    return acl([Variable(key, value, "x", n) for n, (key, value) in enumerate(pairs, 1)], NAMED)


@pytest.mark.parametrize(
    ("lines", "inside", "outside"),
    [
        ([], ["203.0.113.1", "::1"], []),
        (["permit=127.0.0.1"], ["203.0.113.1"], []),
        (["deny=0.0.0.0/0"], ["2001:db8::1"], ["203.0.113.1", "::ffff:203.0.113.1"]),
        (["deny=0.0.0.0/0", "permit=10.0.0.0/8"], ["10.9.8.7"], ["11.0.0.1"]),
        (["permit=10.0.0.0/8", "deny=0.0.0.0/0"], [], ["10.9.8.7"]),
        (["deny=0.0.0.0/0,!10.9.8.7"], ["10.9.8.7"], ["10.9.8.8"]),
        (["deny=0.0.0.0/0.0.0.0", "permit=10.0.8.7/255.0.255.255"], ["10.77.8.7"], ["10.77.8.8"]),
        (["deny=::/0"], ["10.9.8.7"], ["::1"]),
        (["deny=::ffff:10.9.8.7"], ["10.9.8.8"], ["10.9.8.7"]),
        (["acl=shut", "permit=0.0.0.0/0"], [], ["10.9.8.7"]),
        (["acl=open, SHUT"], [], ["10.9.8.7"]),
        (["acl=open"], ["10.9.8.7"], []),
        (["acl=missing"], [], ["10.9.8.7"]),
        (["deny=10.0.0.0/8, 11.0.0.0/8"], [], ["1.1.1.1"]),
        (["permit=host.example"], [], ["1.1.1.1"]),
        (["permit=10.0.0.0/::"], [], ["1.1.1.1"]),
    ],
)
def test_who_gets_in(lines: list[str], inside: list[str], outside: list[str]) -> None:
    found = read(*lines)
    assert inside == list(filter(found.admits, [*inside, *outside]))


def test_what_is_wrong_is_told_apart() -> None:
    assert read("deny=x").broken
    assert read("acl=x").missing
    assert not read().exists
    assert [1, 2] == [line.line for line in read("deny=0.0.0.0/0", "permit=::1,10.0.0.1").lines]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["deny=0.0.0.0/0", "permit=127.0.0.1"], []),
        (["deny=192.0.2.1", "permit=0.0.0.0/0"], [(1, 2)]),
        (["permit=192.0.2.1", "deny=0.0.0.0/0"], [(1, 2)]),
        (["permit=192.0.2.1", "deny=0.0.0.0/0", "permit=192.0.2.0/24"], []),
        (["deny=192.0.2.1", "permit=::/0"], []),
        (["deny=192.0.2.0/24", "permit=192.0.2.0/25"], []),
    ],
)
def test_a_rule_that_decides_nothing_is_found(lines: list[str], expected: list[tuple[int, int]]) -> None:
    assert expected == [(rung.variable.line, over.variable.line) for rung, over in read(*lines).shadowed()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("010.1", "8.0.0.1"),
        ("127", "0.0.0.127"),
        ("1.2.772", "1.2.3.4"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_may_be_written_as_of_old(text: str, expected: str) -> None:
    found = ipaddress.ip_address(expected)
    assert (int(found), found.version) == address(text)


NO_ADDRESS = ("", "x", "1.2.3.256", "256.1", "1.2.3.4.5", "4294967296", "1..2", "08", "1 .2")


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        address(text)


RULE = st.tuples(st.sampled_from(["permit", "deny"]), st.ip_addresses(v=4), st.integers(0, 32))


@given(st.ip_addresses(v=4), st.lists(RULE, max_size=6))
def test_the_last_rule_that_fits_decides(
    who: ipaddress.IPv4Address, rules: list[tuple[str, ipaddress.IPv4Address, int]]
) -> None:
    fitting = [
        key for key, base, length in rules if who in ipaddress.ip_network(f"{base}/{length}", strict=False)
    ]
    lines = [f"{key}={base}/{length}" for key, base, length in rules]
    assert (["permit", *fitting][-1] == "permit") == read(*lines).admits(str(who))


@pytest.mark.parametrize(
    ("text", "shown", "versions", "public"),
    [
        ("0.0.0.0", "0.0.0.0:5038", {4}, True),
        ("[::]:5039", "[::]:5039", {4, 6}, True),
        ("::", "[::]:5038", {4, 6}, True),
        ("127.0.0.1:1", "127.0.0.1:1", set(), False),
        ("::1", "[::1]:5038", set(), False),
        ("localhost", "localhost:5038", set(), False),
        ("192.168.1.2", "192.168.1.2:5038", {4}, False),
        ("8.8.8.8", "8.8.8.8:5038", {4}, True),
        ("fd00::1", "[fd00::1]:5038", {6}, False),
        ("pbx.example", "pbx.example:5038", {4, 6}, True),
        ("[::", "[[::]:5038", {4, 6}, True),
    ],
)
def test_where_a_service_listens(text: str, shown: str, versions: set[int], public: bool) -> None:
    found = bind(Variable("bindaddr", text, "x", 1), "", 5038)
    assert shown == str(found)
    assert (versions, public) == (set(found.reach.versions), found.reach.public)


def test_what_listens_now_counts_by_port_and_protocol() -> None:
    found = [Listener("tcp", Prefix.parse("0.0.0.0"), 5038), Listener("udp", Prefix.parse("::"), 5038)]
    assert {4} == live(found, 5038).versions
    assert {4, 6} == live(found, 5038, "udp").versions
    assert not live(found, 5039).beyond
    assert Bind("::1", 1).reach.versions == live([], 1).versions
