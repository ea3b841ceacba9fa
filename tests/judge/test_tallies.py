"""What fails is counted by the hour, and nothing that a sender writes is in the key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from made import ATTACKER, START, event, guard, login

from amiguard.judge.tallies import HOUR, Tallies, Tally

KINDS = ("ChallengeResponseFailed", "InvalidPassword")
FIRST = int(START // HOUR)


def test_failures_are_counted_by_hour_kind_service_transport_and_proof() -> None:
    judge = guard()
    events = (
        event(at=0),
        event(at=1, account=b"102", session=b"another", port=7),
        event(at=2, transport=b"TLS"),
        event("InvalidAccountID", at=HOUR, service=b"AMI", transport=b"TCP"),
    )
    for each in events:
        judge.observe(each, each.time)
    assert {
        Tally(FIRST, "ChallengeResponseFailed", "PJSIP", "UDP", "unproven", 2),
        Tally(FIRST, "ChallengeResponseFailed", "PJSIP", "TLS", "proven", 1),
        Tally(FIRST + 1, "InvalidAccountID", "AMI", "TCP", "proven", 1),
    } == set(judge.tallies.take())
    assert [] == judge.tallies.take()


def test_what_is_worth_nothing_and_what_comes_while_banned_is_not_counted() -> None:
    judge = guard()
    harmless = (login(0, "192.0.2.1"), event("ChallengeSent", 1, "192.0.2.1", account=b"101"))
    fatal = [event(at=2 + n, transport=b"TCP") for n in range(9)]
    for each in (*harmless, *fatal):
        judge.observe(each, each.time)
    assert [5] == [tally.times for tally in judge.tallies.take()]
    assert judge.bans.get(fatal[0].remote.address)


def test_a_record_tampered_with_counts_as_tampering() -> None:
    judge = guard()
    one = event(source=ATTACKER, transport=b"TCP", tampered=True)
    judge.observe(one, one.time)
    assert ["tampering"] == [tally.event for tally in judge.tallies.take()]


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.floats(0, 1e5))))
def test_what_is_put_back_is_taken_again_beside_what_came_since(done: list[tuple[str, float]]) -> None:
    once, twice = Tallies(), Tallies()
    for kind, at in done:
        for tallies in (once, twice):
            tallies.failed(event(kind, at), START + at, proven=False)
        twice.put_back(twice.take())
    assert sorted(once.take()) == sorted(twice.take())
