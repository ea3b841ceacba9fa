"""What is told: facts for programs, words for people, and nothing of an attacker's in either but text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import START, event
from patience import looked

from amiguard.judge import evidence
from amiguard.judge.evidence import Exhibit
from amiguard.notify.gathering import Digest, News
from amiguard.notify.kinds import KINDS, OF_ALARM, WORDS
from amiguard.notify.message import body, facts, plain, title

BREACH = News("breach", START, "logged in after failures worth 12.0 points", "203.0.113.7")


def test_the_facts_are_one_object_with_the_evidence() -> None:
    records = evidence.pack(Exhibit(event(), 2.0, 2.0, proven=False))
    told = facts(Digest((BREACH._replace(evidence=records),), {"breach": 3}), "pbx1")
    [news] = told.pop("news")
    assert {"version": 1, "host": "pbx1", "more": {"breach": 3}} == told
    assert ("breach", "203.0.113.7", BREACH.text) == (news["kind"], news["source"], news["text"])
    assert ["ChallengeResponseFailed"] == [each["event"] for each in news["evidence"]]


def test_the_title_names_the_most_urgent_and_counts_the_rest() -> None:
    repair = News("firewall", START, "altered")
    told = facts(Digest((repair, BREACH), {"phone": 7}), "pbx1")
    assert "amiguard on pbx1: a password may have been guessed, and 8 more" == title(told)
    assert "amiguard on pbx1: the firewall was altered, or does not obey" == title(
        facts(Digest((repair,)), "pbx1")
    )


def test_the_body_has_a_line_for_each() -> None:
    first, more, where = body(facts(Digest((BREACH,), {"breach": 3}), "pbx1")).split("\n")
    assert first.endswith(" breach 203.0.113.7: logged in after failures worth 12.0 points")
    assert "and 3 more: a password may have been guessed" == more
    assert where.startswith("More: ")


@pytest.mark.parametrize(
    ("hostile", "told"),
    [
        ("@everyone", r"\x40everyone"),
        ("<b>1</b>", r"\x3cb\x3e1\x3c/b\x3e"),
        ("[a](http://evil.example/x)", r"\x5ba\x5d(http:/\x2fevil\x2eexample/x)"),
        ("*_`~|", r"\x2a\x5f\x60\x7e\x7c"),
        ("a\r\nBcc: b", r"a\x5cr\x5cnBcc: b"),
        ("\u202e\x1b[2J", r"\x5cu202e\x5cx1b\x5b2J"),
    ],
)
def test_what_could_be_markup_is_text(hostile: str, told: str) -> None:
    [line, _] = body(facts(Digest((BREACH._replace(text=hostile),)), "pbx1")).split("\n")
    assert line.endswith(f": {told}")


@given(st.text(max_size=600))
@looked(200)
def test_whatever_an_attacker_writes_is_a_line_of_plain_ascii(hostile: str) -> None:
    told = facts(Digest((BREACH._replace(text=hostile),)), "pbx1")
    lines = body(told).split("\n")
    assert 2 == len(lines)
    assert not set(lines[0]) & set("<>@&*_`~[]|#\x1b\r")
    assert lines[0].isascii()
    assert json.loads(json.dumps(told))["news"][0]["text"].isprintable()


def test_our_own_words_stay_as_they_are() -> None:
    for words in (*WORDS.values(), BREACH.text, "it is a known peer (pjsip.conf)".replace(".", ":")):
        assert words == plain(words)


def test_every_kind_has_words_and_every_alarm_a_kind() -> None:
    assert {*KINDS, "test"} == set(WORDS)
    assert set(OF_ALARM.values()) <= set(KINDS)
