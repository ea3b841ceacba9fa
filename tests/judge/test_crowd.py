"""Who leaves a full table: the unproven first, the lowest score first; nothing grows without end."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import made
from hypothesis import given
from hypothesis import strategies as st
from patience import looked

from amiguard import config
from amiguard.judge import scorer as scoring
from amiguard.judge.crowd import Crowd
from amiguard.judge.scorer import Scorer
from amiguard.judge.suspects import AWAKE, Suspect
from amiguard.model import Offence, Prefix

if TYPE_CHECKING:
    import pytest

LIMIT = 6
SOURCES = [Prefix.parse(f"10.0.0.{n}") for n in range(20)]
SCORE = replace(config.parse("", "defaults").score, max_sources=LIMIT)

Steps = list[tuple[Prefix, float, float, bool]]
steps = st.lists(
    st.tuples(st.sampled_from(SOURCES), st.floats(0, 3600), st.floats(0.5, 4.0), st.booleans()),
    max_size=60,
)


class Model:
    """The table by the book: all scores in a dict, all of it searched each time."""

    def __init__(self) -> None:
        self.slow: dict[Prefix, tuple[float, bool]] = {}
        self.time = 0.0

    def add(self, source: Prefix, passed: float, points: float, *, proven: bool) -> None:
        self.time += passed
        decay = math.exp2(-passed / SCORE.slow.half_life)
        self.slow = {each: (slow * decay, sure) for each, (slow, sure) in self.slow.items()}
        slow, sure = self.slow.get(source, (0.0, False))
        self.slow[source] = (slow + points, sure or proven)
        while self._crowded():
            del self.slow[self._least(but=source)]

    def _crowded(self) -> bool:
        return len(self.slow) > LIMIT or self._unproven() > LIMIT // 2

    def _unproven(self) -> int:
        return sum(not sure for _, sure in self.slow.values())

    def _least(self, but: Prefix) -> Prefix:
        others = [(sure, slow, each) for each, (slow, sure) in self.slow.items() if each != but]
        return min(others)[2]


@looked(100)
@given(steps)
def test_the_table_holds_whom_a_search_of_all_would_keep(
    told: Steps,
) -> None:
    scorer, model = Scorer(SCORE), Model()
    for source, passed, points, proven in told:
        model.add(source, passed, points, proven=proven)
        event = made.event(at=model.time)
        scorer.add(source, event.time, points, event, proven=proven)
        held = {each for each in SOURCES if scorer.get(each)}
        if _tied(model):
            return  # among equals either may go
        assert set(model.slow) == held


def _tied(model: Model) -> bool:
    slow = sorted(slow for slow, _ in model.slow.values())
    return any(math.isclose(a, b, rel_tol=1e-9) for a, b in itertools.pairwise(slow))


def packed(scorer: Scorer) -> dict[Prefix, bytes]:
    return {each: suspect.pack() for each in SOURCES if (suspect := scorer.get(each))}


@looked(100)
@given(steps, st.lists(st.sampled_from(SOURCES), max_size=10), st.floats(-7200, 7200))
def test_the_limits_hold_whatever_is_forgotten_spent_shifted_or_restored(
    told: Steps, gone: list[Prefix], shift: float
) -> None:
    scorer, time = Scorer(SCORE), made.START
    for n, (source, passed, points, proven) in enumerate(told):
        time += passed
        offence = scorer.add(source, time, points, made.event(), proven=proven)
        if offence:
            scorer.spend(offence)
        if n < len(gone):
            scorer.forget(gone[n])
        elif n == len(gone):
            scorer.shift(shift)
            time += shift
            before = packed(scorer)
            scorer = Scorer(SCORE)
            for each, state in before.items():
                scorer.restore(each, state)
            assert before == packed(scorer)
        held = [suspect for each in SOURCES if (suspect := scorer.get(each))]
        assert len(scorer) == len(held) <= LIMIT
        assert sum(not suspect.proven for suspect in held) <= LIMIT // 2


def test_a_flood_of_forged_sources_evicts_nobody_proven() -> None:
    scorer = Scorer(SCORE)
    proven = SOURCES[:3]
    for source in proven:
        scorer.add(source, made.START, 1.0, made.event(), proven=True)
    for n in range(5000):
        scorer.add(Prefix.parse(f"10.1.{n >> 8}.{n & 255}"), made.START + n, 4.0, made.event(), proven=False)
    assert all(scorer.get(source) for source in proven)
    assert len(scorer) == 6


def test_what_has_been_spent_leaves_the_proven_part() -> None:
    scorer = Scorer(SCORE)
    for proven in (True, False):
        scorer.add(SOURCES[0], made.START, 4.0, made.event(), proven=proven)
    scorer.spend(Offence(SOURCES[0], made.START, 8.0, "unproven", "fast"))
    assert scorer.scores(SOURCES[0], made.START) == (4.0, 4.0)
    scorer.spend(Offence(SOURCES[0], made.START, 8.0, "proven", "fast"))
    assert scorer.get(SOURCES[0]) is None


def test_all_evidence_together_stays_within_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest suspects' stays."""
    monkeypatch.setattr(scoring, "EVIDENCE_BYTES", 100_000)
    scorer = Scorer(replace(SCORE, max_sources=100_000))
    event = made.event(session=b"C" * 500)
    for n in range(4 * AWAKE):
        scorer.add(Prefix.of(n.to_bytes(4)), made.START + n, 0.1, event, proven=True)
        assert scorer._suspects.evidence <= 100_000
    states = [Suspect.unpack(scorer.state(each, whole=True) or b"") for each in scorer]
    assert sum(len(suspect.evidence) for suspect in states[:-AWAKE]) <= 100_000
    assert (b"", True) == (states[0].evidence, bool(states[-1].evidence))


def test_a_suspect_unpacks_to_what_was_packed() -> None:
    scorer = Scorer(SCORE)
    for n in range(20):
        scorer.add(SOURCES[0], made.START + n, 0.1, made.event(at=n), proven=bool(n % 2))
    suspect = scorer.get(SOURCES[0])
    assert suspect
    again = Suspect.unpack(suspect.pack())
    assert suspect.pack() == again.pack()
    assert (suspect.at, suspect.fast, suspect.evidence) == (again.at, again.fast, again.evidence)


def test_however_many_have_failed_again_few_are_ranked_anew_at_once() -> None:
    crowd, asked = Crowd(2000), list[Prefix]()

    def standing(source: Prefix) -> tuple[float, bool]:
        asked.append(source)
        return 1.0 + int.from_bytes(source.network), True

    for n in range(2001):
        crowd.join(Prefix.of(n.to_bytes(4)), 0.0, proven=True)
    first = crowd.victim(standing, Prefix.of((2000).to_bytes(4)))
    assert Prefix.of((0).to_bytes(4)) == first
    assert len(asked) <= 256
    crowd.leave(proven=True)
    assert crowd.victim(standing, Prefix.of((2000).to_bytes(4))) is None
