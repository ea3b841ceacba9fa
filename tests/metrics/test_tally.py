"""A guard that counts judges as any other, and its counts are right."""

from __future__ import annotations

import made
from hypothesis import given
from hypothesis import strategies as st
from made import ATTACKER, START
from patience import looked
from written import Words, classic, record

from amiguard import config
from amiguard.channel import Channel
from amiguard.metrics.tally import BUCKETS, Delays, TallyingGuard, Told
from amiguard.model import Ban, Peer, Prefix

PHONE = "198.51.100.10"
KINDS = ("ChallengeResponseFailed", "InvalidAccountID", "ChallengeSent", "SuccessfulAuth", "InvalidPassword")


def tallying(toml: str = "") -> TallyingGuard:
    return TallyingGuard(config.parse(toml, "test.toml"))


def wrong(count: int, **what: bytes) -> list[made.SecurityEvent]:
    return [made.event(at=float(n), **what) for n in range(count)]


def test_events_are_counted_by_what_they_have_in_common() -> None:
    judge = tallying()
    for event in (*wrong(2), *wrong(3, transport=b"TLS")):
        judge.observe(event, event.time, "log")
    failed = Told("log", "ChallengeResponseFailed", b"PJSIP", b"UDP", proven=False)
    assert {failed: 2, failed._replace(transport=b"TLS", proven=True): 3} == judge.told


def test_what_is_forgeable_proves_nothing() -> None:
    judge = tallying()
    [event] = wrong(1, transport=b"TLS")
    judge.observe(event, event.time, "log", forgeable=True)
    assert [False] == [told.proven for told in judge.told]


def test_what_a_filter_or_a_notice_tells_is_counted_with_its_ban() -> None:
    judge = tallying()
    events = [made.event("InvalidPassword", at=float(n), transport=b"") for n in range(5)]
    bans = [outcome for each in events for outcome in judge.blame(each, told="log", proven=True)]
    judge.blame(made.event(source=PHONE))
    assert [("filters", 5, True), ("notices", 1, False)] == [
        (told.source, count, told.proven) for told, count in judge.told.items()
    ]
    judge.keep(())
    assert 6 == judge.told.total()
    assert (1, {("fast", "proven"): 1}) == (len(bans), judge.sentenced)


def test_bans_alarms_and_mercies_are_counted() -> None:
    judge = tallying()
    made.bans(judge, wrong(5, transport=b"TLS"))
    assert {("fast", "proven"): 1} == judge.sentenced
    judge.known([Peer(Prefix.parse(PHONE), 5060, "pjsip.conf")])
    made.bans(judge, [made.event(at=n / 100, source=PHONE) for n in range(80)])
    assert ({"peer": 2}, {"suppressed": 1}) == (judge.mercies, judge.alarmed)


def test_sources_that_are_gone_are_forgotten() -> None:
    judge = tallying()
    for name in ("old", "new"):
        judge.observe(made.event(), START, name)
    judge.keep({"new"})
    assert ["new"] == [told.source for told in judge.told]


def test_lines_that_another_guard_passes_over_are_counted_one_by_one() -> None:
    judge, other = tallying(), made.guard()
    assert other.skips_challenges
    assert other.skips_repeats
    log = b"".join(
        classic(record(kind, Words())) for kind in ("ChallengeSent", "SuccessfulAuth") for _ in "12345"
    )
    channel = Channel("log", judge)
    assert [] == list(channel.feed(log, START, backlog=True))
    assert {"ChallengeSent": 5, "SuccessfulAuth": 5} == {told.event: n for told, n in judge.told.items()}
    assert 10 == channel.events


@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.sampled_from([ATTACKER, PHONE, "2001:db8::1"]), st.booleans()),
        max_size=60,
    )
)
@looked(100)
def test_it_judges_as_any_other_does(story: list[tuple[str, str, bool]]) -> None:
    events = [
        made.event(kind, at=float(n), source=source, transport=b"TLS" if proven else b"UDP")
        for n, (kind, source, proven) in enumerate(story)
    ]
    judge, other = tallying(), made.guard()
    assert [other.observe(each, each.time) for each in events] == [
        judge.observe(each, each.time) for each in events
    ]
    assert len(events) == judge.told.total()


def test_delays_fall_into_their_classes() -> None:
    delays = Delays()
    ban = Ban(Prefix.parse(ATTACKER), "house", "proven", START, START + 60, "x")
    for seconds in (0.0005, BUCKETS[3], 0.3, 7200.0, -5.0):
        delays.landed([ban], START + seconds)
    delays.landed([ban._replace(origin="operator")], START + 1)
    assert [2, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1] == delays.classes
    assert round(0.0005 + BUCKETS[3] + 0.3 + 7200, 3) == round(delays.sum, 3)
