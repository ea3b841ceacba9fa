"""Pure: every key of amiguard.toml, with its default, its rule and what it is for.

These tables are the one place that knows them: `parse` reads by them, and
`document` renders them.
"""

from __future__ import annotations

import ipaddress
import json
import tomllib
from typing import TYPE_CHECKING, Any

from amiguard.config.points import points
from amiguard.config.schema import (
    Row,
    SchemaError,
    Table,
    boolean,
    integer,
    listing,
    mistake,
    number,
    text,
    wrong,
)
from amiguard.config.shape import (
    NOTICE,
    SECURITY,
    Allow,
    Ami,
    BanPolicy,
    Config,
    Firewall,
    Log,
    Metrics,
    Notify,
    Scale,
    Score,
    Service,
)
from amiguard.config.values import PATH, UNIT, WORD, kind, listen, network, port, socket, span
from amiguard.notify.kinds import KINDS
from amiguard.sources.refusal import level, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping


class ConfigError(ValueError):
    """The configuration cannot be used; every line of the text names one mistake and the file it is in."""


_WIDEST6 = 16


def is_loopback(host: str) -> bool:
    """Whether an address or name is this very host's alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _ami(**values: Any) -> Ami:
    """An Ami whose password does not cross a network in the clear by mistake."""
    ami = Ami(**values)
    if not (ami.tls or ami.insecure or is_loopback(ami.host)):
        raise wrong(ami.host, "a loopback address, or tls = true, or insecure = true", "host")
    if ami.tls_ca and not ami.tls:
        raise wrong(ami.tls_ca, '"" as long as tls = false', "tls_ca")
    return ami


def _metrics(**values: Any) -> Metrics:
    """Metrics that other hosts do not read by mistake."""
    metrics = Metrics(**values)
    if metrics.listen and not (metrics.insecure or is_loopback(metrics.listen[0])):
        raise wrong(metrics.listen[0], "a loopback address, or insecure = true", "listen")
    return metrics


def _log(**values: Any) -> Log:
    """A Log that is not known to be forgeable by its very name."""
    log = Log(**values)
    if not log.foreign and (log.usedns or log.forgeable):
        raise wrong(
            True,
            f"a filter of fail2ban's kind; {log.filter} has no use",
            "usedns" if log.usedns else "forgeable",
        )
    wanted = level(log.filter)
    if wanted and (why_not := refusal(log.path, wanted)):
        raise mistake(log.path, f"no evidence: {why_not}", "path")
    return log


def _log_table(value: object) -> Log:
    """Read a [[log]]; the messages of a journal have a name where others have a path."""
    if isinstance(value, dict) and value.get("journal"):
        if "path" in value:
            raise mistake(value["path"], "a log is either a path or a journal", "path")
        value = {"path": f"journal:{value['journal']}", **value}
    return _LOG_TABLE(value)


def _config(log: tuple[Log, ...], **values: Any) -> Config:
    """A Config whose wide IPv6 networks are wider than its sources, and whose logs and AMIs differ."""
    config = Config(logs=log, **values)
    filters = {each.path: each.filter for each in reversed(log)}
    for at, each in enumerate(log, 1):
        if each.filter != filters[each.path]:
            problem = f"{each.path} has the filter {filters[each.path]} already"
            raise mistake(each.filter, problem, "log", at, "filter")
    places = [(ami.host, ami.port) for ami in config.ami]
    for at, place in enumerate(places):
        if place in places[:at]:
            raise mistake(
                place[0], f"port {place[1]} of it is in another [[ami]] already", "ami", at + 1, "host"
            )
    wide, source = config.score.wide6, config.ban.ipv6_prefix
    if wide != 0 and not _WIDEST6 <= wide < source:
        raise wrong(wide, f"0, or {_WIDEST6} to {source - 1} (below ban.ipv6_prefix)", "score", "wide6")
    return config


def _scale(key: str, half_life: str, threshold: float, note: str) -> Row:
    rows = (
        Row("half_life", f'"{half_life}"', span()),
        Row("threshold", str(threshold), number(0, 1e6, above=True)),
    )
    default = f'{{ half_life = "{half_life}", threshold = {threshold} }}'
    return Row(key, default, Table(Scale, rows), note)


_SERVICE = (
    Row("state_dir", '"/var/lib/amiguard"', PATH, "the database; directory 0700, database 0600"),
    Row("socket", '"/run/amiguard/control.sock"', socket, "for the commands; 0660, group amiguard"),
    Row("dry_run", "false", boolean, "true: decide, record and say, but touch no firewall"),
)
_LOG = (
    Row("path", '"/var/log/asterisk/security"', PATH, "a glob is allowed"),
    Row("filter", f'"{SECURITY}"', WORD, f'or "{NOTICE}"; or of fail2ban\'s kind, e.g. "sshd"'),
    Row("journal", '""', UNIT, 'instead of path: what a unit tells journald, e.g. "asterisk.service"'),
    Row("usedns", "false", boolean, "true: names that such a filter finds are resolved"),
    Row("forgeable", "false", boolean, "true: what such a filter finds proves nothing, as over UDP"),
)
_LOG_TABLE = Table(_log, _LOG)
_AMI = (
    Row("host", '"127.0.0.1"', WORD, "address or name"),
    Row("port", "5038", integer(1, 65535), "5039 is usual for TLS"),
    Row("username", '"amiguard"', WORD, "a user with read = security,system"),
    Row("secret_file", '"/etc/amiguard/ami.secret"', PATH, 'or the systemd credential "ami-secret"'),
    Row("tls", "false", boolean, "true: TLS, and the server must prove its name"),
    Row("tls_ca", '""', text("a path", r"[^\0]*"), "verify against this file, not the system's authorities"),
    Row("insecure", "false", boolean, "true: plain TCP to a host that is not loopback"),
)
_SCORE = (
    _scale("fast", "10m", 9.0, "points halve in half_life; at the threshold it is an offence"),
    _scale("slow", "24h", 25.0, "the same for those who are patient"),
    Row("wide6", "48", integer(0, 127), "IPv6 networks this wide are scored too, thresholds times 8; 0: off"),
    Row("max_sources", "100000", integer(1000, 10_000_000), "remembered at once"),
)
_BAN = (
    Row(
        "durations",
        '["10m", "1h", "1d", "1w"]',
        listing(span(forever=True), "a list of durations", least=1),
        'the first ban, the second, ...; the last repeats; "forever" is allowed',
    ),
    Row("door_max", '"1d"', span(), "the longest ban on evidence that could be forged"),
    Row("forget_after", '"30d"', span(forever=True), "earlier bans no longer count"),
    Row("ipv4_prefix", "32", integer(8, 32), "what one IPv4 source is"),
    Row("ipv6_prefix", "64", integer(32, 128), "what one IPv6 source is"),
    Row("shared", "false", boolean, "true: ban addresses that many accounts log in from, too"),
)
_ALLOW = (
    Row("networks", "[]", listing(network, "a list of networks"), 'never banned, e.g. ["192.0.2.0/24"]'),
    Row("authenticated_for", '"24h"', span(zero=True), 'a log-in makes a friend for so long; "0s": never'),
    Row("authenticated_factor", "8.0", number(1, 1000), "a friend's thresholds are so many times higher"),
)
_FIREWALL = (
    Row(
        "table",
        '"amiguard"',
        text("letters, digits and _, at most 255, no digit first", r"[A-Za-z_][A-Za-z0-9_]{0,254}"),
        "in family inet",
    ),
    Row(
        "ports",
        "[]",
        listing(port, "a list of ports"),
        'empty: the whole host; else only these, e.g. ["udp/5060", "tcp/5060-5061"]',
    ),
)
_NOTIFY = (
    Row(
        "urls_file", '""', text("a path", r"[^\0]*"), 'apprise URLs, or the systemd credential "notify-urls"'
    ),
    Row(
        "exec",
        "[]",
        listing(WORD, "a program and its arguments"),
        "a program that is told, JSON on its stdin",
    ),
    Row("events", json.dumps(KINDS), listing(kind, "a list of kinds"), "what is told"),
    Row("pause", '"10m"', span(zero=True), "a kind that was told rests so long; then all is one message"),
)
_METRICS = (
    Row("listen", '""', listen, 'figures for Prometheus, e.g. "127.0.0.1:9872"; "": none'),
    Row("insecure", "false", boolean, "true: listen on an address that is not loopback"),
    Row("textfile", '""', text("a path", r"[^\0]*"), 'the same as a file, e.g. for node_exporter; "": none'),
)
_ROOT = Table(
    _config,
    (
        Row("service", "{}", Table(Service, _SERVICE)),
        Row("log", "[]", listing(_log_table, "tables, each headed [[log]]")),
        Row("ami", "[]", listing(Table(_ami, _AMI), "tables, each headed [[ami]]")),
        Row("score", "{}", Table(Score, (*_SCORE, Row("points", "{}", points)))),
        Row("ban", "{}", Table(BanPolicy, _BAN)),
        Row("allow", "{}", Table(Allow, _ALLOW)),
        Row("firewall", "{}", Table(Firewall, _FIREWALL)),
        Row("notify", "{}", Table(Notify, _NOTIFY)),
        Row("metrics", "{}", Table(_metrics, _METRICS)),
    ),
)


SECTIONS: Mapping[str, tuple[Row, ...]] = {
    "service": _SERVICE,
    "log": _LOG,
    "ami": _AMI,
    "score": _SCORE,
    "ban": _BAN,
    "allow": _ALLOW,
    "firewall": _FIREWALL,
    "notify": _NOTIFY,
    "metrics": _METRICS,
}
"""The keys of every section, but for the open table `score.points`."""


def parse(toml: str, name: str) -> Config:
    """Read the text of a configuration file called `name`.

    Raises:
        ConfigError: with one line for every mistake, or the place where the text stops to be TOML.
    """
    try:
        return _ROOT(tomllib.loads(toml))
    except SchemaError as error:
        raise ConfigError("\n".join(f"{name}: {each}" for each in error.mistakes)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {_located(str(error), toml)}") from None
    except ValueError:  # only Python's own limit on digits is left
        raise ConfigError(f"{name}: an integer has thousands of digits") from None
    except RecursionError:
        raise ConfigError(f"{name}: nested too deeply") from None


def _located(problem: str, toml: str) -> str:
    """What tomllib complains of, with line and column even at the end."""
    line, column = toml.count("\n") + 1, len(toml) - toml.rfind("\n")
    return problem.replace("(at end of document)", f"(at line {line}, column {column}, the end)")
