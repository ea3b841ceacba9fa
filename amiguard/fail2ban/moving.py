"""Pure: what fail2ban does -> the configuration of amiguard that does it, and what has no equivalent."""

from __future__ import annotations

import ipaddress
import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from amiguard.fail2ban.request import asked
from amiguard.sources.refusal import level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from amiguard.fail2ban.jails import Jail

_T = TypeVar("_T")

BEGIN: Final = "# From fail2ban; `amiguard import-fail2ban --apply` writes this part anew."
END: Final = "# That was from fail2ban."
_THRESHOLD: Final = 9.0
_RECIDIVE: Final = "recidive"
_UNITS: Final = (("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_BANS: Final = "amiguard bans all ports by itself: `port`, `banaction` and `action` mean nothing to it"


class Move(NamedTuple):
    """A part of amiguard.toml, and what an administrator should know of it."""

    toml: str
    notes: tuple[str, ...]


def move(jails: Sequence[Jail], security_log: str, complaint: Callable[[str], str]) -> Move:
    """Say in amiguard's words what these jails do.

    Args:
        jails: those that are enabled.
        security_log: where Asterisk's security log is.
        complaint: why a filter cannot be used; empty if it can.
    """
    notes = [_BANS] if jails else ["no jail is enabled"]
    refused = {jail.name: why for jail in jails if (why := _why_not(jail, complaint))}
    notes += [f"[{name}]: {why}" for name, why in refused.items()]
    kept = [jail for jail in jails if jail.name not in refused]
    blocks = [_log(security_log)] * bool(kept and security_log) + list(_logs(kept, notes))
    notes += [note for jail in kept for note in _own(jail)]
    blocks += _score(kept, notes)
    blocks += _ban(kept, notes)
    blocks += _allow(jails, notes)
    toml = "\n".join([BEGIN, *blocks, END, ""]) if blocks else ""
    return Move(toml, tuple(dict.fromkeys(notes)))


def _why_not(jail: Jail, complaint: Callable[[str], str]) -> str:
    """Why a jail becomes no log; empty if it does."""
    name = asked(jail.filter).name
    if level(name):
        return "Asterisk's security log is read by amiguard itself, and better"
    if name == _RECIDIVE:
        return "bans grow longer by themselves: ban.durations"
    if jail.journal:
        return "it reads the journal; name a file in [[log]] if there is one"
    if not any(jail.logs):
        return "it has no logpath"
    return complaint(jail.filter)


def _logs(jails: Sequence[Jail], notes: list[str]) -> Iterator[str]:
    """A log for each path, which one filter alone can read."""
    readers: dict[str, str] = {}
    for jail in jails:
        for path in jail.logs:
            if (reader := readers.setdefault(path, jail.filter)) == jail.filter:
                yield _log(path, jail)
            else:
                notes.append(f"[{jail.name}]: {path} is read by {reader} already, and a log has one filter")


def _log(path: str, jail: Jail | None = None) -> str:
    lines = ["[[log]]", f"path = {json.dumps(path)}"]
    if jail:
        lines += [f"filter = {json.dumps(jail.filter.removesuffix('[mode=normal]'))}"]
        lines += ["usedns = true"] * jail.usedns
    return "\n".join(lines) + "\n"


def _score(jails: Sequence[Jail], notes: list[str]) -> Iterator[str]:
    """As many failures as `maxretry` ban, if they come within `findtime`; one less does not."""
    points: dict[str, float] = {}
    for jail in jails:
        name = asked(jail.filter).name
        worth = round(_THRESHOLD / (jail.maxretry - 0.5), 2)
        if points.setdefault(name, worth) != worth:
            points[name] = max(points[name], worth)
            notes.append(f"[{jail.name}]: maxretry = {jail.maxretry}: jails of one filter share its points")
    if points:
        half_life = _commonest(jails, notes, "findtime", lambda jail: jail.findtime)
        yield f"[score]\nfast = {{ half_life = {_text(half_life)}, threshold = {_THRESHOLD} }}\n"
        rows = (f'"Failure.{name}" = {worth}\n' for name, worth in sorted(points.items()))
        yield f"[score.points]\n{''.join(rows)}"


def _ban(jails: Sequence[Jail], notes: list[str]) -> Iterator[str]:
    if jails:
        times = _commonest(jails, notes, "bantime", lambda jail: jail.bantimes)
        yield f"[ban]\ndurations = [{', '.join(map(_text, times))}]\n"


def _commonest(jails: Sequence[Jail], notes: list[str], name: str, of: Callable[[Jail], _T]) -> _T:
    """What most jails say, which has to do for all; the others are told of."""
    (value, _), *_ = Counter(map(of, jails)).most_common(1)
    notes += [
        f"[{jail.name}]: another {name} than most: there is one for all"
        for jail in jails
        if of(jail) != value
    ]
    return value


def _allow(jails: Sequence[Jail], notes: list[str]) -> Iterator[str]:
    """Whom a jail ignores is never banned at all."""
    networks: dict[str, None] = {}
    for jail in jails:
        for text in filter(None, jail.ignored):
            try:
                network = ipaddress.ip_network(text, strict=False)
            except ValueError:
                notes.append(f"ignoreip {text}: not an address, and only those are never banned")
                continue
            if not network.is_loopback:
                networks[str(network)] = None
    if networks:
        yield f"[allow]\nnetworks = {json.dumps(list(networks))}\n"


def _own(jail: Jail) -> Iterator[str]:
    for option in jail.own:
        why = "has no equivalent" if option.startswith("ignorec") else "belongs into a filter file"
        yield f"[{jail.name}]: {option} {why}"


def _text(seconds: float) -> str:
    """A duration as amiguard.toml has it."""
    if math.isinf(seconds):
        return '"forever"'
    size, unit = next((size, unit) for unit, size in _UNITS if not seconds % size)
    return f'"{int(seconds / size)}{unit}"'


def merged(text: str, block: str) -> str:
    """A configuration file with this part instead of the one that was written before, else behind all."""
    before, begin, rest = text.partition(BEGIN)
    _, end, behind = rest.partition(END + "\n")
    if begin and end:
        return before + block + behind
    return text + "\n" * bool(text) + block
