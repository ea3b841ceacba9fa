"""What a record costs at worst: a hostile one of 8 KiB, or 64 KiB of text, is read within milliseconds.

The limit is three times what this machine needs; what is quadratic in the
length of a record needs seconds.
"""

from __future__ import annotations

import itertools
import time

import pytest
import written

from amiguard.sources.kinds import KINDS, EventKind
from amiguard.sources.securitylog import SecurityLog

LIMIT = 0.050
RECORD = 8000
LINE = 64 * 1024
WORDS = (
    *(b'"', b'","', b"\\", b"\x01", b',X="', b'",X="', b'",SessionID="', b"[x] Asterisk ", b"1 built by "),
    *(b"[Nov 21 22:21:39] SECURITY[1] res_security_log.c: ", b"AAAA[1] ", b"IPV4/UDP/1.1.1.1/1", b"1."),
    b'",LocalAddress="IPV4/UDP/198.51.100.1/5060",RemoteAddress="IPV4/UDP/203.0.113.7/5060',
)
ENDS = (b"", b'",X="', b'"x', b'",SessionTV="a"b')


def cost(line: bytes) -> float:
    """Seconds of CPU for reading the line as the first of a file."""
    begin = time.process_time()
    list(SecurityLog().feed(line, written.NOON))
    return time.process_time() - begin


def is_quick(line: bytes) -> bool:
    """Whether it stays within the limit; a second and a third chance are for a busy machine."""
    return any(cost(line) < LIMIT for _ in range(3))


@pytest.mark.parametrize("word", WORDS)
def test_a_long_value_costs_little(word: bytes) -> None:
    value = word * (LINE // len(word))
    for place in ("account", "session", "local", "remote"):
        record = written.record("InvalidPassword", written.HONEST._replace(**{place: value}))
        assert is_quick(written.classic(record))
        assert is_quick(written.as_json(record))


@pytest.mark.parametrize("word", WORDS)
def test_a_long_text_of_no_record_costs_little(word: bytes) -> None:
    for text in (word * (LINE // len(word)), written.PREFIXES["classic"] + word * (LINE // len(word))):
        assert is_quick(text + b"\n")


@pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS.values() if len(kind.required + kind.optional) > 1],
    ids=lambda kind: kind.name,
)
def test_values_full_of_other_fields_names_cost_little(kind: EventKind) -> None:
    names = kind.required + kind.optional
    markers = [b'",%s="' % name.encode() for name in names]
    markers += [first + second for first, second in itertools.permutations(markers, 2)]
    for (first, second), marker, other in itertools.product(
        itertools.combinations(names, 2), markers, markers[: len(names)]
    ):
        details = dict.fromkeys(names, b"1")
        details[first] = marker * (RECORD // 5 // len(marker))
        details[second] = other * (RECORD // 5 // len(other))
        record = written.record(kind.name, **details)
        for end in ENDS:
            assert is_quick(written.as_json(record + end))
