"""fail2ban's jails, as its files say together, and what they become."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
import samples

from amiguard import config
from amiguard.fail2ban.files import complaint, load_tree
from amiguard.fail2ban.ini import FilterError
from amiguard.fail2ban.jails import Jail, enabled, seconds
from amiguard.fail2ban.moving import merged, move
from amiguard.model import FOREVER

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "jail.conf": "[DEFAULT]\nfilter = %(__name__)s\nbantime = 10m\n[sshd]\nlogpath = /log/auth\n",
    "jail.d/10.conf": "[sshd]\nenabled = true\nmaxretry = 4\nlogpath = /log/%(__name__)s\n /log/other tail\n",
    "jail.local": "[DEFAULT]\nignoreip = 127.0.0.1/8 192.0.2.0/24, office.example\n[sshd]\nmaxretry = 3\n",
    "jail.d/20.local": "[sshd]\nfindtime = 1h\n",
}


def jails(root: Path, **more: str) -> list[Jail | FilterError]:
    (root / "jail.d").mkdir(exist_ok=True)
    for name, text in FILES.items():
        (root / name).write_text(text, encoding="utf-8")
    lines = "".join(f"{name.replace('_', '.')} = {value}\n" for name, value in more.items())
    (root / "jail.d" / "99.local").write_text(f"[sshd]\n{lines}", encoding="utf-8")
    return list(enabled(load_tree(root, "jail")))


def jail(root: Path, **more: str) -> Jail:
    [found] = jails(root, **more)
    assert isinstance(found, Jail)
    return found


def toml(*found: Jail, log: str = "/log/security") -> str:
    return move(found, log, lambda _: "").toml


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("600", 600),
        ("10m", 600),
        ("1d 12h", 129_600),
        ("2 weeks", 1_209_600),
        ("1mo", 2_629_800),
        ("1year", 31_557_600),
        ("-1", FOREVER),
    ],
)
def test_a_time_is_read(text: str, expected: float) -> None:
    assert expected == seconds(text)


@pytest.mark.parametrize("text", ["", "soon", "10x", "1h-"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(FilterError, match="is no time"):
        seconds(text)


def test_later_files_win_and_local_ones_over_all(tmp_path: Path) -> None:
    one = jail(tmp_path)
    assert ("sshd", "sshd", ("/log/sshd", "/log/other")) == one[:3]
    assert (3, 3600.0, (600.0,)) == (one.maxretry, one.findtime, one.bantimes)
    assert ("127.0.0.1/8", "192.0.2.0/24", "office.example") == one.ignored


def test_bans_that_grow_are_written_out(tmp_path: Path) -> None:
    grown = jail(tmp_path, bantime_increment="true", bantime_maxtime="1h").bantimes
    assert (600.0, 1200.0, 2400.0, 3600.0) == grown
    grown = jail(tmp_path, bantime_increment="true", bantime_multipliers="1 5 30").bantimes
    assert (600.0, 3000.0, 18000.0) == grown


def test_a_jail_that_makes_no_sense_is_told_and_no_other_is_lost(tmp_path: Path) -> None:
    [error] = jails(tmp_path, maxretry="many")
    assert "[sshd]: maxretry = 'many'" in str(error)


def test_what_comes_out_is_a_configuration(tmp_path: Path) -> None:
    read = config.parse(toml(jail(tmp_path)), "test")
    assert ["/log/security", "/log/sshd", "/log/other"] == [log.path for log in read.logs]
    assert ["asterisk-security", "sshd", "sshd"] == [log.filter for log in read.logs]
    assert (3600.0, 9.0) == (read.score.fast.half_life, read.score.fast.threshold)
    assert (600.0,) == read.ban.durations
    assert ["192.0.2.0/24"] == [str(network) for network in read.allow.networks]


@pytest.mark.parametrize("maxretry", range(1, 21))
def test_as_many_failures_ban_as_before_and_one_less_does_not(tmp_path: Path, maxretry: int) -> None:
    read = config.parse(toml(jail(tmp_path, maxretry=str(maxretry))), "test")
    worth = read.score.points["Failure.sshd"]
    assert maxretry * worth >= read.score.fast.threshold > (maxretry - 1) * worth


def test_what_has_no_equivalent_is_listed(tmp_path: Path) -> None:
    odd = jail(tmp_path, ignorecommand="/bin/x", failregex="x <HOST>")
    other = odd._replace(name="b", findtime=1.0, bantimes=(5.0,), maxretry=9)
    third = odd._replace(name="c", own=())
    asterisk, again = odd._replace(name="asterisk", filter="asterisk"), odd._replace(filter="recidive")
    taken = odd._replace(filter="dropbear", name="d")
    journal, broken = odd._replace(journal=True, name="j"), odd._replace(filter="broken", name="x")
    known = move(
        (odd, taken, third, other, asterisk, again._replace(name="r"), journal, broken),
        "/log",
        lambda name: "no such filter" if name == "broken" else "",
    )
    told = "\n".join(known.notes)
    for text in (
        "[sshd]: ignorecommand has no",
        "[sshd]: failregex belongs",
        "[b]: another findtime",
        "[b]: another bantime",
        "[b]: maxretry = 9",
        "[asterisk]: Asterisk's",
        "[r]: bans grow",
        "[d]: /log/sshd is read by sshd already",
        "[j]: it reads the journal",
        "[x]: no such filter",
        "ignoreip office.example: not an address",
    ):
        assert text in told


def test_a_second_time_nothing_changes_and_what_is_around_stays(tmp_path: Path) -> None:
    block = toml(jail(tmp_path))
    once = merged("[service]\ndry_run = true\n", block)
    assert once == merged(once, block)
    other = toml(jail(tmp_path, maxretry="9"))
    assert once != merged(once, other)
    assert "[service]\ndry_run = true\n\n" == merged(once, "")
    assert tomllib.loads(merged(once, other))["service"] == {"dry_run": True}


@pytest.mark.skipif(not samples.LOGS.is_dir(), reason="needs Debian's fail2ban package")
def test_every_stock_jail_is_understood(tmp_path: Path) -> None:
    tree = load_tree(samples.FILTERS.parent, "jail")
    (tmp_path / "all.conf").write_text("[DEFAULT]\nenabled = true\n", encoding="utf-8")
    tree.add({"DEFAULT": {"enabled": "true"}, "sshd": {"enabled": "true", "backend": "auto"}})
    found = list(enabled(tree))
    assert [] == [str(each) for each in found if isinstance(each, FilterError)]
    all_of_them = [each for each in found if isinstance(each, Jail)]
    assert len(all_of_them) > 60
    made = config.parse(move(all_of_them, "/log/security", complaint).toml, "test")
    assert len(made.logs) > 30
