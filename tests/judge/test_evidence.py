"""Evidence is packed small, comes out as it went in, and is bounded whatever a peer writes."""

from __future__ import annotations

import struct

import made
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import looked

from amiguard.judge import evidence
from amiguard.judge.evidence import LARGEST, RECORDS, Exhibit
from amiguard.model import Endpoint, Prefix, SecurityEvent
from amiguard.sources.kinds import KINDS

KIB_8 = 8192
text = st.binary(max_size=60).map(lambda value: value.replace(b"\0", b"").replace(b"\x01", b""))
long_text = st.one_of(
    st.binary(max_size=60), st.builds(lambda value, n: value * n, st.binary(), st.integers(0, 3000))
)


@st.composite
def exhibits(draw: st.DrawFn, texts: st.SearchStrategy[bytes]) -> Exhibit:
    kind = draw(st.sampled_from(list(KINDS.values())))
    address = Prefix.of(
        draw(st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)))
    )
    details = tuple(draw(st.one_of(st.none(), texts)) for _ in kind.details)
    event = SecurityEvent(
        kind.name,
        draw(st.floats(0, 1e11)),
        draw(st.sampled_from((b"AMI", b"PJSIP", b"SIP"))),
        *(draw(texts) for _ in range(3)),
        Endpoint(draw(st.sampled_from((b"", b"UDP", b"WSS"))), address, draw(st.integers(0, 65535))),
        details,
        draw(st.booleans()),
    )
    whole = st.integers(0, 2000).map(lambda n: n / 2)
    return Exhibit(event, draw(whole), draw(whole), draw(st.booleans()))


@looked(60)
@given(st.lists(exhibits(text), max_size=RECORDS + 4))
def test_the_newest_come_out_as_they_went_in(told: list[Exhibit]) -> None:
    packed = evidence.without(b"".join(map(evidence.pack, told)), len(told) - RECORDS)
    assert told[-RECORDS:] == list(evidence.unpack(packed))


@looked(60)
@given(st.lists(exhibits(long_text), max_size=RECORDS + 4))
def test_it_is_bounded_and_readable_whatever_is_in_it(told: list[Exhibit]) -> None:
    records = list(map(evidence.pack, told))
    assert all(len(record) <= LARGEST for record in records)
    packed = evidence.without(b"".join(records), len(told) - RECORDS)
    assert len(packed) <= KIB_8
    for exhibit, again in zip(told[-RECORDS:], evidence.unpack(packed), strict=True):
        assert (exhibit.event.kind, exhibit.event.remote) == (again.event.kind, again.event.remote)
        assert (exhibit.event.time, exhibit.proven) == (again.event.time, again.proven)
        assert len(exhibit.event.details) == len(again.event.details)


@pytest.mark.parametrize("value", [b"\0", b"a\0b\0\0", b"\x01"])
def test_a_nul_in_a_value_moves_no_other_value(value: bytes) -> None:
    event = made.event(account=value, Challenge=value, Response=b"0af1")
    (again,) = evidence.unpack(evidence.pack(Exhibit(event, 2.0, 2.0, proven=True)))
    assert (event.session, event.remote) == (again.event.session, again.event.remote)
    assert again.event.details[1] == b"0af1"


def test_it_says_by_what_it_was_told_and_that_it_was_cut() -> None:
    event = made.event(account=b"a" * 3000)
    whole = Exhibit(made.event(), 2.0, 2.0, proven=True, slow=4.0, told="ami")
    (short,) = evidence.unpack(evidence.pack(Exhibit(event, 2.0, 2.0, proven=True, told="notice")))
    assert [whole] == list(evidence.unpack(evidence.pack(whole)))
    assert ("notice", True) == (short.told, short.cut)


def test_records_of_an_older_store_are_read_as_they_were() -> None:
    """They tell neither the slow score nor the channel: 2 points over UDP, the fast score 4."""
    head = struct.pack("<HdffBHB", 0, made.START, 2.0, 4.0, 0, 5060, 4)
    text = b"InvalidAccountID\0PJSIP\x00101\x000x7f\0IPV4/UDP/10.0.0.1/5060\0UDP\0\x01"
    old = struct.pack("<H", len(head) + 4 + len(text)) + head[2:] + bytes((203, 0, 113, 7)) + text
    (first, second) = evidence.unpack(old * 2)
    assert first == second
    assert (b"101", 2.0, 4.0, 0.0, "log") == (
        first.event.account,
        first.points,
        first.score,
        first.slow,
        first.told,
    )
