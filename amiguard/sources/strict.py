"""Pure: a clean record -> event, the same for log and AMI.

Without quotes and control characters in its values a record can be read in one way only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from amiguard.sources.grammar import LOGIN, OTHER, POINTER

if TYPE_CHECKING:
    import re

    from amiguard.model import SecurityEvent
    from amiguard.sources.grammar import Form
    from amiguard.sources.security import Mapper


class Hushed(Protocol):
    """Knows who is banned `now`, in seconds since the epoch."""

    now: float

    def holds(self, local: bytes, host: bytes, kind: bytes, session: bytes) -> bool:
        """Whether nothing can follow from a record of this kind and session that names these places."""


LOGINS: Final = 16_384
"""Log-ins that are remembered; then all are told once more."""
_SCANNED: Final = (5, 6, 7, 8, 9, 11, 12, 13, 14)
_CLEAN: Final = (1, 2, 3, 4, 5, 7, 8, 9, 10)
"""The groups of a record: as `Form.scan` has them, and as `Form.clean` does."""
_PLACES: Final = (11, 12, 5, 9)
"""Those of `Form.scan` that `Hushed.holds` asks for."""


class Reader:
    """The strict reading of one form.

    Attributes:
        skipped: events that were passed over because they are worth nothing.
        told: log-ins, by their groups: within the same half hour one like these tells nothing new.
    """

    def __init__(
        self, form: Form, mapper: Mapper, *, skip_repeats: bool, hushed: Hushed | None = None
    ) -> None:
        self.skipped = 0
        self.told: set[tuple[bytes, ...]] = set()
        self._form = form
        self._mapper = mapper
        self._skip_repeats = skip_repeats
        self._hushed = hushed

    def idle(self, match: re.Match[bytes]) -> bool:
        """Whether a log-in tells nothing new, or another clean record is one of somebody who is banned."""
        if match.lastindex == LOGIN:
            return match.group(1, 2, 3, 4) in self.told
        if match.lastindex == OTHER or self._hushed is None:
            return False
        return self._hushed.holds(*match.group(*_PLACES))

    def strict(self, match: re.Match[bytes]) -> SecurityEvent | None:
        """The event of a log-in or another clean record; None when its fields are not those of its kind."""
        if match.lastindex == LOGIN:
            return self._login(match)
        return self._event(match, *match.group(*_SCANNED))

    def _login(self, match: re.Match[bytes]) -> SecurityEvent | None:
        again = self._form.clean.match(match.string, match.start())
        event = self._event(again, *again.group(*_CLEAN)) if again else None
        if event and self._skip_repeats:
            if len(self.told) >= LOGINS:
                self.told.clear()
            self.told.add(match.group(1, 2, 3, 4))
        return event

    def _event(
        self,
        match: re.Match[bytes],
        name: bytes,
        eventtv: bytes,
        rest: bytes,
        account: bytes | None,
        session: bytes,
        local: bytes,
        host: bytes,
        port: bytes,
        tail: bytes,
    ) -> SecurityEvent | None:
        head = self._form.heads.get((name, rest))
        begin, end = match.span()
        if head is None or end - begin > self._form.longest:
            return None
        kind, service, tail_pattern, account_at = head
        behind = tail_pattern.fullmatch(tail)
        if behind is None or (account is None) is (account_at is None):
            return None
        if service != b"PJSIP" and not POINTER.fullmatch(session):
            return None
        details = behind.groups()
        if account_at is not None:
            account = details[account_at]
        try:
            return self._mapper.event(
                kind, service, eventtv, account or b"", session, local, host, port, details
            )
        except ValueError:
            return None
