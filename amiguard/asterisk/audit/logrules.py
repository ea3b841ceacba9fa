"""Pure: rules about the log: whether Asterisk writes down what it hears of attacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.facts import Facts, LogState
from amiguard.asterisk.audit.manager import is_on, number
from amiguard.asterisk.audit.quoting import Line, quoted
from amiguard.asterisk.audit.rule import HIGH, INFO, LOW, MEDIUM, Example, Found, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.site import Site
    from amiguard.asterisk.channels import Channel

EVENT_LOST: Final = b"Failed to issue security event"
QUEUE_FULL: Final = b"Log queue threshold"
WORDS: Final = (EVENT_LOST, QUEUE_FULL)
"""What to look for in logs."""

_MEANINGS: Final = {
    EVENT_LOST.decode(): "an event held bytes that are not UTF-8 and was dropped, from log and AMI alike",
    QUEUE_FULL.decode(): "more was to be logged than the queue holds, and lines were thrown away",
}
_SMALLEST_QUEUE: Final = 1000
_YEARS: Final = ("%Y", "%y", "%F", "%D", "%c", "%G", "%s")


def _speaks(site: Site) -> bool:
    """Whether there is a logger.conf to judge; a folder that is no installation's may lack it."""
    return "logger.conf" in site.confs or site.facts.here


def _shown(channel: Channel) -> Line:
    bracket = "" if channel.format == "default" else f"[{channel.format}]"
    return Line(channel.place, f"{channel.name} => {bracket}{','.join(sorted(channel.levels))}")


def _security(site: Site) -> Iterator[Found]:
    carrying = [channel for channel in site.channels if channel.carries("security")]
    if not site.loads("res_security_log"):
        yield Found("res_security_log is not loaded, without which no security event is logged")
    if not _speaks(site) or any(channel.path for channel in carrying):
        return
    if not carrying:
        yield Found("no log channel has the level security", tuple(map(_shown, site.channels)))
    else:
        console = all(channel.name.lower() == "console" for channel in carrying)
        where = "the console" if console else "syslog"
        lines = tuple(map(_shown, carrying))
        yield Found(f"security events go to {where} alone", lines, HIGH if console else MEDIUM)


def _notices(site: Site) -> Iterator[Found]:
    if _speaks(site) and not any(each.path and each.carries("notice", "warning") for each in site.channels):
        yield Found("no log file has both notice and warning", tuple(map(_shown, site.channels)))


def _files(site: Site) -> Iterator[Found]:
    for channel in site.channels:
        state = site.facts.logs.get(channel.path)
        if state and state.trouble and channel.carries("security"):
            yield Found(f"{channel.path} {state.trouble}", (_shown(channel),))
    dates = site.general("logger.conf", "dateformat")
    if dates and not any(each in dates.value for each in _YEARS):
        yield Found("dateformat has no year", (quoted(dates),), INFO)
    ids = site.general("logger.conf", "use_callids")
    if ids and not is_on(ids):
        yield Found(
            "use_callids is off: lines of one call cannot be told from those of another", (quoted(ids),), INFO
        )


def _form(site: Site) -> Iterator[Found]:
    for channel in site.channels:
        if channel.path and channel.carries("security") and channel.format != "json":
            yield Found(f"{channel.path} has security events as plain text", (_shown(channel),))
    limit = site.general("logger.conf", "logger_queue_limit")
    if limit and number(limit, _SMALLEST_QUEUE) < _SMALLEST_QUEUE:
        yield Found("the log's queue is short: a burst of events is thrown away", (quoted(limit),))


def _complaints(site: Site) -> Iterator[Found]:
    for path, state in site.facts.logs.items():
        yield from (Found(f'{path} says "{word}": {_MEANINGS[word]}') for word in state.words)


_LINE: Final = (
    "; logger.conf, [logfiles]\namiguard.json => [json]security,notice,warning,error\n"
    "; then: asterisk -rx 'logger reload'"
)
_HEAD: Final = "=== logger.conf ===\n[general]\n[logfiles]\n"
_GOOD: Final = f"{_HEAD}amiguard.json => [json]security,notice,warning,error\n"
_PATH: Final = "/var/log/asterisk/amiguard.json"

RULES: Final = (
    Rule(
        "LOG001",
        HIGH,
        "security events are not logged",
        "He guesses passwords and nothing that could stop him hears of it.",
        _LINE,
        ("logger.conf", "modules.conf"),
        _security,
        Example(f"{_HEAD}messages => notice,warning,error\nconsole => security\n"),
        Example(_GOOD),
    ),
    Rule(
        "LOG002",
        HIGH,
        "notices and warnings are not logged",
        "He goes by ways that raise no security event: IAX2, calls through trunks, names with bytes that"
        " are not"
        " UTF-8, for which Asterisk drops the event.",
        _LINE,
        ("logger.conf",),
        _notices,
        Example(f"{_HEAD}security => security\n"),
        Example(_GOOD),
    ),
    Rule(
        "LOG003",
        MEDIUM,
        "the security log is not there",
        "His attempts go to a file that nobody can follow.",
        "; asterisk.conf, [directories]: astlogdir must be a folder that Asterisk's user may write\n"
        "; then: asterisk -rx 'logger reload'",
        ("logger.conf", "asterisk.conf"),
        _files,
        Example(_GOOD, Facts(here=True, logs={_PATH: LogState("does not exist")}), "the file does not exist"),
        Example(
            _GOOD,
            Facts(here=True, logs={_PATH: LogState("")}),
            "the file exists, and says nothing of the kind",
        ),
    ),
    Rule(
        "LOG004",
        LOW,
        "the security log is plain text",
        "He writes quotes and escape bytes into names, and makes records unreadable; JSON survives that.",
        _LINE,
        ("logger.conf", "asterisk.conf"),
        _form,
        Example(f"{_HEAD}security => security\nmessages => notice,warning\n"),
        Example(_GOOD),
    ),
    Rule(
        "LOG005",
        MEDIUM,
        "Asterisk has lost events",
        "Somebody has found out how not to be heard, or was too fast to be.",
        "; against bytes that are not UTF-8: have the notices watched, too (LOG002)\n"
        "; against a full queue, logger.conf, [general]: logger_queue_limit = 10000",
        ("logger.conf", "asterisk.conf"),
        _complaints,
        Example(
            _GOOD,
            Facts(here=True, logs={_PATH: LogState("", (EVENT_LOST.decode(),))}),
            f'the log says "{EVENT_LOST.decode()}"',
        ),
        Example(
            _GOOD,
            Facts(here=True, logs={_PATH: LogState("")}),
            "the file exists, and says nothing of the kind",
        ),
    ),
)
"""What they find."""
