"""Suspects asleep and awake: which they are, nobody can tell but by the memory they take."""

from __future__ import annotations

import made
from hypothesis import given
from hypothesis import strategies as st
from patience import looked

from amiguard.judge.evidence import RECORDS, Exhibit, unpack
from amiguard.judge.suspects import AWAKE, Suspect, Suspects
from amiguard.model import Prefix

SOURCES = [Prefix.parse(f"10.0.0.{n}") for n in range(4)]
FAR = [Prefix.of(n.to_bytes(4)) for n in range(AWAKE)]

deeds = st.lists(st.tuples(st.sampled_from(SOURCES), st.sampled_from(("fail", "fail", "drop", "sleep"))))


def put_to_sleep(suspects: Suspects) -> None:
    """Who is awake falls asleep when enough others are woken."""
    for source in FAR:
        suspects.meet(source, made.START)
    for source in FAR:
        suspects.drop(source)


@looked(30)
@given(deeds)
def test_whether_somebody_sleeps_makes_no_difference(told: list[tuple[Prefix, str]]) -> None:
    suspects, model = Suspects(), dict[Prefix, Suspect]()
    for n, (source, deed) in enumerate(told):
        if deed == "sleep":
            put_to_sleep(suspects)
        elif deed == "drop":
            gone = model.pop(source, None)
            assert (gone and gone.glimpse()) == suspects.drop(source)
        else:
            for suspect in (
                model.setdefault(source, Suspect(made.START)),
                suspects.get(source) or suspects.meet(source, made.START),
            ):
                suspect.slow_rest += n
                suspect.exhibit(Exhibit(made.event(at=n), 1.0, float(n), proven=False))
    assert {each: suspect.pack() for each, suspect in model.items()} == {
        each: suspects.packed(each) for each in suspects
    }
    assert [suspect.glimpse() for suspect in model.values()] == [suspects.glimpse(each) for each in model]


@looked(20)
@given(deeds)
def test_the_evidence_of_those_asleep_is_counted(told: list[tuple[Prefix, str]]) -> None:
    suspects = Suspects()
    for source, deed in told:
        if deed == "drop":
            suspects.drop(source)
        elif deed == "fail":
            suspect = suspects.get(source) or suspects.meet(source, made.START)
            suspect.exhibit(Exhibit(made.event(), 1.0, 1.0, proven=False))
    put_to_sleep(suspects)
    put_to_sleep(suspects)
    assert suspects.evidence == sum(len(Suspect.unpack(suspects.packed(each)).evidence) for each in suspects)


def test_shedding_takes_the_evidence_of_the_oldest_and_leaves_scores() -> None:
    suspects = Suspects()
    for source in SOURCES:
        suspect = suspects.meet(source, made.START)
        suspect.slow_rest = 3.0
        suspect.exhibit(Exhibit(made.event(), 1.0, 1.0, proven=False))
    put_to_sleep(suspects)
    put_to_sleep(suspects)
    assert SOURCES[:2] == suspects.shed(suspects.evidence // 2)
    kept = [Suspect.unpack(suspects.packed(each)) for each in SOURCES]
    assert [False, False, True, True] == [bool(suspect.evidence) for suspect in kept]
    assert [3.0] * 4 == [suspect.slow for suspect in kept]


@looked(40)
@given(st.lists(st.booleans(), max_size=3 * RECORDS))
def test_the_newest_records_are_the_evidence_however_often_it_is_read(read: list[bool]) -> None:
    suspect = Suspect(made.START)
    exhibits = [Exhibit(made.event(at=n), 1.0, float(n), proven=False) for n, _ in enumerate(read)]
    for exhibit, now in zip(exhibits, read, strict=True):
        suspect.exhibit(exhibit)
        if now:
            suspect = Suspect.unpack(suspect.pack())
    assert exhibits[-RECORDS:] == list(unpack(suspect.evidence))
