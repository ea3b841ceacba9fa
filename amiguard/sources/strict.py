"""Pure: a clean record -> event, the same for log and AMI.

Without quotes and control characters in its values a record can be read in one way only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.sources.grammar import POINTER

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from amiguard.model import SecurityEvent
    from amiguard.sources.grammar import Form
    from amiguard.sources.security import Mapper

ALIKE: Final = 300.0
"""Seconds within which log-ins alike in all but session and time tell nothing new."""
_LOGINS: Final = 16_384


class Repeats(dict[tuple[bytes, ...], float]):
    """Log-ins by all that tells one from another but session and time, and when the last one was told."""

    def __init__(self, mapper: Mapper) -> None:
        super().__init__()
        self._second = mapper.second

    def note(self, match: re.Match[bytes]) -> bool:
        """Whether a clean record is a log-in like one that was told lately; if not, this one will be."""
        if match[1] != b"SuccessfulAuth":
            return False
        login = match.group(3, 4, 6)
        try:
            now = self._second(match[2])
        except ValueError:
            return False
        if 0 <= now - self.get(login, -ALIKE) < ALIKE:
            return True
        if len(self) >= _LOGINS:
            self.clear()
        self[login] = now
        return False


class Reader:
    """The strict reading of one form.

    Attributes:
        skipped: events that were passed over because they are worth nothing.
        repeated: whether a clean record tells nothing new.
    """

    def __init__(self, form: Form, mapper: Mapper, repeats: Repeats | None) -> None:
        self.skipped = 0
        self.repeated: Callable[[re.Match[bytes]], bool] = repeats.note if repeats is not None else _never
        self._form = form
        self._mapper = mapper

    def strict(self, match: re.Match[bytes]) -> SecurityEvent | None:
        """The event of a clean record; None when its fields are not those of its kind."""
        name, eventtv, rest, account, session, _, local, host, port, tail, _ = match.groups()
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
            account = details[account_at] or b""
        try:
            return self._mapper.event(kind, service, eventtv, account, session, local, host, port, details)
        except ValueError:
            return None


def _never(_: re.Match[bytes]) -> bool:
    return False
