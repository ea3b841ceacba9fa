"""Edge: the recorded attacks in `corpus/`, as its index tells them."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from amiguard.model import Prefix

CORPUS = Path(__file__).parent / "corpus"
HONEST_PHONE = Prefix.parse("198.51.100.10")
"""Never guesses, in any case."""
WORTHLESS = {
    # What follows a successful log-in is a misconfigured phone; the second session is no guess.
    "ami-session-limit",
    "pjsip-aor-no-registration",
    "pjsip-bad-contact",
    "pjsip-good-auth-foreign-aor",
    "pjsip-no-aor",
    "pjsip-other-aor",
    "pjsip-reregister-max-contacts-exceeded",
    "pjsip-tcp",
    "pjsip-too-many-contacts",
}
"""Cases with a failure that is worth no points."""
OVERSIZE = {"inject-pjsip-callid-glue", "inject-pjsip-callid-glue-forged"}
"""Cases whose every failure is cut at Asterisk's size limit: a log alone cannot tell who it was."""
LOGGED_IN = {"ami-not-allowed", "ami-unknown-action"}
"""Cases in which somebody logs in to the AMI and asks for too much: he is blamed, and spared as a friend."""
FORGED = {"inject-ami-http-forged-both"}
"""Whole events and records written through AMI over HTTP: only a JSON log tells them from true ones."""


class Case(NamedTuple):
    """One attack, or one honest use, on one release."""

    release: str
    name: str
    sources: frozenset[Prefix]
    """The only addresses that sent anything."""
    done: str

    def read(self, channel: str) -> bytes:
        """What the channel (`security`, `json`, `messages` or `ami`) said; empty when it stayed silent."""
        path = CORPUS / self.release / f"{self.name}.{channel}"
        return path.read_bytes() if path.exists() else b""

    def __str__(self) -> str:
        return f"{self.release}/{self.name}"


@cache
def cases() -> tuple[Case, ...]:
    """Every case of the index."""
    with (CORPUS / "index.tsv").open(encoding="utf-8", newline="") as index:
        rows = csv.reader(index, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        return tuple(
            Case(release, name, frozenset(map(Prefix.parse, sources.split(","))), done)
            for release, name, sources, done in rows
        )
