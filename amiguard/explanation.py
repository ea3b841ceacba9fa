"""Pure: what is known of a source -> why it is banned, or why it is not, as `explain` shows it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard import views
from amiguard.judge import evidence, wording
from amiguard.sources import recordtext, security

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amiguard.config import Config
    from amiguard.judge.dossier import Dossier, Neighbours, Scale
    from amiguard.judge.evidence import Exhibit
    from amiguard.model import Ban
    from amiguard.store.rows import BanRow

HISTORY: Final = 50
"""Bans of the past that are told, the newest."""

_ORIGINS: Final = {
    "operator": "an operator wanted it",
    "fail2ban": "fail2ban wanted it",
    "fleet": "another PBX of the fleet wanted it",
}
_CLOSED: Final = {
    "house": "the evidence is beyond forgery, so it closes the house: every port, or firewall.ports",
    "door": "the evidence could be forged, so it closes the door alone: UDP to the SIP ports",
}


class Effect(NamedTuple):
    """What a ban in the kernel has done so far, and the seconds it has left (None: for ever)."""

    remaining: float | None
    packets: int
    bytes: int


def explain(
    dossier: Dossier,
    neighbours: Neighbours,
    history: Sequence[BanRow],
    effect: Effect | None,
    config: Config,
    *,
    served: bool = True,
) -> dict[str, Any]:
    """The whole of it, but for the version.

    Args:
        dossier: what the guard knows.
        neighbours: who shares its network.
        history: its bans, newest first, with their evidence.
        effect: what the ban has done in the kernel; None where that is not known.
        config: by which it is judged.
        served: a service runs, which alone knows the known peers.
    """
    ban = dossier.ban
    case = _case(dossier, history)
    records = list(evidence.unpack(case.evidence))
    return {
        "address": dossier.source.address,
        "prefix": dossier.source.length,
        "verdict": _verdict(dossier),
        "why": _why(dossier, history),
        "rule": _rule(ban, config) if ban else None,
        "held": effect is not None,
        "ban": views.running(ban, *(effect or _unseen(ban, dossier.at))) if ban else None,
        "scales": [_scale(each) for each in dossier.scales],
        "evidence_of": views.moment(case.ban.since) if case.ban else None,
        "decided": wording.scale(case.ban.reason) if case.ban else "",
        "before": round(_before(records), 2),
        "evidence": [exhibit(each) for each in records],
        "checks": list(_checks(dossier, config, served=served)),
        "history": [_past(row, dossier.at) for row in history],
        "neighbours": _neighbours(neighbours),
        "alarms": [views.alarm(alarm) for alarm in dossier.alarms],
    }


def exhibit(one: Exhibit) -> dict[str, Any]:
    """A record of evidence as `views` has it, with its words, its meaning and both scores.

    `record` is null where a notice alone told of it: Asterisk wrote no such record.
    """
    text = recordtext.record(one.event)
    return {
        **views.exhibit(one),
        "slow": round(one.slow, 2),
        "told": one.told,
        "meaning": security.meaning(one.event),
        "record": None if one.told == "notice" else views.printable(text),
        "cut": one.cut,
    }


def _verdict(dossier: Dossier) -> str:
    if dossier.ban is not None:
        return "banned"
    return "never banned" if dossier.protections else "not banned"


def _nearest(dossier: Dossier) -> Scale:
    """The scale on which the least is wanting."""
    return min(dossier.scales, key=lambda scale: scale.left)


class _Case(NamedTuple):
    """The evidence that is worth a look, and the ban that rests on it, if one does."""

    ban: Ban | None
    evidence: bytes


def _case(dossier: Dossier, history: Sequence[BanRow]) -> _Case:
    """That of the ban that runs; without one, what was done since the last ban, or else that ban's."""
    if (ban := dossier.ban) is not None:
        return _Case(ban, next((row.evidence for row in history if row.ban.key == ban.key), b""))
    last = next((row for row in history if row.evidence), None)
    if dossier.records or last is None:
        return _Case(None, dossier.records)
    return _Case(last.ban, last.evidence)


def _before(records: Sequence[Exhibit]) -> float:
    """What was left, at the first record, of points whose records are no longer kept."""
    return max(records[0].score - records[0].points, 0.0) if records else 0.0


def _why(dossier: Dossier, history: Sequence[BanRow]) -> str:
    if dossier.ban is not None:
        return views.printable(dossier.ban.reason)
    if dossier.protections:
        network, why = dossier.protections[0]
        return f"{network} is never banned: {why}"
    ended = history[0].end(dossier.at) if history else None
    past = f"its last ban {ended[1]} {views.moment(ended[0])}; " if ended else ""
    return past + _how_far(dossier)


def _how_far(dossier: Dossier) -> str:
    records = list(evidence.unpack(dossier.records))
    scale = _nearest(dossier)
    if not records and not scale.score:
        return "no failure is held against it"
    score = f"score {scale.score:.1f} of {scale.threshold:g} ({scale.name} scale, {scale.network})"
    points = records[-1].points if records else 0.0
    more = math.ceil(scale.left / points) if points else 0
    like = f", {more} more like the last one" if more else ""
    return f"{score}; {scale.left:.1f} points are wanting{like}"


def _rule(ban: Ban, config: Config) -> str:
    if ban.origin != "judged":
        return _ORIGINS[ban.origin]
    lasts, forgotten = views.span(ban.until - ban.since), views.span(config.ban.forget_after)
    strike = f"ban {ban.strike} within {forgotten} lasts {lasts}"
    return f"{_offence(ban, config)}; {_CLOSED[ban.scope]}; {strike}"


def _offence(ban: Ban, config: Config) -> str:
    name = wording.scale(ban.reason)
    scale = config.score.slow if name == "slow" else config.score.fast
    friends = f"{config.allow.authenticated_factor:g} times as many for friends"
    halve = views.span(scale.half_life)
    return f"{scale.threshold:g} points on the {name} scale, where they halve in {halve} ({friends})"


def _unseen(ban: Ban, now: float) -> Effect:
    return Effect(ban.left(now), 0, 0)


def _scale(scale: Scale) -> dict[str, Any]:
    return {
        "scale": scale.name,
        "network": str(scale.network),
        "score": round(scale.score, 2),
        "threshold": scale.threshold,
        "half_life": scale.half_life,
        "wanting": round(scale.left, 2),
    }


def _checks(dossier: Dossier, config: Config, *, served: bool) -> Iterator[dict[str, Any]]:
    """What might spare it, one by one; passed where nothing does."""
    protections = [f"{network} ({why})" for network, why in dossier.protections]
    yield _check("never banned", protections, "no network that is never banned holds it")
    yield _check("friend", _friend(dossier, config), "no log-in from it counts now")
    peers = [f"{peer.network} ({views.printable(peer.origin)})" for peer in dossier.peers]
    nobody = "no trunk or registered phone is known there"
    yield _check("known peer", peers, nobody if served else "not known, for no service runs")
    shared = dossier.friend is not None and dossier.friend.shared(dossier.at) and not config.ban.shared
    who = ["five accounts or more log in from it"] if shared else []
    yield _check("shared source", who, "few accounts log in from it, or none")


def _friend(dossier: Dossier, config: Config) -> list[str]:
    friend = dossier.friend
    if friend is None:
        return []
    factor = f"thresholds are {config.allow.authenticated_factor:g} times higher"
    accounts = f"accounts that log in from it: {len(friend.accounts)}"
    return [f"{accounts}; {factor} until {views.moment(friend.until)}"]


def _check(name: str, spared: list[str], otherwise: str) -> dict[str, Any]:
    return {"check": name, "passed": not spared, "text": "; ".join(spared) or otherwise}


def _past(row: BanRow, now: float) -> dict[str, Any]:
    return {**views.past(row, now), "evidence": [exhibit(each) for each in evidence.unpack(row.evidence)]}


def _neighbours(found: Neighbours) -> dict[str, Any]:
    named = [{"address": str(source), "kind": kind} for source, kind in found.named]
    return {"network": str(found.network), "counts": found.counts, "named": named}
