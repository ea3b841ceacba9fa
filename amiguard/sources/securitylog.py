"""Pure: the bytes of a security log -> security events.

Touch this when Asterisk writes its log in another form (the patterns are in
`grammar`), or when a new way to forge a record is found.

Nothing but LF ends a line, and a record is not always a line: text that does
not begin like a record belongs to the record before.  A record that ends in
the middle opens a *sandwich*: an attacker has put a line break into it, and
what stands before the record's rest may be of his writing.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.sources import byposition, cutrecord, grammar
from amiguard.sources.grammar import LOGIN, OTHER
from amiguard.sources.security import Mapper
from amiguard.sources.strict import Hushed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from amiguard.model import SecurityEvent
    from amiguard.sources.cutrecord import Beginning

SANDWICH_RECORDS: Final = 16
SANDWICH_BYTES: Final = 8192
SANDWICH_SECONDS: Final = 1.0
SWITCH_LINES: Final = 64
"""JSON lines in a row after which a classic file counts as JSON: more than one record can hold."""

BROKEN: Final = "a record that ends in the middle"
"""Why what opens a sandwich is ambiguous."""

_TWICE: Final = "a value that can be read in more than one way"
_EXCERPT: Final = 200
_SECURITY: Final = re.compile(grammar.CLASSIC_PREFIX)


class Ambiguous(NamedTuple):
    """A record that can be read in no way, or in several: it blames nobody.

    `beginning`: what can be told of a record that Asterisk cut.
    """

    why: str
    text: bytes
    beginning: Beginning | None = None


_Mark = re.Match[bytes] | Ambiguous
"""What a look at a line has left: to look at all before the first is taken apart keeps caches warm."""


class SecurityLog:
    """One file's records, whatever form they are written in.

    The form is learnt from the first record and kept: a JSON line within a
    classic file is what an attacker would write there.
    """

    def __init__(
        self, *, skip_challenges: bool = True, skip_repeats: bool = False, hushed: Hushed | None = None
    ) -> None:
        """Begin a file.

        Args:
            skip_challenges: ChallengeSent for a known account is passed over.
            skip_repeats: of SuccessfulAuth alike in all but session and time, the
                first within the same half hour of the clock is enough.
            hushed: who need not be told of, being banned; is told when what is read came.
        """
        self._hushed = hushed
        mapper = Mapper()
        json, classic = (grammar.form(json=json, skip_challenges=skip_challenges) for json in (True, False))
        self._json = _Json(json, mapper, skip_repeats=skip_repeats, hushed=hushed)
        self._classic = _Classic(classic, mapper, skip_repeats=skip_repeats, hushed=hushed)
        self._reader: _Json | _Classic = self._classic

    @property
    def settled(self) -> bool:
        """Whether the next line can be understood without those before it."""
        return self._classic.sandwich is None

    @property
    def skipped(self) -> int:
        """Events that were passed over because they are worth nothing."""
        return self._json.skipped + self._classic.skipped

    @property
    def form(self) -> str:
        """`json` or `classic`: what the file was seen to be written in."""
        return "json" if self._reader is self._json else "classic"

    def feed(self, data: bytes, receipt: float) -> list[SecurityEvent | Ambiguous]:
        """Read whole lines.

        Args:
            data: lines ending in LF.  If the last one lacks it, the file ended
                there for good, and the record counts as torn.
            receipt: seconds since the epoch when the lines were read.

        Returns:
            Each event, and each ambiguous record, in the file's order.
        """
        if self._hushed:
            self._hushed.now = receipt
        whole = data.rfind(b"\n") + 1
        at = 0
        found: list[SecurityEvent | Ambiguous] = []
        while at < whole:
            marks: list[_Mark] = []
            at = self._reader.look(data, at, whole, receipt, marks)
            found += self._reader.events(marks)
            if at < whole:
                self._reader = self._classic if self._reader is self._json else self._json
        if whole < len(data):
            found.append(_ambiguous("a record torn off at the end of its file", data[whole:]))
        return found


def _ambiguous(why: str, text: bytes) -> Ambiguous:
    return Ambiguous(why, text[:_EXCERPT].partition(b"ExpectedResponse")[0])  # on the AMI that is a secret


class _Lines(Reader, ABC):
    """The lines of one form."""

    @abstractmethod
    def look(self, data: bytes, at: int, end: int, receipt: float, marks: list[_Mark]) -> int:
        """Look at lines from `at` on, which leave `marks`; returns where another form begins, or `end`."""

    @abstractmethod
    def _unclear(self, match: re.Match[bytes]) -> SecurityEvent | Ambiguous:
        """What a line is whose fields are not those of its kind, or that is not clean."""

    def events(self, marks: Iterable[_Mark]) -> Iterator[SecurityEvent | Ambiguous]:
        """Take lines apart, one by one."""
        for mark in marks:
            if isinstance(mark, Ambiguous):
                yield mark
            elif self.idle(mark):
                self.skipped += 1
            else:
                yield (mark.lastindex != OTHER and self.strict(mark)) or self._unclear(mark)


class _Json(_Lines):
    """An object a line: no line break gets out of it, and no quote."""

    def look(self, data: bytes, at: int, end: int, receipt: float, marks: list[_Mark]) -> int:
        """As `_Lines` has it."""
        del receipt  # no record of this form depends on the one before
        told = self.told
        for match in self._form.scan.finditer(data, at, end):
            kind = match.lastindex
            if kind is None or (kind == LOGIN and match.group(1, 2, 3, 4) in told):
                self.skipped += 1
            elif kind != OTHER or not grammar.RECORD_START.match(line := match.group()):
                marks.append(match)
            elif not grammar.BANNER.match(line):
                return match.start()
        return end

    def _unclear(self, match: re.Match[bytes]) -> SecurityEvent | Ambiguous:
        line = match.group()[:-1]
        record = grammar.JSON_RECORD.fullmatch(line) if len(line) <= grammar.LONGEST else None
        if not record:
            if len(line) < grammar.LONGEST - 1:
                return _ambiguous("no record of the security log", line)
            cut = _ambiguous("cut at Asterisk's size limit", line)
            return cut._replace(beginning=cutrecord.read(line, self._mapper))
        try:
            message: str = json.loads(b'"%s"' % record[1])
            event = byposition.read(message.encode("utf-8", "surrogatepass"), self._mapper)
        except ValueError:
            event = None
        return event or _ambiguous("not a security event as Asterisk writes them", line)


class Sandwich:
    """How long what follows a broken record is suspect."""

    def __init__(self, opened: float) -> None:
        self._opened = opened
        self._records = 0
        self._bytes = 0

    def holds(self, line: bytes, receipt: float, *, starts: bool) -> bool:
        """Whether it still holds for this line, which it counts: as a record if one starts there."""
        self._records += starts
        self._bytes += len(line)
        return (
            self._records <= SANDWICH_RECORDS
            and self._bytes <= SANDWICH_BYTES
            and receipt - self._opened <= SANDWICH_SECONDS
        )


class _Classic(_Lines):
    """Lines that an attacker can break: only what has one reading counts."""

    def __init__(
        self, form: grammar.Form, mapper: Mapper, *, skip_repeats: bool, hushed: Hushed | None
    ) -> None:
        super().__init__(form, mapper, skip_repeats=skip_repeats, hushed=hushed)
        self.sandwich: Sandwich | None = None
        self._seen = False
        self._orphans = 0
        self._json_lines = 0

    def look(self, data: bytes, at: int, end: int, receipt: float, marks: list[_Mark]) -> int:
        """As `_Lines` has it."""
        while at < end:
            if self.sandwich:
                at = self._inside(self.sandwich, data, at, receipt, marks)
            else:
                at = self._outside(data, at, end, receipt, marks)
                if at < end and not self.sandwich:
                    return at
        return end

    def _outside(self, data: bytes, at: int, end: int, receipt: float, marks: list[_Mark]) -> int:
        told = self.told
        for match in self._form.scan.finditer(data, at, end):
            kind = match.lastindex
            if kind is None or (kind == LOGIN and match.group(1, 2, 3, 4) in told):
                self.skipped += 1
            elif kind != OTHER:
                marks.append(match)
            else:
                line = match.group()[:-1]
                if self._json_begins(line):
                    return match.start()
                if doubt := self._odd(line, receipt):
                    marks.append(doubt)
                if self.sandwich:
                    return match.end()
                continue
            if self._orphans or not self._seen:
                self._record()
        return end

    def _unclear(self, match: re.Match[bytes]) -> Ambiguous:
        return _ambiguous(_TWICE, match.group()[:-1])

    def _record(self) -> None:
        """A record of this form was seen."""
        self._seen, self._orphans, self._json_lines = True, 0, 0

    def _json_begins(self, line: bytes) -> bool:
        """Whether it is time to believe that this is a JSON log."""
        if not line.startswith(grammar.JSON_START):
            return False
        self._json_lines += 1
        if self._seen and self._json_lines < SWITCH_LINES:
            return False
        self._json_lines = 0
        return True

    def _odd(self, line: bytes, receipt: float) -> Ambiguous | None:
        if not grammar.RECORD_START.match(line):
            self._orphans += 1
            return _ambiguous("text that belongs to no record", line) if self._orphans == 1 else None
        if grammar.BANNER.match(line):
            return None  # it stands before JSON as well
        self._record()
        if not _SECURITY.match(line):
            return None  # a record of another level
        if _complete(line):
            return _ambiguous(_TWICE, line)
        self.sandwich = Sandwich(receipt)
        return _ambiguous(BROKEN, line)

    def _inside(self, sandwich: Sandwich, data: bytes, at: int, receipt: float, marks: list[_Mark]) -> int:
        """One line of a sandwich; returns where the next begins."""
        end = data.index(b"\n", at)
        line = data[at:end]
        starts = grammar.RECORD_START.match(line) is not None
        if not sandwich.holds(line, receipt, starts=starts):
            self.sandwich = None
            return at
        if _complete(line) and not (starts and self._is_clean(data, at)):
            self.sandwich = None  # the rest has come, which may itself begin like a record
        if starts:
            marks.append(_ambiguous("inside a record that was broken", line))
        return end + 1

    def _is_clean(self, data: bytes, at: int) -> bool:
        match = self._form.scan.match(data, at)
        return match is not None and match.lastindex != OTHER


def _complete(line: bytes) -> bool:
    """Whether the line ends as a security record ends: line breaks come only before the addresses."""
    return b'Address="IPV' in line and line.endswith((b'"', b'"\r'))
