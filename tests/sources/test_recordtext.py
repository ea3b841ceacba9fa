"""An event is written down again as Asterisk wrote it, but for what is never kept."""

from __future__ import annotations

import re

import pytest
import written
from recorded import cases

from amiguard.sources import recordtext
from amiguard.sources.kinds import KINDS
from amiguard.sources.securitylog import Ambiguous, SecurityLog


def events(data: bytes) -> list[bytes]:
    """The records of a log, written down again."""
    found = SecurityLog(skip_challenges=False).feed(data, 0.0)
    return [recordtext.record(each) for each in found if not isinstance(each, Ambiguous)]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(
    "remote", [b"IPV4/UDP/203.0.113.7/5061", b"IPV6/TLS/2001:db8::7/5061", b"IPV4/203.0.113.7/0"]
)
def test_a_record_of_each_kind_is_read_and_written_again(kind: str, remote: bytes) -> None:
    session = b"0x7f62"
    text = written.record(kind, written.Words(remote=remote, session=session))
    [again] = events(written.as_json(text))
    assert re.sub(rb',ExpectedResponse="1"|EventTV="[^"]*",', b"", text) == re.sub(
        rb'EventTV="[^"]*",', b"", again
    )


def test_its_time_is_the_same_moment() -> None:
    [again] = events(written.classic(written.record("InvalidPassword")))
    [event] = SecurityLog(skip_challenges=False).feed(written.classic(again), 0.0)
    assert not isinstance(event, Ambiguous)
    assert pytest.approx(written.NOON, abs=1e-6) == event.time


def test_of_no_recorded_attack_is_the_valid_answer_kept() -> None:
    """Asterisk tells it in clear text, and who knows it is logged in."""
    secrets, told = set(), b""
    for case in cases():
        said = case.read("json") or b""
        secrets |= set(re.findall(rb'ExpectedResponse=\\?"([0-9a-f]{32})', said))
        told += b"\n".join(events(said))
    assert secrets
    assert not [secret for secret in secrets if secret in told]
