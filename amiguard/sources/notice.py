"""Pure: the bytes of a log of level `notice` alone -> notices.

Touch this when Asterisk frames its records in another way (what they say is in
`noticelines`), or when a new way to forge one is found.

A notice is weak evidence.  It names no transport, so none is proof.  And in
lines of text a peer can write whole records where a value may hold a line
break: IAX2's names and numbers (with `authdebug`), AMI over HTTP's user names.
If he is careless he leaves text behind that belongs to no record; if he is not,
only the JSON form (`notice.json => [json]notice`) tells.  That one, in turn,
never shows a record with a byte that is not UTF-8.
"""

from __future__ import annotations

import json
import re
from typing import Final

from amiguard.sources import grammar, noticelines
from amiguard.sources.noticelines import Health, Notice, Unclear
from amiguard.sources.securitylog import SANDWICH_RECORDS, SWITCH_LINES, Ambiguous, Sandwich

_EXCERPT: Final = 200
_ORIGIN: Final = re.compile(rb"([\w./]{1,80})(?::[0-9]+ (?:in )?[\w*]{1,80})?: ")
"""Who wrote a record, behind its level: the file, in some forms the line and the function too."""
_JSON: Final = grammar.json_record(file=rb"([\w./]+)", function=rb"[\w*]+", level=rb"[A-Z]+")
"""A record of any level: the file that wrote it, and the message, still escaped."""
_MD5: Final = b" failed MD5 authentication"

_Outcome = Notice | Health | Ambiguous


class NoticeLog:
    """One file's notices, in whatever form.

    The form is learnt from the first record and kept, as for the security log.
    A record that ends in the middle, and text that belongs to none, show that
    somebody wrote a line break.  The records around may be of his writing, and
    blame nobody: 16 before such text as far as they came in the same block, and
    those behind either for 16 records, 8 KiB or a second, whichever is first.
    """

    def __init__(self) -> None:
        """Begin a file."""
        self._json: bool | None = None
        self._json_lines = 0
        self._orphaned = False
        self._doubt: Sandwich | None = None

    @property
    def settled(self) -> bool:
        """Whether the next line can be understood without those before it."""
        return self._doubt is None

    @property
    def form(self) -> str:
        """`json` or `classic`: what the file was seen to be written in."""
        return "json" if self._json else "classic"

    def feed(self, data: bytes, receipt: float) -> list[Notice | Health | Ambiguous]:
        """Read whole lines.

        Args:
            data: lines ending in LF.  If the last one lacks it, the file ended
                there for good, and the record counts as torn.
            receipt: seconds since the epoch when the lines were read.

        Returns:
            What each record says, those that say nothing of log-ins left out.
        """
        *lines, torn = data.split(b"\n")
        found: list[tuple[bytes, _Outcome]] = []
        for line in lines:
            outcome = _json(line) if self._is_json(line) else self._classic(line, receipt, found)
            if outcome:
                found.append((line, outcome))
        if torn:
            found.append((torn, _ambiguous("a record torn off at the end of its file", torn)))
        return [outcome for _, outcome in found]

    def _is_json(self, line: bytes) -> bool:
        """Which form to read a line in; a JSON line in a classic file is what an attacker would write."""
        if line.startswith(grammar.JSON_START):
            self._json_lines = self._json_lines + 1 if _JSON.fullmatch(line) else 0
            if self._json is None or self._json_lines >= SWITCH_LINES:
                self._json, self._doubt = True, None
            return self._json
        self._json_lines = 0
        if self._json is not False and grammar.RECORD_START.match(line) and not grammar.BANNER.match(line):
            self._json = False
        return bool(self._json)

    def _classic(self, line: bytes, receipt: float, found: list[tuple[bytes, _Outcome]]) -> _Outcome | None:
        start = grammar.RECORD_START.match(line)
        if not start:
            return self._orphan(line, receipt, found)
        self._orphaned = False
        origin = _ORIGIN.match(line, start.end())
        said = noticelines.read(origin[1], line[origin.end() :], escaped=False) if origin else None
        suspect = self._suspect(line, receipt)
        if isinstance(said, Unclear):
            return self._unclear(line, receipt, whole=said.whole)
        return _ambiguous("beside a record that was broken", line) if said and suspect else said

    def _suspect(self, line: bytes, receipt: float) -> bool:
        if self._doubt and not self._doubt.holds(line, receipt, starts=True):
            self._doubt = None
        return self._doubt is not None

    def _unclear(self, line: bytes, receipt: float, *, whole: bool) -> Ambiguous:
        if whole:
            return _ambiguous("a value that can be read in more than one way", line)
        self._doubt = Sandwich(receipt)
        return _ambiguous("a record that ends in the middle", line)

    def _orphan(self, line: bytes, receipt: float, found: list[tuple[bytes, _Outcome]]) -> Ambiguous | None:
        for at in range(max(len(found) - SANDWICH_RECORDS, 0), len(found)):
            before, outcome = found[at]
            if not isinstance(outcome, Ambiguous):
                found[at] = before, _ambiguous("before text that belongs to no record", before)
        self._doubt = Sandwich(receipt)
        first, self._orphaned = not self._orphaned, True
        return _ambiguous("text that belongs to no record", line) if first else None


def _json(line: bytes) -> _Outcome | None:
    record = _JSON.fullmatch(line) if len(line) <= grammar.LONGEST else None
    if not record:
        return None if grammar.BANNER.match(line) else _ambiguous("no record of the log", line)
    try:
        message: str = json.loads(b'"%s"' % record[2])
    except ValueError:
        return _ambiguous("no record of the log", line)
    said = noticelines.read(record[1], message.encode("utf-8", "surrogatepass"), escaped=True)
    if isinstance(said, Unclear):
        return _ambiguous("a value that can be read in more than one way", line)
    return said


def _ambiguous(why: str, text: bytes) -> Ambiguous:
    return Ambiguous(why, text.partition(_MD5)[0][:_EXCERPT])  # behind that stands the right answer
