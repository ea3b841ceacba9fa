"""The real service beside a log of notices: what only they tell bans, and what both tell counts once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import nft
import pytest
from lab import Service, attempt, until
from noticing import DISTRIBUTOR, classic
from recorded import cases
from test_noticechannel import notices

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernel

STRANGER = "203.0.113.7"
SOURCE = f"{STRANGER}/32"
GUESS = classic("chan_iax2.c", f"Host {STRANGER} did not provide proper plaintext password for '101'")


def guarding(root: Path, settings: str = "", pattern: str = "notice") -> Service:
    log = f'[[log]]\npath = "{root}/{pattern}"\nfilter = "asterisk-notice"\n'
    service = Service(root, log + settings)
    service.log.touch()
    (root / "notice").touch()
    return service


def told(service: Service, data: bytes) -> None:
    service.write(data, service.root / "notice")


def until_heard(service: Service, count: int) -> None:
    def heard() -> bool:
        name = str(service.root / "notice")
        return any(each["name"] == name and each["events"] >= count for each in service.status()["sources"])

    until(heard, f"{count} notices")


def until_due(service: Service, marker: str = "192.0.2.99") -> None:
    """Wait until what was heard so far is judged: a later attempt of somebody else's is."""
    strong = classic("manager.c", f"Discarding message from {marker}. Line too long") * 3
    told(service, strong)
    service.until_banned(f"{marker}/32")


@pytest.mark.nft
def test_an_iax2_guesser_is_banned_at_the_door_of_iax2(tmp_path: Path) -> None:
    with guarding(tmp_path) as service:
        told(service, GUESS * 5)
        service.until_banned(SOURCE)
        ban = service.bans()[SOURCE]
        assert ("door", "unproven") == (ban["scope"], ban["proof"])
        assert "a wrong password (InvalidPassword IAX2/UDP, told by a notice alone)" in ban["reason"]
        assert {"5060", "4569"} == set(nft.elements("sip_ports"))
        assert STRANGER in nft.elements("door4")
        assert 5 == service.status()["notices"]["missing"]


def test_an_attempt_that_both_logs_tell_counts_once(tmp_path: Path) -> None:
    """Four wrong passwords do not ban; were notices counted as well, they would."""
    with guarding(tmp_path) as service:
        for n in range(4):
            said = attempt(STRANGER, time.time() + n / 1000, kind="ChallengeResponseFailed", transport="UDP")
            call_id = "0x7f62"
            text = f"Request 'REGISTER' from '<sip:101@pbx>' failed for '{STRANGER}:5061' (callid: {call_id})"
            notice = classic(DISTRIBUTOR, f"{text} - Failed to authenticate")
            for write, data in ((service.write, said), (lambda data: told(service, data), notice))[
                :: 1 - n % 2 * 2
            ]:
                write(data)
        until_heard(service, 4)
        service.until_read(4 + 4)
        until_due(service)
        assert SOURCE not in service.bans()
        assert 3 == service.status()["notices"]["missing"]


def test_attempts_that_are_not_utf8_ban_by_their_notices(tmp_path: Path) -> None:
    with guarding(tmp_path) as service:
        for n in range(3):
            guess = b"%s failed to authenticate as '\xff%d'" % (STRANGER.encode(), n)
            told(service, classic("manager.c", guess))
        service.until_banned(SOURCE)
        assert "door" == service.bans()[SOURCE]["scope"]


def test_text_that_may_be_forged_is_hidden_and_blames_nobody(tmp_path: Path) -> None:
    with guarding(tmp_path) as service:
        text = f"Request 'REGISTER' from '\"A\" <sip:101@pbx>' failed for '{STRANGER}:5061' (callid: x) - "
        told(service, classic(DISTRIBUTOR, text + "Failed to authenticate") * 20)
        until(lambda: service.status()["hidden"] == 20, "hidden attempts")
        assert {} == service.bans()
        until(lambda: "Asterisk has hidden failed log-ins" in service.said, "a warning")
        told(service, classic(DISTRIBUTOR, text + "Failed to authenticate"))
        until(lambda: service.status()["hidden"] == 21, "another one")
        assert 1 == service.said.count("Asterisk has hidden failed log-ins")
        assert "hidden          21 failed log-ins" in service.command("status").out


def test_what_stood_there_before_counts_for_nothing_after_a_restart_too(tmp_path: Path) -> None:
    with guarding(tmp_path) as service:
        told(service, GUESS * 4)
        until_heard(service, 4)
        assert 0 == service.stop()
        told(service, GUESS * 9)
        service.start()
        until(lambda: service.status()["notices"]["uncompared"] == 9, "the rest passed over")
        assert {} == service.bans()
        told(service, GUESS)
        service.until_banned(SOURCE)


def test_a_log_of_notices_as_text_shows_what_is_not_utf8(tmp_path: Path) -> None:
    with guarding(tmp_path) as service:
        service.write(attempt("198.51.100.7"))
        service.until_read(1)
        assert "utf8-blind" in service.status()["sight"]
        told(service, GUESS)
        until_heard(service, 1)
        assert ["oversize-blind", "crlf-blind", "quote-blind"] == service.status()["sight"]


def test_a_log_of_notices_is_followed_through_rotation(tmp_path: Path) -> None:
    with guarding(tmp_path) as service:
        log = tmp_path / "notice"
        told(service, GUESS * 3)
        log.rename(tmp_path / "notice.0")
        log.touch()
        told(service, GUESS * 2)
        service.until_banned(SOURCE)


def test_what_a_glob_meets_is_refused_by_name_and_shown(tmp_path: Path) -> None:
    (tmp_path / "messages").write_bytes(GUESS * 99)
    with guarding(tmp_path, pattern="[mn]*e*") as service:
        until(
            lambda: service.said.count("messages is not read: anyone can write into messages") == 1, "a word"
        )
        told(service, GUESS * 5)
        service.until_banned(SOURCE)
        [refused] = [each for each in service.status()["sources"] if each["state"] == "refused"]
        assert str(tmp_path / "messages") == refused["name"]
        assert "notice => notice" in refused["reason"]
        assert 0 == refused["events"]
        (tmp_path / "messages").unlink()
        until(lambda: "refused" not in str(service.status()["sources"]), "forgotten")
        assert 1 == service.said.count("messages is not read")


def test_a_refused_log_is_a_configuration_error_at_start_and_on_reload(tmp_path: Path) -> None:
    refused = f'[[log]]\npath = "{tmp_path}/messages"\nfilter = "asterisk-notice"\n'
    with guarding(tmp_path) as service:
        good = service.config.read_text(encoding="utf-8")
        service.config.write_text(good + refused, encoding="utf-8")
        service.reload()
        assert "the configuration is not reloaded" in service.said
        assert "log#3.path = " in service.said
        assert "no evidence: anyone can write into messages" in service.said
        told(service, GUESS * 5)
        service.until_banned(SOURCE)
        assert 0 == service.stop()
        code, said = service.fails()
        assert (2, 1) == (code, len(said))
        assert "notice => notice" in said[0]


def test_the_notices_of_the_corpus_ban_no_innocent(tmp_path: Path) -> None:
    """One after another; those that name nobody but their source are most of all."""
    strict = '[score]\nfast = { half_life = "1d", threshold = 1.0 }\n'
    recorded = [case for case in cases() if notices(case) and case.name != "inject-pjsip-packet-dump"]
    with guarding(tmp_path, strict) as service:
        for case in recorded:
            told(service, notices(case))
        sources = {str(source) for case in recorded for source in case.sources}
        until_due(service)
        banned = {ban["address"] for ban in service.bans().values()} - {"192.0.2.99"}
        assert banned
        assert banned <= sources
        assert "198.51.100.10" not in banned
        assert "Traceback" not in service.said
