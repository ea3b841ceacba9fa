"""Each kind of event, in every form and on every service, and what is not an event at all."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import written
from written import Words

from amiguard.model import Prefix, SecurityEvent
from amiguard.sources.kinds import KINDS, SERVICES, EventKind
from amiguard.sources.securitylog import Ambiguous, SecurityLog

if TYPE_CHECKING:
    from collections.abc import Callable

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
each_service = pytest.mark.parametrize("service", [name.encode() for name in SERVICES])
each_form = pytest.mark.parametrize("form", [written.classic, written.as_json], ids=["classic", "json"])


def read(line: bytes) -> list[SecurityEvent | Ambiguous]:
    return list(SecurityLog(skip_challenges=False).feed(line, written.NOON))


def only(line: bytes) -> SecurityEvent:
    (event,) = read(line)
    assert isinstance(event, SecurityEvent)
    return event


def is_ambiguous(line: bytes) -> bool:
    """Whether the line, read as the first of its file, is told as ambiguous and nothing else."""
    outcomes = read(line)
    return bool(outcomes) and all(isinstance(outcome, Ambiguous) for outcome in outcomes)


def everything(kind: EventKind) -> dict[str, bytes]:
    """A value for each field that may follow the addresses."""
    return {name: b"%d" % n for n, name in enumerate(kind.required + kind.optional)}


def test_asterisk_has_fifteen_kinds() -> None:
    assert len(KINDS) == 15


@each_form
@each_service
@each_kind
def test_all_fields_are_read(kind: EventKind, service: bytes, form: Callable[[bytes], bytes]) -> None:
    details = everything(kind)
    words = Words(service=service)
    event = only(form(written.record(kind.name, words, **details)))
    account = words.account if kind.account_in_head else details["AccountID"]
    assert (kind.name, service, account) == (event.kind, event.service, event.account)
    assert (words.session, words.local, written.NOON) == (event.session, event.local, event.time)
    assert (b"UDP", Prefix.parse("203.0.113.7"), 5061) == tuple(event.remote)
    assert tuple(details[name] for name in kind.details) == event.details
    assert not event.tampered


@each_form
@each_kind
def test_any_of_the_optional_fields_may_be_missing(kind: EventKind, form: Callable[[bytes], bytes]) -> None:
    for count in range(len(kind.optional) + 1):
        for present in itertools.combinations(kind.optional, count):
            details = {name: value for name, value in everything(kind).items() if name in present}
            event = only(form(written.record(kind.name, **details)))
            expected = dict.fromkeys(kind.required, b"1") | details
            assert tuple(map(expected.get, kind.details)) == event.details


@each_kind
def test_json_and_classic_give_equal_events(kind: EventKind) -> None:
    record = written.record(kind.name, **everything(kind))
    assert only(written.classic(record)) == only(written.as_json(record))


@each_form
@pytest.mark.parametrize(
    ("remote", "transport", "address", "port"),
    [
        (b"IPV4/UDP/203.0.113.7/5061", b"UDP", "203.0.113.7", 5061),
        (b"IPV4/WSS/203.0.113.7/65535", b"WSS", "203.0.113.7", 65535),
        (b"IPV4/203.0.113.7/0", b"", "203.0.113.7", 0),
        (b"IPV6/TLS/2001:db8::66/5061", b"TLS", "2001:db8::66", 5061),
        (b"IPV6/TCP/fe80::1%eth0/5060", b"TCP", "fe80::1", 5060),
        (b"IPV6/UDP/fe80::1%br-lan.100/5060", b"UDP", "fe80::1", 5060),
        (b"IPV6/UDP/::ffff:203.0.113.7/5060", b"UDP", "203.0.113.7", 5060),
        (b"IPV6/WS/::/1", b"WS", "::", 1),
    ],
)
@each_kind
def test_every_spelling_of_an_address_is_read(
    kind: EventKind, form: Callable[[bytes], bytes], remote: bytes, transport: bytes, address: str, port: int
) -> None:
    event = only(form(written.record(kind.name, Words(remote=remote))))
    assert (transport, Prefix.parse(address), port) == tuple(event.remote)


@each_form
@pytest.mark.parametrize(
    ("eventtv", "time"),
    [
        (b"2026-11-21T22:21:39.487+0000", written.NOON),
        (b"2026-11-21T23:21:39.487+0100", written.NOON),
        (b"2026-11-21T16:51:39.487-0530", written.NOON),
        (b"1379444180-215558", 1_379_444_180.215558),
        (b"1379444180-5", 1_379_444_180.000005),
    ],
)
def test_an_eventtv_is_read_as_asterisk_11_and_later_write_it(
    form: Callable[[bytes], bytes], eventtv: bytes, time: float
) -> None:
    assert time == only(form(written.record("InvalidPassword", Words(eventtv=eventtv)))).time


@each_form
@pytest.mark.parametrize(
    "eventtv",
    [
        b"2026-13-21T22:21:39.487+0000",
        b"2026-11-21T22:21:39.487+9900",
        b"2026-11-21T22:21:39.487.1234",  # no offset: whose local time?
        b"0001-01-01T00:00:00.487.1234",
        b"999999999999-000000",
        b"+-.:0123456789T",
        b"",
    ],
)
def test_what_is_no_time_is_ambiguous(form: Callable[[bytes], bytes], eventtv: bytes) -> None:
    assert is_ambiguous(form(written.record("InvalidPassword", Words(eventtv=eventtv))))


@each_form
@pytest.mark.parametrize(
    "remote",
    [
        b"IPV4/UDP/203.0.113.256/5061",
        b"IPV4/UDP/203.0.113/5061",
        b"IPV4/SCTP/203.0.113.7/5061",
        b"IPV5/UDP/203.0.113.7/5061",
        b"IPV6/UDP/[2001:db8::66]/5061",
        b"IPV6/UDP/2001:db8:::66/5061",
        b"IPV4/UDP/203.0.113.7",
        b"IPV4/UDP/203.0.113.7/65536",
        b"IPV4/UDP/203.0.113.7/-1",
        b"IPV4/UDP/203.0.113.7/5061 ",
        b"",
    ],
)
def test_what_is_no_address_is_ambiguous(form: Callable[[bytes], bytes], remote: bytes) -> None:
    assert is_ambiguous(form(written.record("InvalidPassword", Words(remote=remote))))


Pairs = list[tuple[str, bytes]]


def damaged(kind: EventKind) -> dict[str, Pairs]:
    """Records that are no events of their kind, by what is wrong with them."""
    pairs = written.fields(kind.name, written.HONEST, everything(kind))
    names = [name for name, _ in pairs]
    wrong = {
        "unknown event": [("SecurityEvent", b"Nonsense"), *pairs[1:]],
        "wrong version": swap(pairs, "EventVersion", b"9"),
        "wrong severity": swap(pairs, "Severity", b"Fatal"),
        "unknown service": swap(pairs, "Service", b"IAX2"),
        "unknown field at the end": [*pairs, ("Mood", b"bad")],
        "unknown field in the head": [*pairs[:5], ("Mood", b"bad"), *pairs[5:]],
    }
    for at, name in enumerate(names):
        wrong[f"{name} twice"] = [*pairs[: at + 1], *pairs[at:]]
        if name not in kind.optional:
            wrong[f"no {name}"] = pairs[:at] + pairs[at + 1 :]
        if at:
            wrong[f"{name} too early"] = [*pairs[: at - 1], pairs[at], pairs[at - 1], *pairs[at + 1 :]]
    return wrong


def swap(pairs: Pairs, name: str, value: bytes) -> Pairs:
    return [(each, value if each == name else old) for each, old in pairs]


@each_kind
def test_a_damaged_record_is_ambiguous(kind: EventKind) -> None:
    taken = {
        what
        for what, pairs in damaged(kind).items()
        if not is_ambiguous(written.classic(written.message(pairs)))
    }
    assert taken == set()


@each_kind
def test_a_damaged_record_in_json_is_ambiguous_or_tampered_with_by_its_source(kind: EventKind) -> None:
    """There a doubled field is what a quote in a value looks like; the source is known even so."""
    for what, pairs in damaged(kind).items():
        for outcome in read(written.as_json(written.message(pairs))):
            if isinstance(outcome, SecurityEvent):
                assert outcome.tampered, what
                assert Prefix.parse("203.0.113.7") == outcome.remote.address, what


@each_kind
def test_a_field_that_a_later_asterisk_adds_is_no_tampering(kind: EventKind) -> None:
    """An honest phone's every log-in would bring it; only behind a peer's own words it cannot be told."""
    pairs = written.fields(kind.name, written.HONEST, everything(kind))
    told = is_ambiguous(written.as_json(written.message([*pairs, ("Mood", b"bad")])))
    assert told == (pairs[-1][0] not in {"ReceivedHash", "RequestParams"})


@each_form
@pytest.mark.parametrize("service", [b"AMI", b"SIP"])
def test_ami_and_chan_sip_name_sessions_by_their_place_in_memory(
    service: bytes, form: Callable[[bytes], bytes]
) -> None:
    assert is_ambiguous(form(written.record("InvalidPassword", Words(service=service, session=b"x@y"))))


def test_records_of_other_levels_are_passed_over() -> None:
    line = b"[Nov 21 22:21:39] NOTICE[1][C-00000001] chan_sip.c: Registration from 'x' failed\n"
    banner = b"[Nov 21 22:21:39] Asterisk 22.10.0 built by root @ pbx on a x86_64 running Linux\n"
    assert read(banner + line) == []
