"""What we make of filters is what fail2ban itself makes of them, on the recorded attacks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import logs
import pytest
from judged import NAMES, OURS, THEIRS

from amiguard.fail2ban.files import find, load
from amiguard.fail2ban.matcher import LONGEST, Matcher

if TYPE_CHECKING:
    from judged import Judge, Named


def same(found: list[Named], who: str | None, when: float | None) -> bool:
    if not found:
        return who is None
    return (str(found[0].address), found[0].time) == (who, when)


@pytest.mark.parametrize("name", [*NAMES, "asterisk"])
def test_both_name_the_same_sources_at_the_same_times(judge: Judge, name: str) -> None:
    lines = [*logs.security("security"), *logs.security("json")]
    lines += logs.notices(as_json=False) + logs.notices(as_json=True)
    lines = [line for line in lines if len(line.text) < LONGEST]
    matcher, now = Matcher(load(find(name, (OURS, THEIRS)))), time.time()
    other = []
    for line, found in zip(lines, judge.reads(name, [line.text for line in lines]), strict=True):
        failure = matcher.read(line.text.decode("utf-8", "replace").rstrip("\r\n"), now)
        if not same(found, failure and failure.who, failure and failure.time):
            other.append((line.text, found, failure))
    assert [] == other
