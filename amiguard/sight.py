"""Pure: what the channels that tell something now can show, and what mends the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Blindness(NamedTuple):
    """Something that we cannot see: its name, what it means, and what mends it, if anything does."""

    name: str
    meaning: str
    mend: str

    def __str__(self) -> str:
        return f"{self.name}: {self.meaning}" + (f"; mend: {self.mend}" if self.mend else "")


BLINDNESSES: Final = (
    Blindness(
        "oversize-blind",
        "a record over 8 KB is cut in the log, and blames nobody",
        "listen to the AMI as well: [[ami]] in amiguard.toml",
    ),
    Blindness(
        "crlf-blind",
        "line breaks in a user name break an AMI event and a classic record",
        "a JSON log: security.json => [json]security in logger.conf",
    ),
    Blindness(
        "quote-blind",
        "a classic record with a quote in a value is not believed",
        "a JSON log: security.json => [json]security in logger.conf",
    ),
    Blindness(
        "utf8-blind",
        "Asterisk drops events that are not UTF-8",
        'a log of notices as text: notice => notice in logger.conf, filter = "asterisk-notice"',
    ),
    Blindness(
        "forgeable",
        "AMI over HTTP is on, and whoever reaches it can write whole events; they prove nothing",
        "webenabled = no in manager.conf, or a JSON log",
    ),
    Blindness(
        "blind",
        "no channel has told an event since the start",
        "a log-in of any phone should show; else `amiguard check`",
    ),
)
"""In the order in which they are shown."""

FULL: Final = "full"
BY_NAME: Final = {each.name: each for each in BLINDNESSES}
_ORDER: Final = tuple(BY_NAME)
NOTICES: Final = "notices"
"""The form of a log of notices as text."""
_BLIND: Final = {
    "json": frozenset(("oversize-blind", "utf8-blind")),
    "ami": frozenset(("crlf-blind", "utf8-blind")),
    "classic": frozenset(("oversize-blind", "crlf-blind", "quote-blind", "utf8-blind")),
    NOTICES: frozenset(("oversize-blind", "crlf-blind", "quote-blind")),
}
"""What each way of telling events cannot show; invalid UTF-8 Asterisk itself keeps from all but notices."""


def sight(forms: Iterable[str], *, over_http: bool) -> list[str]:
    """The names of what none of the channels can show; `full` if there is nothing.

    Args:
        forms: of each channel that tells something: `json`, `classic`, `ami` or `NOTICES`.
        over_http: AMI over HTTP is on, so that only JSON cannot be forged.
    """
    heard = set(forms)
    if not heard - {NOTICES}:
        return ["blind"]
    blind = frozenset.intersection(*(_BLIND[form] for form in heard))
    if over_http and "json" not in heard:
        blind |= {"forgeable"}
    return sorted(blind, key=_ORDER.index) or [FULL]
