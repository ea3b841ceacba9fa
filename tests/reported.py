"""Pure: reports made for a test, and names that an attacker might choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import month
from made import START, event

from amiguard.judge import evidence
from amiguard.judge.accounts import Attack, Tries
from amiguard.judge.evidence import Exhibit
from amiguard.judge.rhythm import BrokenPhone
from amiguard.model import Alarm, Ban, Prefix
from amiguard.report.material import Material, Standing
from amiguard.report.summary import Report, summarise
from amiguard.store import BanRow

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTILE: Final = (
    b"<script>document.title='owned'</script>",
    b"<img src=x onerror=\"document.title='owned'\">",
    b"\"><svg onload=document.title='owned'>",
    b"</td></table></section></style></title><h1>owned</h1>",
    b"'; background: url(x) '",
    b"&lt;b&gt; &amp;amp; <!-- ",
    b"]]><?php ?>",
    "\u202eowned\u202c \u0000\x1b[2J".encode(),
    b"\xff\xfe not UTF-8",
    b"=cmd|' /C calc'!A0",
    b"a" * 5000,
    b"",
)
SOURCE: Final = Prefix.parse("203.0.113.7")


def ban(
    source: str = "203.0.113.7",
    at: float = 0.0,
    *,
    accounts: Sequence[bytes] = (b"101",),
    reason: str = "guessing",
    tampered: bool = False,
    **more: Any,
) -> BanRow:
    """A ban, with a record of evidence a second for each of these accounts, the last of them its reason."""
    tries = [
        event(at=at - n, source=source, account=account, tampered=tampered)
        for n, account in enumerate(reversed(accounts))
    ]
    records = b"".join(evidence.pack(Exhibit(each, 2.0, 2.0, proven=True)) for each in reversed(tries))
    fields: dict[str, Any] = {"scope": "house", "proof": "proven", "reason": reason, "strike": 1, **more}
    since = START + at
    return BanRow(Ban(Prefix.parse(source), since=since, until=since + 600, **fields), records)


def material(**more: Any) -> Material:
    """A day without any event, but for what is given."""
    nothing: dict[str, Any] = {
        "bans": (),
        "tallies": (),
        "drops": (),
        "alarms": (),
        "attacks": (),
        "phones": (),
        "running": (),
        "gaps": (),
    }
    return Material(
        **{"host": "pbx", "since": START - month.DAY, "until": START, "status": None, **nothing, **more}
    )


def attack(name: bytes = b"101", *, sources: int = 12, exists: bool = True) -> Attack:
    """An account at which so many sources guessed three times each, a second apart."""
    tries = tuple((Prefix.parse(f"198.51.100.{n}"), Tries(3, START - sources + n)) for n in range(sources))
    return Attack(b"PJSIP", name, exists, START - 900, 3 * sources, tries)


def everywhere(name: bytes) -> Report:
    """A report in which this stands wherever somebody else's words can stand."""
    text = name.decode("utf-8", "surrogateescape")
    row = ban(accounts=(name,), reason=text, tampered=True)
    return summarise(
        material(
            host=text,
            bans=[row],
            alarms=[Alarm("breach", SOURCE, START, text)],
            attacks=[attack(name)],
            phones=[BrokenPhone(SOURCE, name, 60.0, START, 9, text)],
            running=[Standing(row.ban, 5, 500)],
            status=status(text),
            gaps=[text],
        )
    )


def status(text: str = "ok") -> dict[str, Any]:
    """What a service says of itself, in these words where they are free."""
    source = {
        "kind": "log",
        "name": text,
        "state": text,
        "reason": text,
        "events": 3,
        "ambiguous": 1,
        "lag": 0.5,
    }
    return {
        "since": "2026-11-21T22:21:39.500+00:00",
        "firewall": {"state": text, "repairs": 1},
        "store": {"state": text},
        "silent": [{"name": text, "seconds": 60.0, "events": 20, "packets": 0}],
        "bans": 1,
        "tracked": 2,
        "friends": 3,
        "known": 4,
        "sight": ["utf8-blind"],
        "hidden": 1,
        "notices": {"overflows": 1},
        "channels": {"compared": 9, "untold": {text: 1}, "shortened": 0, "lacking": [text]},
        "sources": [source],
    }
