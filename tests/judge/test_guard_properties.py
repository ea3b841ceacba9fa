"""What holds of judgement whatever is told: it is a function of the stream, and nothing in it is free."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import made
from hypothesis import example, given
from hypothesis import strategies as st
from made import DAY, START
from patience import looked

from amiguard.model import Ban, Prefix, SecurityEvent, Verdict

if TYPE_CHECKING:
    from amiguard.judge.guard import Guard


SOURCES = ("203.0.113.7", "203.0.113.8", "192.0.2.9", "2001:db8:1:2::3", "2001:db8:1:3::4", "fe80::5")
ALLOWED = '[allow]\nnetworks = ["192.0.2.0/24"]\n'
SMALL = (
    '[score]\nfast = { half_life = "10m", threshold = 3.0 }\nslow = { half_life = "24h", threshold = 6.0 }\n'
)

_gaps = st.sampled_from((0.0, 0.0, 0.5, 30.0, 300.0, 3600.0, DAY / 2, 3 * DAY))
_failures = st.builds(
    made.event,
    st.sampled_from(("ChallengeResponseFailed", "InvalidAccountID", "FailedACL", "ChallengeSent")),
    source=st.sampled_from(SOURCES),
    account=st.sampled_from((b"101", b"102", b"<unknown>")),
    transport=st.sampled_from((b"UDP", b"UDP", b"TCP", b"TLS", b"")),
    tampered=st.sampled_from((False,) * 9 + (True,)),
)
_logins = st.builds(
    made.login,
    source=st.sampled_from(SOURCES),
    account=st.sampled_from((b"101", b"102", b"103")),
    transport=st.sampled_from((b"UDP", b"WSS")),
    port=st.integers(1, 3),
)


def _spread(told: list[tuple[float, SecurityEvent]]) -> list[SecurityEvent]:
    time, events = START, []
    for gap, event in told:
        time += gap
        events.append(event._replace(time=time))
    return events


def streams(*kinds: st.SearchStrategy[SecurityEvent]) -> st.SearchStrategy[list[SecurityEvent]]:
    """Events in order of time, over seconds or weeks."""
    return st.lists(st.tuples(_gaps, st.one_of(*kinds)), max_size=60).map(_spread)


any_stream = streams(_failures, _failures, _logins)
failures = streams(_failures)


def verdicts(judge: Guard, events: list[SecurityEvent]) -> list[Verdict]:
    return [o for each in events for o in judge.observe(each, each.time) if isinstance(o, Verdict)]


def restarted(judge: Guard, toml: str) -> Guard:
    """A guard with the same memory, as a restart makes one out of the store."""
    again = made.guard(toml)
    for new, old in ((again.scorer, judge.scorer), (again.wide, judge.wide)):
        for source in _sources():
            if suspect := old.get(source):
                new.restore(source, suspect.pack())
    for source in judge.friends:
        if friend := judge.friends.record(source):
            again.friends.restore(source, friend.pack())
    strikes = [(source, time) for source in _sources() for time in judge.bans.strikes(source)]
    again.bans.restore(list(judge.bans), sorted(strikes, key=lambda strike: strike[1]))
    return again


def _sources() -> set[Prefix]:
    return {Prefix.parse(s).within(length) for s in SOURCES for length in (128, 64, 48)}


@looked(60)
@given(any_stream)
def test_the_same_stream_gives_the_same_bans(events: list[SecurityEvent]) -> None:
    assert verdicts(made.guard(SMALL), events) == verdicts(made.guard(SMALL), events)


@looked(60)
@given(any_stream, st.integers(0, 60))
def test_a_restart_anywhere_changes_no_ban(events: list[SecurityEvent], at: int) -> None:
    whole = verdicts(made.guard(SMALL), events)
    judge = made.guard(SMALL)
    before = verdicts(judge, events[:at])
    after = verdicts(restarted(judge, SMALL), events[at:])
    assert whole == before + after


@looked(60)
@given(any_stream, st.sampled_from((0.25, 3600.0, 1e6, -(2.0**20))))
def test_when_it_happened_does_not_matter(events: list[SecurityEvent], shift: float) -> None:
    """Times are shifted by what a float can add exactly enough: bans are compared to the millisecond."""
    later = [event._replace(time=event.time + shift) for event in events]
    bans = [_timeless(each.ban, 0) for each in verdicts(made.guard(SMALL), events)]
    assert bans == [_timeless(each.ban, shift) for each in verdicts(made.guard(SMALL), later)]


def _timeless(ban: Ban, shift: float) -> tuple[object, ...]:
    since, until = round(ban.since - shift, 3), round(ban.until - shift, 3)
    return (ban.source, ban.scope, ban.proof, ban.strike, since, until, round(ban.score, 3))


@looked(60)
@given(any_stream)
def test_nobody_allowed_is_banned_and_no_loopback(events: list[SecurityEvent]) -> None:
    judge = made.guard(ALLOWED + SMALL)
    events = [each for event in events for each in (event, _from(event, "127.0.0.1"), _from(event, "::1"))]
    network = Prefix.parse("192.0.2.0/24")
    assert not [ban for ban in made.bans(judge, events) if ban.source.overlaps(network)]
    assert not [ban for ban in judge.bans if ban.source.overlaps(Prefix.parse("127.0.0.0/8"))]
    assert not [ban for ban in judge.bans if ban.source.overlaps(Prefix.parse("::1"))]


def _from(event: SecurityEvent, source: str) -> SecurityEvent:
    return event._replace(remote=event.remote._replace(address=Prefix.parse(source)))


@looked(60)
@given(any_stream)
def test_bans_do_not_overlap_in_time_but_where_one_replaces_another(events: list[SecurityEvent]) -> None:
    running: dict[Prefix, Ban] = {}
    for verdict in verdicts(made.guard(SMALL), events):
        ban, former = verdict.ban, running.get(verdict.ban.source)
        if former and former.until > ban.since:
            assert (former.scope, ban.scope, verdict.replaced) == ("door", "house", former)
        assert ban.since < ban.until
        assert ban.scope == ("house" if ban.proof == "proven" else "door")
        running[ban.source] = ban


def first(bans: list[Ban], scope: str) -> dict[Prefix, float]:
    """When each source was first banned: in any way, or out of the house."""
    times: dict[Prefix, float] = {}
    for ban in bans:
        if scope in ("any", ban.scope):
            times.setdefault(ban.source, ban.since)
    return times


@looked(60)
@given(failures, st.tuples(st.floats(0, 4 * DAY), _failures))
def test_one_more_attempt_makes_no_ban_later(
    events: list[SecurityEvent], more: tuple[float, SecurityEvent]
) -> None:
    """Neither the first ban of a source nor the first that closes the house to it.

    A /48 is left out: its ban ends the counting for all the sources in it.
    """
    toml = SMALL + "wide6 = 0"
    added = [*events, more[1]._replace(time=START + more[0])]
    added.sort(key=lambda event: event.time)
    for scope in ("any", "house"):
        before = first(made.bans(made.guard(toml), events), scope)
        after = first(made.bans(made.guard(toml), added), scope)
        assert {source: time for source, time in before.items() if after.get(source, 1e18) > time} == {}


@looked(60)
@given(failures, st.data())
def test_nothing_that_an_attacker_chooses_makes_an_attempt_cheaper(
    events: list[SecurityEvent], data: st.DataObject
) -> None:
    """Another account (but `<unknown>`, which is worth less), another Call-ID, another port."""
    numbers = st.integers(1, 65535)
    moved = [
        event._replace(
            account=event.account if event.account == b"<unknown>" else b"%d" % data.draw(numbers),
            session=b"%d@lab" % data.draw(numbers),
            remote=event.remote._replace(port=data.draw(numbers)),
        )
        for event in events
    ]
    assert made.bans(made.guard(SMALL), events) == made.bans(made.guard(SMALL), moved)


@looked(60)
@given(any_stream)
def test_two_channels_that_tell_the_same_ban_like_one(events: list[SecurityEvent]) -> None:
    """The second tells what happened within an instant after the first has told all of it."""
    judge = made.guard(SMALL)
    judge.counting.open("log")
    judge.counting.open("ami")
    told = [(event, channel) for event in events for channel in ("log", "ami")]
    told.sort(key=lambda each: (each[0].time, each[1] == "ami"))
    bans = [
        outcome.ban
        for event, channel in told
        for outcome in judge.observe(event, event.time, channel)
        if isinstance(outcome, Verdict)
    ]
    assert Counter(made.bans(made.guard(SMALL), events)) == Counter(bans)


@looked(60)
@given(any_stream)
@example([made.event(), made.login(at=300)])
@example([made.event(transport=b"TCP"), made.event(at=1), made.event(at=2)])
def test_whatever_changes_is_told_to_the_store(events: list[SecurityEvent]) -> None:
    """Else a crash would undo what nothing brings back, for the log is read on behind it."""
    judge = made.guard(SMALL)
    stored: dict[Prefix, bytes | None] = {}
    for event in events:
        judge.observe(event, event.time)
        for scorer in (judge.scorer, judge.wide):
            stored |= {source: scorer.state(source, whole=True) for source in scorer.changed}
            scorer.changed.clear()
    assert stored == {source: judge.scoring(source).state(source, whole=True) for source in stored}
