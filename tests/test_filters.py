"""The fail2ban filter, judged by fail2ban's own program on the recorded attacks."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import written
from recorded import HONEST_PHONE, Case, cases

from amiguard import config
from amiguard.judge.points import Points
from amiguard.model import Prefix, SecurityEvent
from amiguard.sources.securitylog import SecurityLog

if TYPE_CHECKING:
    from collections.abc import Iterable

FILTER = Path(__file__).parents[1] / "filters" / "amiguard-asterisk-security.conf"
LONGEST = 2000
"""The filter refuses longer lines."""
FORGED = {"inject-ami-http-forged-both"}
"""With AMI over HTTP a stranger writes lines that nothing tells from true ones: the filter's head says so."""
HONEST = written.Words()

pytestmark = pytest.mark.skipif(not shutil.which("fail2ban-regex"), reason="needs the fail2ban-regex program")


def blames(lines: Iterable[bytes], log: Path) -> list[tuple[Prefix, bytes]]:
    """Each failure that fail2ban finds: whom it names, and in which line."""
    log.write_bytes(b"\n".join(lines) + b"\n")
    command = ["fail2ban-regex", "--encoding", "utf-8", "--out", "<ip> <matches>", str(log), str(FILTER)]
    told = subprocess.run(command, check=True, capture_output=True).stdout
    found = (row.partition(b" ") for row in told.split(b"\n") if row)
    return [(Prefix.parse(address.decode()), line) for address, _, line in found]


def lines_of(case: Case) -> list[bytes]:
    return [line.rstrip(b"\r") for line in case.read("security").split(b"\n") if line]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Prefix, bytes]]:
    """What is found in all cases at once, for a start of fail2ban takes longer than they do."""
    every = [line for case in cases() for line in lines_of(case)]
    return blames(every, tmp_path_factory.mktemp("fail2ban") / "security")


def failures(case: Case) -> list[Prefix]:
    """Whom our own strict reading of the same log blames, but for challenges."""
    points = Points(config.parse("", "defaults").score.points)
    reader = SecurityLog(skip_challenges=False)
    short = b"".join(line + b"\n" for line in lines_of(case) if len(line) < LONGEST)
    events = [event for event in reader.feed(short, written.NOON) if isinstance(event, SecurityEvent)]
    return [event.remote.address for event in events if points.of(event) and event.kind != "ChallengeSent"]


def test_nobody_is_named_but_a_true_source(found: list[tuple[Prefix, bytes]]) -> None:
    sources = defaultdict(set)
    for case in cases():
        for line in lines_of(case):
            sources[line] |= case.sources
    forged = {line for case in cases() if case.name in FORGED for line in lines_of(case)}
    wrong = [(str(who), line) for who, line in found if who not in sources[line] and line not in forged]
    assert [] == wrong


def test_the_honest_phone_is_never_named(found: list[tuple[Prefix, bytes]]) -> None:
    assert HONEST_PHONE not in {who for who, _ in found}


def test_every_failure_that_our_own_strict_reading_blames_is_found(
    found: list[tuple[Prefix, bytes]],
) -> None:
    """And one more: we suspend belief behind a record that was broken off, which fail2ban cannot."""
    ours = Counter(who for case in cases() if case.name not in FORGED for who in failures(case))
    assert ours.total() > 300
    assert ours <= Counter(who for who, _ in found)


def classic(kind: str, words: written.Words = HONEST, **details: bytes) -> bytes:
    return b"[Nov 21 22:21:39] SECURITY[24901] res_security_log.c: " + written.record(kind, words, **details)


@pytest.mark.parametrize(
    "line",
    [
        classic("InvalidAccountID", HONEST._replace(session=b'0x1",LocalAddress="IPV4/UDP/1.1.1.1/1')),
        classic("InvalidAccountID", HONEST._replace(account=b"a\x1bb")),
        classic("InvalidAccountID", HONEST._replace(session=b"x" * LONGEST)),
        classic("InvalidAccountID") + b',RemoteAddress="IPV4/UDP/9.9.9.9/1"',
        classic("InvalidAccountID") + classic("InvalidAccountID"),
        b"[Nov 21 22:21:39] NOTICE[1] a.c: " + classic("InvalidAccountID"),
        classic("InvalidAccountID").replace(b"SECURITY", b"WARNING"),
        classic("FailedACL", ACLName=b"registrar_attempt_exceeds_maximum_configured_contacts"),
        classic("SuccessfulAuth", UsingPassword=b"1"),
        classic("ChallengeSent", Challenge=b""),
        classic("SessionLimit"),
    ],
)
def test_a_line_that_is_hostile_or_harmless_names_nobody(line: bytes, tmp_path: Path) -> None:
    assert [] == blames([line], tmp_path / "security")


def test_every_other_failure_is_found_whoever_wrote_the_date_before_it(tmp_path: Path) -> None:
    lines = [
        classic("InvalidAccountID"),
        classic("InvalidAccountID").replace(b"[Nov 21 22:21:39]", b"[2026-11-21 22:21:39.487]"),
        classic("InvalidAccountID").replace(
            b"res_security_log.c:", b"res_security_log.c:114 in security_event:"
        ),
        classic("InvalidAccountID", HONEST._replace(remote=b"IPV6/TLS/2001:db8::7%eth0/5061")),
        classic("InvalidTransport", AttemptedTransport=b"UDP"),
        classic("AuthMethodNotAllowed", AuthMethod=b"plain"),
        classic("UnexpectedAddress", ExpectedAddress=b"IPV4/UDP/198.51.100.9/5060"),
    ]
    them = ["203.0.113.7"] * 3 + ["2001:db8::7"] + ["203.0.113.7"] * 3
    assert them == [str(who) for who, _ in blames(lines, tmp_path / "security")]
