"""Our filters, read by fail2ban itself, on the recorded attacks."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import logs
import pytest
import written
from judged import NAMES
from noticelog import firm
from recorded import HONEST_PHONE, cases

from amiguard import config
from amiguard.judge.points import Points
from amiguard.model import SecurityEvent
from amiguard.sources.securitylog import SecurityLog

if TYPE_CHECKING:
    from judged import Judge, Named
    from logs import Line

    from amiguard.model import Prefix

FORGED = "inject-ami-http-forged-both"
"""With AMI over HTTP a stranger writes lines that nothing tells from true ones: the head says so."""
LONGEST = 2000
"""The filters of classic logs refuse longer lines."""
EXACT = ("FailedACL", "InvalidAccountID")
"""Events in which any text is believed, in JSON."""

LOGS = {
    "amiguard-asterisk-security": lambda: logs.security("security"),
    "amiguard-asterisk-security-json": lambda: logs.security("json"),
    "amiguard-asterisk-notice": lambda: logs.notices(as_json=False),
    "amiguard-asterisk-notice-json": lambda: logs.notices(as_json=True),
    "amiguard-asterisk-calls": lambda: logs.notices(as_json=False),
    "amiguard-asterisk-calls-json": lambda: logs.notices(as_json=True),
}
each_filter = pytest.mark.parametrize("name", LOGS)


def found(judge: Judge, name: str) -> list[tuple[Line, list[Named]]]:
    lines = LOGS[name]()
    return list(zip(lines, judge.reads(name, [line.text for line in lines]), strict=True))


def believed(line: Line) -> bool:
    return line.case.name != FORGED and len(line.text) < LONGEST


def blamed(judge: Judge, name: str) -> Counter[Prefix]:
    """How often each is named, but for what was forged."""
    return Counter(
        each.address for line, named in found(judge, name) if line.case.name != FORGED for each in named
    )


def test_fail2ban_loads_every_filter(judge: Judge) -> None:
    assert {*NAMES, "asterisk"} == set(judge.loaded)
    assert set(LOGS) == set(NAMES)


@each_filter
def test_nobody_is_named_but_a_true_source(judge: Judge, name: str) -> None:
    sources = defaultdict(set)
    for line in LOGS[name]():
        sources[line.text] |= line.case.sources
    wrong = [
        (str(line.case), line.text)
        for line, named in found(judge, name)
        if not {each.address for each in named} <= sources[line.text]
    ]
    assert {case.partition("/")[2] for case, _ in wrong} <= (
        {FORGED} if name == "amiguard-asterisk-security" else set()
    )


@each_filter
def test_the_honest_phone_is_never_named(judge: Judge, name: str) -> None:
    assert HONEST_PHONE not in {each.address for _, named in found(judge, name) for each in named}


@each_filter
def test_a_line_without_a_failure_names_nobody(judge: Judge, name: str) -> None:
    assert [] == [line.text for line, named in found(judge, name) if named and not line.tells]


def events(channel: str) -> Counter[Prefix]:
    """Whom our own reading of the security log blames, where it stakes nothing on a hostile value."""
    points = Points(config.parse("", "defaults").score.points)
    counted: Counter[Prefix] = Counter()
    for case in cases():
        lines = [line for line in case.read(channel).split(b"\n") if 0 < len(line) < LONGEST]
        for event in SecurityLog(skip_challenges=False).feed(b"\n".join([*lines, b""]), written.NOON):
            told = isinstance(event, SecurityEvent) and event.kind != "ChallengeSent" and points.of(event)
            if told and case.name != FORGED and (not event.tampered or event.kind in EXACT):
                counted[event.remote.address] += 1
    return counted


@pytest.mark.parametrize(
    ("name", "channel"),
    [("amiguard-asterisk-security", "security"), ("amiguard-asterisk-security-json", "json")],
)
def test_every_failure_of_the_security_log_is_found(judge: Judge, name: str, channel: str) -> None:
    ours = events(channel)
    assert ours.total() > 300
    assert Counter() == ours - blamed(judge, name)


@pytest.mark.parametrize("form", ["", "-json"])
def test_every_firm_notice_is_found(judge: Judge, form: str) -> None:
    lines = logs.notices(as_json=bool(form))
    ours = Counter(address for line in lines if believed(line) for address in firm(line.text))
    assert ours.total() > 350
    theirs = blamed(judge, f"amiguard-asterisk-notice{form}") + blamed(
        judge, f"amiguard-asterisk-calls{form}"
    )
    assert Counter() == ours - theirs


def test_what_was_forged_over_http_is_told_in_json(judge: Judge) -> None:
    told = [
        named for line, named in found(judge, "amiguard-asterisk-security-json") if line.case.name == FORGED
    ]
    assert any(told)
