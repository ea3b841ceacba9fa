"""What the demo shows, in a picture and in its last words."""

from __future__ import annotations

import re

import fakeasterisk
import written

from amiguard.demo.picture import HEIGHT, WIDTH, flowing, frame, summary
from amiguard.demo.script import CAST, CLOSING, PORTS, SCENES, TRUNK
from amiguard.demo.tale import NEWS, Tale
from amiguard.demo.verdict import Held

BEATS = 28
GUESSER = CAST[2].address
BAN = {"address": GUESSER, "scope": "door", "remaining": 598.0, "reason": "a wrong \x1b[2J password"}
COLOUR = re.compile(r"\x1b\[[0-9]+m")


def tale(beats: int = BEATS // 2, ban: int = BEATS) -> Tale:
    """So many beats, with the guesser's SIP packets dropped from `ban` on."""
    told = Tale()
    lanes = [(who.address, way) for who in CAST for way in PORTS]
    for beat in range(beats):
        dropped = {(GUESSER, "sip")} if beat >= ban else set()
        told.traffic.hear(beat, [(*lane, beat) for lane in lanes if lane not in dropped])
    return told


def attempt(account: bytes) -> bytes:
    words = written.Words(account=account, remote=b"IPV4/UDP/%s/5060" % GUESSER.encode())
    return fakeasterisk.event("InvalidAccountID", words) + b"\r\n\r\n"


def picture(told: Tale) -> list[str]:
    return [COLOUR.sub("", line) for line in frame(told, BEATS)]


def row(told: Tale, address: str) -> str:
    return next(line for line in picture(told) if line.startswith(f"{address} "))


def test_a_row_shows_the_whole_story_as_far_as_it_has_come() -> None:
    assert [GUESSER, "=======", "=======", "open"] == re.findall(r"[0-9.]{8,}|=+|open", row(tale(), GUESSER))


def test_packets_that_do_not_come_back_turn_the_line() -> None:
    assert ["===xxxx", "======="] == re.findall(r"[=x]+(?= )", row(tale(ban=6), GUESSER))


def test_a_ban_shows_how_much_it_closes_and_for_how_long() -> None:
    told = tale()
    told.listed([BAN])
    assert row(told, GUESSER).endswith("DOOR 9m 58s")


def test_a_ban_is_new_once_and_again_when_it_closes_more() -> None:
    told, house = tale(), BAN | {"scope": "house"}
    assert [[BAN], [], [house]] == [told.listed([ban]) for ban in (BAN, BAN, house)]


def test_nothing_that_an_attacker_wrote_reaches_the_terminal_raw() -> None:
    told = tale()
    told.told("ami", attempt(b"\x1b]0;x\x07\xe2\x80\xae"), 0.0)
    told.listed([BAN])
    text = "\n".join(picture(told))
    assert 1 == told.events[GUESSER]
    assert all(char.isprintable() or char == "\n" for char in text)


def test_the_picture_fits_the_smallest_terminal_it_is_drawn_on() -> None:
    told = tale(ban=3)
    told.caption = max((*(scene.caption for scene in SCENES), CLOSING), key=len)
    told.elapsed = 100.0
    told.listed([BAN | {"reason": "x" * 200, "scope": "house", "remaining": 86_400.0 * 6 + 82_800}])
    for _ in range(2 * NEWS):
        told.told("ami", attempt(b"a" * 36), 0.0)
    lines = picture(told)
    assert HEIGHT >= len(lines) + 1
    assert max(map(len, lines)) <= WIDTH


def test_a_flow_is_told_only_when_enough_was_seen() -> None:
    assert flowing(tale(3), GUESSER, "sip") is None
    assert flowing(tale(10), GUESSER, "sip") is True
    assert flowing(tale(10, ban=8), GUESSER, "sip") is True
    assert flowing(tale(10, ban=5), GUESSER, "sip") is False


def test_the_tale_is_complete_when_everybody_is_banned_as_he_should_be() -> None:
    told = tale()
    bans = [{"address": who.address, "scope": who.scope, "reason": ""} for who in CAST if who.scope]
    told.listed(bans[:-1])
    assert not told.complete
    told.listed([*bans[:-1], bans[-1] | {"scope": "door"}])
    assert not told.complete
    told.listed(bans)
    assert not told.complete, "the breach is not told yet"
    told.breaches[GUESSER] = "BREACH"
    assert told.complete


def test_totals_count_every_packet() -> None:
    lanes = len(CAST) * len(PORTS)
    assert (10 * lanes - 4, 4) == tale(10, ban=6).totals()


def test_the_summary_has_six_lines_and_names_what_the_kernel_holds() -> None:
    lines = summary(tale(), [Held(GUESSER, "house", 3599.0, 40), Held("192.0.2.2", "door", None, 2)])
    assert ["1.", "2.", "3.", "4.", "5.", "6."] == [line[:2] for line in lines]
    assert lines[1].endswith(f"keeps out: {GUESSER} (house, 59m 59s), 192.0.2.2 (door, for ever).")
    assert "it dropped 42 packets" in lines[5]


def test_a_breach_and_a_known_peer_are_shown() -> None:
    told = tale()
    alarm = {"kind": "breach", "source": GUESSER, "text": "logged in\x1b[2J"}
    for _ in range(2):
        told.reported({"repeats": 7, "peers": [{"address": TRUNK}], "alarms": [alarm]})
    lines = picture(told)
    assert 1 == sum(f"BREACH {GUESSER}: logged in\\x1b[2J" in line for line in lines)
    assert row(told, TRUNK).endswith("open, known")
    assert "7 heard twice" in lines[-1]
