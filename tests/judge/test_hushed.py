"""The guard is not told of the banned, unless something may follow."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import fakeasterisk
import pytest
import written
from hypothesis import given
from hypothesis import strategies as st
from made import START, guard
from patience import looked

from amiguard import config
from amiguard.amichannel import AmiChannel
from amiguard.channel import Channel
from amiguard.judge.evidence import RECORDS, unpack
from amiguard.judge.guard import Guard
from amiguard.judge.timing import NEWEST
from amiguard.metrics.tally import TallyingGuard
from amiguard.model import Ban, Prefix, SecurityEvent
from amiguard.sources.ami_inbox import Batch, State, Status
from amiguard.sources.amievents import AmiEvents, Shutdown
from amiguard.sources.securitylog import SecurityLog

SETTINGS = '[ban]\ndurations = ["10m", "1h"]\ndoor_max = "1h"\n'
SOURCES = (b"203.0.113.7", b"203.0.113.8", b"2001:db8:1:2::3", b"2001:db8:1:2::4")
NETWORKS = ("203.0.113.7", "203.0.113.8", "2001:db8:1:2::/64")
FORMS = {
    "classic": lambda *told, **details: written.classic(written.record(*told, **details)),
    "json": lambda *told, **details: written.as_json(written.record(*told, **details)),
    "ami": lambda *told, **details: fakeasterisk.event(*told, **details) + b"\r\n\r\n",
}
KINDS = ("ChallengeResponseFailed",) * 4 + (
    "InvalidAccountID",
    "InvalidPassword",
    "SuccessfulAuth",
    "FailedACL",
)
PROOF = {"Challenge": b"1", "ReceivedChallenge": b"1"}


class Heard:
    """A guard and the log that it hears."""

    def __init__(self, one: Guard) -> None:
        self.guard = one
        self.log = Channel("log", one)

    def state(self) -> list[object]:
        """What is judged so far, but for evidence: records worth nothing may be missing there."""
        scorer, bans = self.guard.scorer, self.guard.bans
        suspects = {source: scorer.scores(source, START) for source in scorer}
        strikes = {source: bans.strikes(source) for source in (*scorer, *map(Prefix.parse, NETWORKS))}
        return [suspects, strikes, list(bans), self.guard.sip_ports, self.log.events]

    def hear(self, data: bytes, now: float) -> list[object]:
        """What follows from lines."""
        return [each._replace(evidence=b"") for each in self.log.feed(data, now, backlog=False)]


class Twice(Heard):
    """A guard that hears the same from a log and an AMI."""

    def __init__(self, one: Guard) -> None:
        super().__init__(one)
        self.reader = AmiEvents(skip_repeats=one.skips_repeats, hushed=one.hushes)
        self.ami = AmiChannel("here:5038", one, lambda _: False, lambda: self.reader.skipped)
        self.ami.turn(Status(State.LISTENING, "", 1))

    def state(self) -> list[object]:
        """What is judged so far, and what is known of who has told what."""
        counting = self.guard.counting
        counted = [counting.repeats, counting.compared, counting.untold, counting.shortened]
        return [*super().state(), self.ami.events, counted]

    def hear_both(self, lines: bytes, messages: bytes, now: float, order: str) -> list[object]:
        """What follows when the AMI is read (r) and judged (j), and the log (l), in some order."""
        told: list[object] = []
        batch = Batch((), now)
        for step in order:
            if step == "r":
                found = self.reader.read(messages, now)
                batch = Batch([each for each in found if not isinstance(each, Shutdown)], now)
            elif step == "j":
                told += [each._replace(evidence=b"") for each in self.ami.hear(batch)]
            else:
                told += self.hear(lines, now)
        return told


class Unhushed(Guard):
    """A guard that is told of everything."""

    hushes = None


def line(form: str, kind: str, source: bytes, transport: bytes, time: float, **words: bytes) -> bytes:
    eventtv = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3].encode() + b"+0000"
    version = b"6" if b":" in source else b"4"
    remote = b"IPV%s/%s/%s/5061" % (version, transport, source)
    said = written.HONEST._replace(remote=remote, eventtv=eventtv, **words)
    details = PROOF if kind == "InvalidPassword" else {}
    return FORMS[form](kind, said, **details)


records = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "source": st.sampled_from(SOURCES),
        "transport": st.sampled_from((b"UDP", b"UDP", b"UDP", b"TCP")),
        "service": st.sampled_from((b"PJSIP", b"PJSIP", b"SIP")),
        "local": st.sampled_from((b"IPV4/UDP/198.51.100.1/5060", b"IPV4/UDP/198.51.100.1/5080")),
        "session": st.sampled_from((b"0x1", b"0x2", b"0x3", b"0x4", b"0x5", b"0x6")),
    }
)
gaps = st.sampled_from((0.0, 0.0, 0.0, 1.0, 100.0, 599.0, 4000.0))
acts = st.sampled_from(("", "", "", "", "", "unban", "ban /24", "allow", "other channel"))
orders = st.sampled_from(("lrj", "rlj", "rjl", "rj", "l"))
crowds = st.lists(records.map(lambda said: {**said, "source": SOURCES[0]}), min_size=6, max_size=16)
mixed = st.lists(records, min_size=1, max_size=8)
streams = st.lists(st.tuples(gaps, acts, mixed), max_size=12)


def act(what: str, heard: Heard, now: float) -> None:
    """What others than the log may do to a guard."""
    one = heard.guard
    source = Prefix.parse("203.0.113.7")
    if what == "unban":
        one.forgive(source)
        one.bans.lift(source)
    elif what == "ban /24":
        one.bans.impose(Ban(Prefix.parse("203.0.113.0/24"), "house", "proven", now, now + 60, "", "operator"))
    elif what == "allow":
        one.shield.protect("allowed", [source])
        one.bans.end(source)
    elif what == "other channel":
        one.counting.open("other", live=True)


@pytest.mark.parametrize("form", ["classic", "json"])
@looked(150)
@given(streams)
def test_a_guard_that_is_not_told_of_the_banned_thinks_what_one_does_that_is_told(
    form: str, steps: list[tuple[float, str, list[dict[str, bytes]]]]
) -> None:
    one, other = Heard(guard(SETTINGS)), Heard(Unhushed(config.parse(SETTINGS, "test.toml")))
    now = START
    for gap, what, said in steps:
        now += gap
        data = b"".join(line(form, time=now, **each) for each in said)
        outcomes = []
        for heard in (one, other):
            act(what, heard, now)
            outcomes.append(heard.hear(data, now))
        assert outcomes[1] == outcomes[0]
    assert other.state() == one.state()


@looked(150)
@given(st.lists(st.tuples(gaps, acts, st.one_of(crowds, mixed), orders), max_size=8))
def test_so_does_one_that_hears_two_channels(
    steps: list[tuple[float, str, list[dict[str, bytes]], str]],
) -> None:
    one, other = Twice(guard(SETTINGS)), Twice(Unhushed(config.parse(SETTINGS, "test.toml")))
    now = START
    for gap, what, said, order in steps:
        now += gap
        lines, messages = (
            b"".join(line(form, time=now, **each) for each in said) for form in ("classic", "ami")
        )
        outcomes = []
        for heard in (one, other):
            act(what, heard, now)
            outcomes.append(heard.hear_both(lines, messages, now, order))
        assert outcomes[1] == outcomes[0]
    assert other.state() == one.state()


def attempts(times: int, form: str = "classic", **words: bytes) -> bytes:
    each = {"kind": "ChallengeResponseFailed", "source": SOURCES[0], "transport": b"UDP", **words}
    return b"".join(line(form, time=START + n / 10, session=b"0x%x" % n, **each) for n in range(times))


def told(heard: Heard, data: bytes, receipt: float = START + 60) -> list[bytes]:
    """The sessions of those of these records of which the guard is told."""
    found = SecurityLog(hushed=heard.guard.hushes).feed(data, receipt)
    return [event.session for event in found if isinstance(event, SecurityEvent)]


@pytest.fixture
def banned() -> Heard:
    """A source has been banned over UDP, and has gone on."""
    heard = Heard(guard())
    list(heard.log.feed(attempts(6), START + 1, backlog=False))
    return heard


def test_the_guard_is_not_told_of_the_banned(banned: Heard) -> None:
    assert [] == told(banned, attempts(20))


def test_nor_by_an_ami(banned: Heard) -> None:
    reader = AmiEvents(hushed=banned.guard.hushes)
    assert [] == reader.read(attempts(20, "ami"), START + 60)
    assert (20, START + 60) == (reader.skipped, banned.guard.hushed.now)


def test_of_an_old_asterisk_s_log_in_the_guard_is_told(banned: Heard) -> None:
    login = re.sub(rb'(?<=EventTV=")[^"]*', b"1795299699-487000", attempts(1, kind="SuccessfulAuth"))
    assert [b"0x0"] == told(banned, login)


@pytest.mark.parametrize(
    "words",
    [
        {"source": SOURCES[1]},
        {"transport": b"TCP"},
        {"local": b"IPV4/UDP/198.51.100.1/5080"},
        {"kind": "InvalidPassword", "service": b"SIP"},
    ],
)
def test_of_what_may_have_consequences_the_guard_is_told(banned: Heard, words: dict[str, bytes]) -> None:
    assert [b"0x0"] == told(banned, attempts(1, **words))


def test_of_somebody_of_whom_more_is_known_the_guard_is_told(banned: Heard) -> None:
    list(banned.log.feed(attempts(1, transport=b"TCP"), START + 2, backlog=False))
    assert [b"0x0"] == told(banned, attempts(1))


def test_of_what_another_channel_may_have_told_the_guard_is_told(banned: Heard) -> None:
    banned.guard.counting.open("other", live=True)
    list(banned.log.feed(attempts(1, source=SOURCES[1]), START + 2, backlog=False))
    assert [b"0x0"] == told(banned, attempts(2))


def test_shortly_before_the_end_of_a_ban_the_guard_is_told(banned: Heard) -> None:
    (ban,) = banned.guard.bans
    assert [b"0x0"] == told(banned, attempts(1), ban.until - NEWEST)


def test_a_guard_that_counts_is_told_of_all() -> None:
    heard = Heard(TallyingGuard(config.parse("", "test.toml")))
    list(heard.log.feed(attempts(6), START + 1, backlog=False))
    assert [b"0x0"] == told(heard, attempts(1))


def test_what_the_banned_does_pushes_no_record_out_that_earned_points(banned: Heard) -> None:
    earned = [attempts(1, transport=b"TCP", account=b"%d" % n) for n in range(3)]
    list(banned.log.feed(b"".join(earned), START + 2, backlog=False))
    assert len(told(banned, attempts(RECORDS))) == RECORDS
    list(banned.log.feed(attempts(RECORDS), START + 2, backlog=False))
    suspect = banned.guard.scorer.get(Prefix.parse("203.0.113.7"))
    assert suspect
    points = [exhibit.points for exhibit in unpack(suspect.evidence)]
    assert [2.0] * 3 + [0.0] * (RECORDS - 3) == points
    assert [] == told(banned, attempts(RECORDS))
