"""`watch` in a real terminal, beside a real service and a real kernel."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
import written
from lab import PROGRAM, Service, attack, attempt, eventtv
from terminals import Terminal

if TYPE_CHECKING:
    from pathlib import Path


KEYS = "u unban"
SIZES = ((80, 24), (40, 10), (200, 50))


def watching(config: Path, width: int = 80, height: int = 24, **environment: str) -> Terminal:
    return Terminal([*PROGRAM, "watch", "--config", str(config)], width, height, **environment)


@pytest.fixture
def unserved(tmp_path: Path) -> Path:
    """A configuration of which no service knows."""
    config = tmp_path / "amiguard.toml"
    config.write_text(f'[service]\nsocket = "{tmp_path}/control.sock"\n', encoding="utf-8")
    return config


def attacked(service: Service) -> None:
    service.write(attack("203.0.113.7") + attack("203.0.113.8", transport="UDP") + attempt("198.51.100.9"))
    service.until_banned("203.0.113.7/32", "203.0.113.8/32")


@pytest.mark.kernel
def test_it_shows_who_is_banned_and_who_is_suspect_at_any_size(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        attacked(service)
        for width, height in SIZES:
            with watching(service.config, width, height) as terminal:
                terminal.shows("2 banned", "203.0.113.7", "203.0.113.8", "198.51.100.9", "following", KEYS)
                assert "198.51.100.9" not in re.split("SUSPECTS", terminal.text)[0]
                [row] = [n for n, line in enumerate(terminal.lines) if line.startswith("203.0.113.8")]
                assert all(terminal.screen.buffer[row][column].reverse for column in range(width - 1))


@pytest.mark.kernel
def test_what_happens_is_seen_as_it_happens(tmp_path: Path) -> None:
    with Service(tmp_path) as service, watching(service.config) as terminal:
        terminal.shows("0 banned", "nobody")
        service.write(attack("203.0.113.7"))
        terminal.shows("1 banned", "203.0.113.7", "5 events")


@pytest.mark.kernel
def test_keys_unban_allow_and_explain(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        attacked(service)
        with watching(service.config) as terminal:
            terminal.shows("203.0.113.8", "203.0.113.7")
            terminal.press("je")
            terminal.shows("203.0.113.7 is banned", "evidence of the ban")
            terminal.press("q")
            terminal.shows("2 banned")
            terminal.press("u")
            terminal.shows("unban 203.0.113.7? y: yes")
            terminal.press("n")
            terminal.shows(KEYS)
            assert {"203.0.113.7/32", "203.0.113.8/32"} == service.bans().keys()
            terminal.press("uy")
            terminal.shows("unbanned 203.0.113.7", "1 banned")
            assert {"203.0.113.8/32"} == service.bans().keys()
            terminal.press("ay")
            terminal.shows("203.0.113.8 is never banned from now on", "0 banned")
            assert ["203.0.113.8"] == service.status()["allows"]


@pytest.mark.kernel
def test_a_refusal_is_shown(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        attacked(service)
        with watching(service.config) as terminal:
            terminal.shows("203.0.113.8")
            terminal.press("u")
            terminal.shows("unban 203.0.113.8?")
            service.command("unban", "203.0.113.8")
            terminal.press("y")
            terminal.shows("no ban holds any of these addresses")


@pytest.mark.kernel
def test_it_follows_the_size_of_the_terminal(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        attacked(service)
        with watching(service.config) as terminal:
            terminal.shows("203.0.113.7", "SCOPE")
            terminal.resize(40, 10)
            terminal.lacks("SCOPE")
            terminal.shows("203.0.113.7", "198.51.100.9", KEYS)
            terminal.resize(120, 30)
            terminal.shows("SCOPE", "help  q quit")
            terminal.until(lambda text: KEYS in text.splitlines()[29], "the keys in the last line")


@pytest.mark.kernel
def test_it_outlives_the_service_and_finds_it_again(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        attacked(service)
        with watching(service.config) as terminal:
            terminal.shows("2 banned")
            service.kill()
            terminal.shows("no service answers", "no news for", "203.0.113.7")
            service.start()
            terminal.lacks("no news for")
            terminal.shows("2 banned")
            service.signal(signal.SIGSTOP)
            terminal.shows("the service is slow to answer")
            terminal.press("q")
            assert 0 == terminal.ends(), "who hangs does not keep us"
            service.signal(signal.SIGCONT)


@pytest.mark.parametrize("end", ["q", "\x1b", "\x03", "SIGTERM"])
def test_the_terminal_is_left_as_it_was(unserved: Path, end: str) -> None:
    with watching(unserved, TERM="xterm") as terminal:
        terminal.shows(KEYS, "no service answers")
        assert terminal.before != terminal.modes
        if end == "SIGTERM":
            terminal.signal(signal.SIGTERM)
        else:
            terminal.press(end)
        assert 0 == terminal.ends()
        assert terminal.before == terminal.modes
        assert terminal.raw.rfind(b"\x1b[?1049h") < terminal.raw.rfind(b"\x1b[?1049l")
        assert terminal.raw.rfind(b"\x1b[?25l") < terminal.raw.rfind(b"\x1b[?12l\x1b[?25h")


@pytest.mark.kernel
def test_what_an_attacker_wrote_is_text(tmp_path: Path) -> None:
    """In an explanation his words stand; beside them only what curses itself writes reaches the terminal."""
    with Service(tmp_path, logs=("security.json",)) as service:
        words = written.Words(
            account=b"\x1b]0;owned\x07 \xe2\x80\xaeowned\xf0\x9f\x92\xa3",
            remote=b"IPV4/TCP/203.0.113.7/5060",
            eventtv=eventtv(time.time()),
        )
        service.write(5 * written.as_json(written.record("InvalidPassword", words)))
        service.until_banned("203.0.113.7/32")
        with watching(service.config, 200, 50) as terminal:
            terminal.shows("203.0.113.7")
            terminal.press("e")
            terminal.shows("203.0.113.7 is banned", r"\x1b]0;owned\x07", r"\u202eowned\U0001f4a3")
            assert b"\x1b]0;" not in terminal.raw
            assert terminal.raw.isascii()


def test_without_a_terminal_it_says_so(unserved: Path) -> None:
    ran = subprocess.run(
        [*PROGRAM, "watch", "--config", str(unserved)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (2, "") == (ran.returncode, ran.stdout)
    assert "watch needs a terminal" in ran.stderr


def test_a_terminal_that_nobody_knows_is_named(unserved: Path) -> None:
    with watching(unserved, TERM="no-such-terminal") as terminal:
        assert 1 == terminal.ends()
        assert "amiguard: this terminal cannot show it" in terminal.text
