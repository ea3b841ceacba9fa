"""Configuration: TOML text becomes one Config, or every mistake is named with its place."""

from __future__ import annotations

import math
from types import MappingProxyType

import pytest
from hypothesis import example as case
from hypothesis import given
from hypothesis import strategies as st

from amiguard.config import (
    EVENTS,
    POINTS,
    Ami,
    ConfigError,
    Log,
    Port,
    Scale,
    Setting,
    duration,
    example,
    parse,
    settings,
)
from amiguard.model import Prefix

DURATION = 'a duration such as "10m" (s, m, h, d, w; at most 5200w)'
NETWORK = 'an address or a network such as "192.0.2.7" or "2001:db8::/32", without a zone'
PORTS = 'ports from 1 to 65535 such as "udp/5060" or "tcp/5060-5061"'


def mistakes(toml: str) -> list[str]:
    """The lines of the error, without the file's name, which each must begin with."""
    with pytest.raises(ConfigError) as caught:
        parse(toml, "a.toml")
    lines = str(caught.value).split("\n")
    assert all(line.startswith("a.toml: ") for line in lines)
    return [line.removeprefix("a.toml: ") for line in lines]


def test_an_empty_file_means_the_defaults() -> None:
    config = parse("", "a.toml")
    assert (
        config.service.state_dir,
        config.service.socket,
        config.service.dry_run,
    ) == ("/var/lib/amiguard", "/run/amiguard/control.sock", False)
    assert (config.logs, config.ami) == ((), ())
    assert (Scale(600.0, 9.0), Scale(86400.0, 25.0)) == (config.score.fast, config.score.slow)
    assert (config.score.wide6, config.score.max_sources, config.score.points) == (48, 100_000, POINTS)
    assert config.ban.durations == (600.0, 3600.0, 86400.0, 604800.0)
    assert (
        config.ban.door_max,
        config.ban.forget_after,
        config.ban.ipv4_prefix,
        config.ban.ipv6_prefix,
        config.ban.shared,
    ) == (86400.0, 2592000.0, 32, 64, False)
    assert (
        config.allow.networks,
        config.allow.authenticated_for,
        config.allow.authenticated_factor,
    ) == ((), 86400.0, 8.0)
    assert (config.firewall.table, config.firewall.ports) == ("amiguard", ())


def test_a_log_or_ami_table_has_defaults_of_its_own() -> None:
    config = parse("[[log]]\n[[log]]\npath = '/x/*.log'\nfilter = 'nginx-http-auth'\n[[ami]]\n", "a.toml")
    default = Log("/var/log/asterisk/security", "asterisk-security")
    assert (default, Log("/x/*.log", "nginx-http-auth")) == config.logs
    secret = "/etc/amiguard/ami.secret"
    assert (Ami("127.0.0.1", 5038, "amiguard", secret, tls=False, tls_ca="", insecure=False),) == config.ami


CHANGED = {
    "state_dir": '"/s"',
    "socket": '"/k"',
    "dry_run": "true",
    "path": '"/p"',
    "journal": '"a.service"',
    "filter": '"f"',
    "host": '"::1"',
    "port": "5039",
    "username": '"u"',
    "secret_file": '"/f"',
    "tls": "true",
    "tls_ca": '"/c"\ntls = true',
    "insecure": "true",
    "fast": '{ half_life = "1h" }',
    "slow": "{ threshold = 7 }",
    "wide6": "0",
    "max_sources": "1000",
    "durations": '["forever"]',
    "door_max": '"1h"',
    "forget_after": '"forever"',
    "ipv4_prefix": "8",
    "ipv6_prefix": "128",
    "shared": "true",
    "networks": '["192.0.2.0/24"]',
    "authenticated_for": '"0s"',
    "authenticated_factor": "1",
    "table": '"_t"',
    "ports": '["udp/5060"]',
    "urls_file": '"/u"',
    "exec": '["/bin/true"]',
    "events": '["breach"]',
    "pause": '"1h"',
    "usedns": "true",
    "forgeable": "true",
    "listen": '"127.0.0.1:9872"',
    "textfile": '"/m.prom"',
}
FILTERED = {"usedns", "forgeable"}
"""Keys for filters of fail2ban's kind."""


@pytest.mark.parametrize("setting", list(settings()), ids=lambda each: f"{each.section}.{each.key}")
def test_every_key_changes_the_configuration(setting: Setting) -> None:
    value = "0.25" if setting.section == "score.points" else CHANGED[setting.key]
    header = f"[[{setting.section}]]" if setting.section in {"log", "ami"} else f"[{setting.section}]"
    header += "\nfilter = 'sshd'" * (setting.key in FILTERED)
    assert parse(header, "a.toml") != parse(f"{header}\n{setting.key} = {value}", "a.toml")


def test_a_scale_keeps_the_default_of_what_is_not_given() -> None:
    score = parse("[score]\nfast.half_life = '1h'\nslow = { threshold = 30 }", "a.toml").score
    assert (Scale(3600.0, 9.0), Scale(86400.0, 30.0)) == (score.fast, score.slow)


def test_points_are_changed_one_by_one() -> None:
    given_ = '{ InvalidPassword = 3, "FailedACL.my-acl" = 0, "ChallengeSent.PJSIP" = 0.5, tampering = 1000 }'
    points = parse(f"[score]\npoints = {given_}", "a.toml").score.points
    changed = {
        "InvalidPassword": 3.0,
        "FailedACL.my-acl": 0.0,
        "ChallengeSent.PJSIP": 0.5,
        "tampering": 1000.0,
    }
    assert dict(POINTS) | changed == points
    assert isinstance(points, MappingProxyType)


def test_every_event_has_points() -> None:
    assert len(EVENTS) == 16
    assert set(EVENTS) <= POINTS.keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_a_network_is_an_address_or_a_prefix_and_mapped_ones_are_folded(text: str, expected: str) -> None:
    (network,) = parse(f"[allow]\nnetworks = ['{text}']", "a.toml").allow.networks
    assert expected == str(network)
    assert isinstance(network, Prefix)


def test_ports_are_single_or_ranges() -> None:
    config = parse("[firewall]\nports = ['udp/5060', 'tcp/5060-5061', 'tcp/1-65535']", "a.toml")
    assert (Port("udp", 5060, 5060), Port("tcp", 5060, 5061), Port("tcp", 1, 65535)) == config.firewall.ports


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"])
def test_plain_tcp_is_fine_on_loopback(host: str) -> None:
    assert host == parse(f"[[ami]]\nhost = '{host}'", "a.toml").ami[0].host


@pytest.mark.parametrize("key", ["tls", "insecure"])
def test_a_remote_ami_takes_tls_or_a_decision(key: str) -> None:
    assert parse(f"[[ami]]\nhost = 'pbx'\n{key} = true", "a.toml").ami[0].host == "pbx"


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("[service]\ndry_run = 1", "service.dry_run = 1: expected true or false"),
        ("[service]\nstate_dir = ''", "service.state_dir = '': expected a path"),
        ('[service]\nstate_dir = "a\\u0000"', r"service.state_dir = 'a\x00': expected a path"),
        (
            f"[service]\nsocket = '{'é' * 54}'",
            f"service.socket = '{'é' * 54}': expected the path of a socket, at most 107 bytes",
        ),
        ("[service]\nsocket = 7", "service.socket = 7: expected the path of a socket, at most 107 bytes"),
        (
            "[service]\ndryrun = true",
            "service.dryrun = True: unknown key, did you mean dry_run? (known: state_dir, socket, dry_run)",
        ),
        (
            "[fire]",
            ("fire = {}: unknown key, did you mean firewall?"
            " (known: service, log, ami, score, ban, allow, firewall, notify, metrics)"),
        ),
        ("service = 5", "service = 5: expected a table"),
        ("[log]\npath = 'x'", "log = {'path': 'x'}: expected tables, each headed [[log]]"),
        ("ami = [5]", "ami#1 = 5: expected a table"),
        ("[[log]]\npath = '/p'\njournal = 'a.service'",
         "log#1.path = '/p': a log is either a path or a journal"),
        ("[[log]]\njournal = 'asterisk'",
         "log#1.journal = 'asterisk': expected a unit such as \"asterisk.service\", or \"\""),
        ("[[log]]\njournal = 5",
         'log#1.journal = 5: expected a unit such as "asterisk.service", or ""'),
        ("[[log]]\nusedns = true",
         "log#1.usedns = True: expected a filter of fail2ban's kind; asterisk-security has no use"),
        ("[score.points]\n'Failure.a b' = 1",
         "score.points.'Failure.a b' = 1: unknown detail of Failure, expected the name of a filter"),
        ("[[log]]\n[[log]]\nfilter = ''",
         "log#2.filter = '': expected a text that is not empty, without control characters"),
        ("[[log]]\npath = '/a/messages'\nfilter = 'asterisk-notice'",
         ("log#1.path = '/a/messages': no evidence: anyone can write into messages, by a packet that Asterisk"
         " quotes as an error; give the level a file of its own in logger.conf: notice => notice")),
        ("[[log]]\npath = '/a/full'",
         ("log#1.path = '/a/full': no evidence: anyone can write into full, by a packet that Asterisk"
         " quotes as an error; give the level a file of its own in logger.conf:"
         " security.json => [json]security")),
        ("[[log]]\n[[log]]\nfilter = 'asterisk-notice'",
         ("log#2.filter = 'asterisk-notice': /var/log/asterisk/security has the filter asterisk-security"
         " already")),
        ("[[ami]]\nport = 65536", "ami#1.port = 65536: expected an integer from 1 to 65535"),
        ("[[ami]]\nport = true", "ami#1.port = True: expected an integer from 1 to 65535"),
        ("[[ami]]\nport = 5038.0", "ami#1.port = 5038.0: expected an integer from 1 to 65535"),
        ('[[ami]]\nusername = "a\\r\\nAction: x"',
         r"ami#1.username = 'a\r\nAction: x': expected a text that is not empty, without control characters"),
        ("[[ami]]\nhost = 'pbx'",
         "ami#1.host = 'pbx': expected a loopback address, or tls = true, or insecure = true"),
        ("[[ami]]\ntls_ca = '/ca'", "ami#1.tls_ca = '/ca': expected \"\" as long as tls = false"),
        ("[score]\nfast = { half_life = '0s' }",
         f"score.fast.half_life = '0s': expected {DURATION} above zero"),
        ("[score]\nslow = { half_life = 'forever' }",
         f"score.slow.half_life = 'forever': expected {DURATION} above zero"),
        ("[score]\nfast = { threshold = 0 }",
         "score.fast.threshold = 0: expected a number above 0, at most 1e+06"),
        ("[score]\nfast = { threshold = nan }",
         "score.fast.threshold = nan: expected a number above 0, at most 1e+06"),
        ("[score]\nmax_sources = 999", "score.max_sources = 999: expected an integer from 1000 to 10000000"),
        ("[score]\nwide6 = 64", "score.wide6 = 64: expected 0, or 16 to 63 (below ban.ipv6_prefix)"),
        (
            "[[ami]]\n[[ami]]\nport = 5039\n[[ami]]\nusername = 'other'",
            "ami#3.host = '127.0.0.1': port 5038 of it is in another [[ami]] already",
        ),
        ("[score]\nwide6 = 15", "score.wide6 = 15: expected 0, or 16 to 63 (below ban.ipv6_prefix)"),
        ("[ban]\nipv6_prefix = 48", "score.wide6 = 48: expected 0, or 16 to 47 (below ban.ipv6_prefix)"),
        ("[score]\npoints = 1", "score.points = 1: expected a table"),
        ("[score.points]\nInvalidPasswd = 1",
         "score.points.InvalidPasswd = 1: unknown event, did you mean InvalidPassword?"),
        ("[score.points]\n'FailedACL.' = 1",
         ("score.points.'FailedACL.' = 1: unknown detail of FailedACL,"
         " expected AMI, PJSIP, SIP, IAX2, unknown or the name of an ACL")),
        ("[score.points]\n'InvalidPassword.HTTP' = 1",
         ("score.points.'InvalidPassword.HTTP' = 1: unknown detail of InvalidPassword,"
         " expected AMI, PJSIP, SIP, IAX2, unknown")),
        ("[score.points]\nInvalidPassword = -1",
         "score.points.InvalidPassword = -1: expected a number from 0 to 1000"),
        ("[score.points]\nFailedACL.AMI = 4",
         ("score.points.FailedACL = {'AMI': 4}: expected a number;"
         ' a key with a dot needs quotes, such as "FailedACL.AMI"')),
        ("[ban]\ndurations = []", "ban.durations = []: expected a list of durations"),
        ("[ban]\ndurations = ['10m', '5 min']",
         f"ban.durations#2 = '5 min': expected {DURATION} above zero, or \"forever\""),
        ("[ban]\ndoor_max = 'forever'", f"ban.door_max = 'forever': expected {DURATION} above zero"),
        ("[ban]\nforget_after = 30", f'ban.forget_after = 30: expected {DURATION} above zero, or "forever"'),
        ("[ban]\nipv4_prefix = 7", "ban.ipv4_prefix = 7: expected an integer from 8 to 32"),
        ("[ban]\nipv6_prefix = 129", "ban.ipv6_prefix = 129: expected an integer from 32 to 128"),
        ("[allow]\nauthenticated_for = 'forever'",
         f"allow.authenticated_for = 'forever': expected {DURATION} or \"0s\""),
        ("[allow]\nauthenticated_factor = 0.5",
         "allow.authenticated_factor = 0.5: expected a number from 1 to 1000"),
        ("[allow]\nnetworks = '10.0.0.0/8'", "allow.networks = '10.0.0.0/8': expected a list of networks"),
        ("[allow]\nnetworks = ['pbx']", f"allow.networks#1 = 'pbx': expected {NETWORK}"),
        ("[allow]\nnetworks = [10]", f"allow.networks#1 = 10: expected {NETWORK}"),
        ("[allow]\nnetworks = ['fe80::1%eth0']", f"allow.networks#1 = 'fe80::1%eth0': expected {NETWORK}"),
        ("[allow]\nnetworks = ['10.1.2.3/8']",
         ("allow.networks#1 = '10.1.2.3/8': expected no bits behind the prefix length;"
         " 10.0.0.0/8 was probably meant")),
        ("[metrics]\nlisten = '0.0.0.0:9872'",
         "metrics.listen = '0.0.0.0': expected a loopback address, or insecure = true"),
        ("[metrics]\nlisten = 'localhost:9872'",
         ("metrics.listen = 'localhost:9872': expected \"\", or an address and port such as"
         ' "127.0.0.1:9872" or "[::1]:9872"')),
        ("[notify]\nexec = '/bin/true'", "notify.exec = '/bin/true': expected a program and its arguments"),
        ("[notify]\nevents = ['breach', 'all']",
         ("notify.events#2 = 'all': expected one of breach, silent, tampering, firewall, friend, spared, ami,"
         " phone")),
        ("[firewall]\ntable = '1x'",
         "firewall.table = '1x': expected letters, digits and _, at most 255, no digit first"),
        ("[firewall]\nports = ['5060']", f"firewall.ports#1 = '5060': expected {PORTS}"),
        ("[firewall]\nports = ['udp/0']", f"firewall.ports#1 = 'udp/0': expected {PORTS}"),
        ("[firewall]\nports = ['udp/9-8']", f"firewall.ports#1 = 'udp/9-8': expected {PORTS}"),
        ("[firewall]\nports = ['sctp/5060']", f"firewall.ports#1 = 'sctp/5060': expected {PORTS}"),
        ("[firewall]\nports = ['udp/65536']", f"firewall.ports#1 = 'udp/65536': expected {PORTS}"),
        ('"\\u001b[2J" = 1',
         (r"'\x1b[2J' = 1: unknown key"
          " (known: service, log, ami, score, ban, allow, firewall, notify, metrics)")),
        (f"ami = 0x{'f' * 5000}", "ami = (a huge integer): expected tables, each headed [[ami]]"),
    ],
)  # fmt: skip
def test_a_mistake_names_place_value_and_what_was_expected(toml: str, expected: str) -> None:
    assert [expected] == mistakes(toml)


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("[service]\ndry_run = yes", "Invalid value (at line 2, column 11)"),
        ("a = [\n1,", "Invalid value (at line 2, column 3, the end)"),
        ("a = 1\na = 2", "Cannot overwrite a value (at line 2, column 6, the end)"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a = " + "1" * 5000, "an integer has thousands of digits"),
    ],
)
def test_what_is_no_toml_is_placed_by_line_and_column(toml: str, expected: str) -> None:
    assert [expected] == mistakes(toml)


def test_all_mistakes_are_told_at_once() -> None:
    toml = "[service]\ndry_run = 1\nx = 2\n[ban]\ndurations = ['1', '2s', 3]\nshared = 'no'"
    assert [line.partition(" = ")[0] for line in mistakes(toml)] == [
        "service.dry_run",
        "service.x",
        "ban.durations#1",
        "ban.durations#3",
        "ban.shared",
    ]


def test_the_example_says_what_every_key_means_and_sets_each_to_its_default() -> None:
    text = example()
    assert parse("", "a.toml") == parse(text, "a.toml")
    for setting in settings():
        assert f"{setting.key} = {setting.default}" in text
        assert setting.note in text
    assert max(map(len, text.split("\n"))) <= 130


def test_the_tables_that_may_be_repeated_are_comments_that_hold_the_defaults() -> None:
    uncommented = example().replace("\n# [[", "\n[[").replace("\n# ", "\n")
    lines = [line for line in uncommented.split("\n") if " = " in line or line.startswith("[")]
    assert parse("[[log]]\n[[ami]]", "a.toml") == parse("\n".join(lines), "a.toml")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("90s", 90),
        ("10m", 600),
        ("24h", 86400),
        ("007d", 604800),
        ("5200w", 3144960000),
        ("forever", math.inf),
    ],
)
def test_a_duration_is_a_number_of_seconds(text: str, seconds: float) -> None:
    assert seconds == duration(text)


@pytest.mark.parametrize(
    "text",
    ["", "10", "m", "1.5h", "-1s", "1 h", "1H", "5201w", "1h30m", "٣s", "1s\n", "Forever", "9" * 5000 + "s"],
)
def test_what_is_no_duration_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="is neither a duration such as") as caught:
        duration(text)
    assert len(str(caught.value)) < 150


@given(st.integers(0, 5200), st.sampled_from("smhdw"))
def test_durations_come_back(count: int, unit: str) -> None:
    assert count * {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[unit] == duration(f"{count}{unit}")


KEYS = st.sampled_from(sorted({each.section for each in settings()} | {each.key for each in settings()}))
WORDS = st.sampled_from(["10m", "forever", "::1/0", "udp/1-2", "192.0.2.0/24", "", "localhost"])
VALUES = st.recursive(
    st.integers() | st.floats() | st.booleans() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def toml_of(value: object) -> str:
    """Write a value as TOML; texts must need no escapes."""
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"'{key.strip(chr(34))}' = {toml_of(each)}" for key, each in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def is_read_or_refused(toml: str) -> None:
    """Every mistake must begin with the file's name and hold no control character."""
    try:
        parse(toml, "a.toml")
    except ConfigError as error:
        said = str(error).split("\n")
    else:
        said = []
    assert all(line.startswith("a.toml: ") and line.isprintable() for line in said)


@given(st.text())
@case("a = 9999-99-99")
@case("a = 1e99999")
def test_any_text_is_read_or_refused(toml: str) -> None:
    is_read_or_refused(toml)


@given(
    st.dictionaries(st.sampled_from([each.section for each in settings() if "." not in each.section]), VALUES)
)
def test_any_values_under_known_keys_are_read_or_refused(values: dict[str, object]) -> None:
    is_read_or_refused("\n".join(f"{key} = {toml_of(value)}" for key, value in values.items()))


NETWORKS = st.one_of(
    st.builds(Prefix.of, st.binary(min_size=4, max_size=4), st.integers(0, 32)),
    st.builds(Prefix.of, st.binary(min_size=16, max_size=16), st.integers(0, 128)),
)


PORT = st.builds(Port, st.sampled_from(("udp", "tcp")), st.integers(1, 500), st.integers(500, 65535))


@given(
    networks=st.lists(NETWORKS, max_size=3),
    ports=st.lists(PORT, max_size=3),
    points=st.dictionaries(st.sampled_from(sorted(POINTS)), st.floats(0, 1000), max_size=3),
    dry_run=st.booleans(),
)
def test_values_come_back(
    networks: list[Prefix], ports: list[Port], points: dict[str, float], *, dry_run: bool
) -> None:
    toml = f"""
        service.dry_run = {toml_of(dry_run)}
        allow.networks = {toml_of(list(map(str, networks)))}
        firewall.ports = {toml_of([f"{each.protocol}/{each.first}-{each.last}" for each in ports])}
        score.points = {toml_of(points)}
    """
    config = parse(toml, "a.toml")
    assert (dry_run, tuple(networks), tuple(ports)) == (
        config.service.dry_run,
        config.allow.networks,
        config.firewall.ports,
    )
    assert dict(POINTS) | points == config.score.points
