"""Pure: what is counted, and how it all stands, as families of figures."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard import __version__
from amiguard.metrics.exposition import Family, Sample
from amiguard.metrics.tally import BUCKETS
from amiguard.views import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from amiguard.metrics.tally import Delays, TallyingGuard

_UP: Final = ("following", "listening")
ORIGINS: Final = ("judged", "operator", "fail2ban", "fleet")


class State(NamedTuple):
    """How it all stands, beside what the guard knows.

    Attributes:
        since: when this session began, in seconds since the epoch.
        sources: rows of the channels, as `status` shows them.
        ambiguous: by channel, records that blamed nobody, by the reason.
        silent: the channels that have fallen silent.
        origins: how many bans run, by origin.
        firewall: whether the kernel obeys; always in a dry run.
        repairs: how often its table was put right.
        dropped: packets of the banned, since the table was declared last.
        store: whether the store can be written.
    """

    since: float
    sources: Sequence[Mapping[str, Any]]
    ambiguous: Mapping[str, Mapping[str, int]]
    silent: Sequence[str]
    origins: Mapping[str, int]
    firewall: bool
    repairs: int
    dropped: int
    store: bool


def families(guard: TallyingGuard, delays: Delays, state: State) -> Iterator[Family]:
    """All figures."""
    yield from _sources(guard, state)
    yield from _judgement(guard)
    yield _delays(delays)
    yield from _state(guard, state)


def _sources(guard: TallyingGuard, state: State) -> Iterator[Family]:
    rows = [({"source": _name(row)}, row) for row in state.sources]
    yield Family("events_total", "counter", "Security events that were judged.", list(_events(guard)))
    yield Family(
        "source_events_total",
        "counter",
        "What a source has told, judged or not.",
        [Sample(row["events"], labels) for labels, row in rows],
    )
    ambiguous = (
        Sample(count, {"kind": why, "source": printable(name)})
        for name, reasons in state.ambiguous.items()
        for why, count in reasons.items()
    )
    yield Family(
        "parse_errors_total", "counter", "Records that can be read in no way, or in several.", list(ambiguous)
    )
    yield Family("duplicates_total", "counter", "Events told again.", [Sample(guard.counting.repeats)])
    ups = [Sample(int(row["state"] in _UP), labels) for labels, row in rows]
    yield Family("source_up", "gauge", "Whether a source is heard.", ups)
    silent = [Sample(1, {"source": printable(name)}) for name in state.silent]
    yield Family("source_silent", "gauge", "Sources that tell nothing, while others do.", silent)
    lags = [Sample(row["lag"], labels) for labels, row in rows]
    yield Family("source_lag_seconds", "gauge", "How old what is read now is.", lags)


def _events(guard: TallyingGuard) -> Iterator[Sample]:
    for told, count in guard.told.items():
        labels = {
            "source": printable(told.source),
            "event": told.event,
            "service": printable(told.service),
            "transport": printable(told.transport),
            "proof": "proven" if told.proven else "unproven",
        }
        yield Sample(count, labels)


def _judgement(guard: TallyingGuard) -> Iterator[Family]:
    sentenced = [
        Sample(count, {"rule": rule, "proof": proof}) for (rule, proof), count in guard.sentenced.items()
    ]
    yield Family("bans_total", "counter", "Bans that were judged, by the scale that decided.", sentenced)
    mercies = _labelled("why", guard.mercies.items())
    yield Family("suppressed_bans_total", "counter", "Offences that brought no ban.", mercies)
    alarms = _labelled("kind", guard.alarmed.items())
    yield Family("alarms_total", "counter", "Alarms, each said once a day.", alarms)
    notices = guard.notices
    what = (("hidden", notices.hidden), ("missing", notices.missing), ("overflows", notices.overflows))
    help_ = "Log-ins that only a notice told of, that Asterisk hid, and overflows of its queue."
    yield Family("notices_total", "counter", help_, _labelled("what", what))


def _delays(delays: Delays) -> Family:
    counts = list(accumulate(delays.classes))
    ends = [*map(str, BUCKETS), "+Inf"]
    samples = [Sample(count, {"le": end}, "_bucket") for end, count in zip(ends, counts, strict=True)]
    samples += [Sample(delays.sum, suffix="_sum"), Sample(counts[-1], suffix="_count")]
    return Family("event_to_ban_seconds", "histogram", "From an event to its ban in the kernel.", samples)


def _state(guard: TallyingGuard, state: State) -> Iterator[Family]:
    bans = [Sample(state.origins.get(origin, 0), {"origin": origin}) for origin in ORIGINS]
    yield Family("active_bans", "gauge", "Bans that run.", bans)
    figures: tuple[tuple[str, str, float], ...] = (
        ("tracked_sources", "Sources that have a score.", len(guard.scorer)),
        ("friends", "Sources that have logged in.", len(guard.friends)),
        ("known_peers", "Networks that belong to the PBX.", len(guard.peers)),
        ("firewall_up", "Whether the kernel obeys.", int(state.firewall)),
        ("store_up", "Whether the store can be written.", int(state.store)),
        ("start_time_seconds", "When this began, since the epoch.", state.since),
    )
    for name, help_, value in figures:
        yield Family(name, "gauge", help_, [Sample(value)])
    yield Family("firewall_repairs_total", "counter", "Repairs of our table.", [Sample(state.repairs)])
    yield Family("dropped_packets_total", "counter", "Packets of the banned.", [Sample(state.dropped)])
    yield Family("build_info", "gauge", "The version.", [Sample(1, {"version": __version__})])


def _name(row: Mapping[str, Any]) -> str:
    """What the channel of a row is called where it judges."""
    return printable(row["name"] if row["kind"] == "log" else f"ami {row['name']}")


def _labelled(label: str, counts: Iterable[tuple[str, int]]) -> list[Sample]:
    return [Sample(count, {label: name}) for name, count in counts]
