"""Pure: fail2ban's jails: what is watched, by which filter, and how long one is banned.

What counts is what jail.conf, jail.d/*.conf, jail.local and jail.d/*.local say
together.  See fail2ban's manual page jail.conf(5).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from amiguard.fail2ban.ini import FilterError
from amiguard.model import FOREVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.fail2ban.ini import Layers

_SECTIONS: Final = {"DEFAULT", "INCLUDES"}
_ON: Final = {"1", "on", "true", "yes"}
_GIVEN: Final = {"fail2ban_confpath": "/etc/fail2ban", "fail2ban_version": "1.0"}
"""What fail2ban itself gives, beside each jail's own name."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 2_629_800, "y": 31_557_600}
_SPAN: Final = re.compile(r"(\d+)\s*([a-z]*)\s*", re.IGNORECASE)
_LONG: Final = re.compile(
    r"(?:second|sec|ss|s)s?|(?:minute|min|mm|m)s?|(?:hour|hh|h)s?|(?:day|dd|d)s?|"
    r"(?:week|ww|w)s?|(?:month|mon|mo)s?|(?:year|yy|y)s?"
)
_OWN: Final = (
    "failregex",
    "ignoreregex",
    "prefregex",
    "datepattern",
    "maxlines",
    "ignorecommand",
    "ignorecache",
)
"""What a jail may say, and amiguard knows of filters alone, or not at all."""
_STEPS: Final = 12
"""Growing bans that are written down; the last repeats."""


class Jail(NamedTuple):
    """One that is enabled.  Times are in seconds, `FOREVER` for good; `own` is what else it says."""

    name: str
    filter: str
    logs: tuple[str, ...]
    journal: bool
    maxretry: int
    findtime: float
    bantimes: tuple[float, ...]
    ignored: tuple[str, ...]
    usedns: bool
    own: tuple[str, ...]


def enabled(layers: Layers) -> Iterator[Jail | FilterError]:
    """The jails that are on, and what is wrong with those that cannot be understood, in their order."""
    for name in layers.sections():
        if name not in _SECTIONS:
            jail = _Reader(layers, name)
            try:
                if jail.text("enabled").lower() in _ON:
                    yield jail.jail()
            except FilterError as error:
                yield FilterError(f"[{name}]: {error}")


def seconds(text: str) -> float:
    """A time as fail2ban writes it: `600`, `10m`, `1d 12h`; below 0 is `FOREVER`.

    Raises:
        FilterError: it is none.
    """
    bare = text.strip().lower()
    if bare.startswith("-"):
        return FOREVER
    parts = _SPAN.findall(bare)
    if not parts or _SPAN.sub("", bare):
        raise FilterError(f"{text!r} is no time")
    return float(sum(int(count) * _unit(name, text) for count, name in parts))


def _unit(name: str, text: str) -> int:
    if name and not _LONG.fullmatch(name):
        raise FilterError(f"{text!r} is no time")
    return _UNITS["mo" if name.startswith("mo") else name[:1] or "s"]


class _Reader:
    """The options of one jail."""

    def __init__(self, layers: Layers, name: str) -> None:
        self._layers = layers
        self._name = name
        self._given = {**_GIVEN, "__name__": name}

    def text(self, option: str, default: str = "") -> str:
        value = self._layers.get(self._name, option, self._given)
        return default if value is None else value.strip()

    def jail(self) -> Jail:
        return Jail(
            self._name,
            self.text("filter", self._name),
            tuple(
                re.sub(r"\s+(?:tail|head)$", "", line.strip()) for line in self.text("logpath").splitlines()
            ),
            self.text("backend").startswith("systemd"),
            self._count("maxretry", "5"),
            seconds(self.text("findtime", "10m")),
            tuple(self._bantimes()),
            tuple(re.split(r"[\s,]+", self.text("ignoreip")) if self.text("ignoreip") else ()),
            self.text("usedns").lower() == "yes",
            tuple(option for option in _OWN if option in self._layers.options(self._name)),
        )

    def _count(self, option: str, default: str) -> int:
        text = self.text(option, default)
        if not text.isdigit() or not int(text):
            raise FilterError(f"{option} = {text!r}: not a number above 0")
        return int(text)

    def _bantimes(self) -> list[float]:
        """The first ban, the second, ..., as far as they grow."""
        first = seconds(self.text("bantime", "10m"))
        if self.text("bantime.increment").lower() not in _ON:
            return [first]
        longest = seconds(self.text("bantime.maxtime", "-1"))
        factors = self.text("bantime.multipliers").split() or [str(2**n) for n in range(_STEPS)]
        if not all(factor.isdigit() for factor in factors):
            raise FilterError(f"bantime.multipliers = {' '.join(factors)!r}: not all are numbers")
        grown = [min(first * int(factor), longest) for factor in factors[:_STEPS]]
        return list(dict.fromkeys(grown))
