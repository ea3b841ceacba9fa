"""The picture fits a terminal of any size, whatever it shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from watched import ban, source, suspect, told

from amiguard.cli.watching.frame import frame
from amiguard.cli.watching.lines import Line, shares
from amiguard.cli.watching.scene import Scene

SIZES = [(80, 24), (40, 10), (200, 50)]
WORDS = st.text(st.characters(exclude_categories=()), max_size=300)


def scene(**more: Any) -> Scene:
    view = Scene(0.0)
    view.tell(told(**more), 0.0)
    return view


def texts(lines: list[Line]) -> list[str]:
    return ["".join(span.text for span in line) for line in lines]


def picture(view: Scene, width: int = 80, height: int = 24, now: float = 0.0) -> str:
    return "\n".join(texts(frame(view, width, height, now)))


@settings(deadline=None)
@given(
    st.integers(1, 250),
    st.integers(1, 80),
    WORDS,
    st.integers(0, 60),
    st.sampled_from(["", "j", "?", "u", "e"]),
)
def test_it_fits_whatever_the_size_and_whatever_was_written(
    width: int, height: int, words: str, rows: int, key: str
) -> None:
    view = scene(
        sources=[source(words, reason=words, state=words)] * (rows % 9),
        silent=[{"name": words, "seconds": 70.0, "events": 30, "packets": 0}] * (rows % 3),
        newest=[ban(f"203.0.113.{n}", reason=words) for n in range(rows)],
        suspects=[suspect(f"198.51.100.{n}") for n in range(rows)],
        alarms=[
            {
                "kind": "breach",
                "source": "203.0.113.9",
                "since": "2026-11-22T01:17:51.000+00:00",
                "text": words,
            }
        ],
        firewall={"state": words, "repairs": rows},
    )
    view.key(key)
    view.fail(words)
    shown = texts(frame(view, width, height, 5.0))
    assert height == len(shown)
    assert max(map(len, shown)) <= width
    assert all(line.isascii() and (not line or line.isprintable()) for line in shown)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_essentials_are_there_at_every_size(width: int, height: int) -> None:
    shown = picture(scene(), width, height)
    for word in ("amiguard", "3 banned", "following", "203.0.113.1", "198.51.100.1", "u unban"):
        assert word in shown


def test_where_there_is_room_the_reason_of_the_chosen_ban_stands_in_full() -> None:
    reason = "a wrong answer to a log-in challenge: a wrong password (InvalidPassword PJSIP/TLS), score 10.0"
    shown = picture(scene(newest=[ban("203.0.113.1", reason=reason)]))
    assert reason in shown.replace("\n", "")


def test_the_chosen_row_is_in_sight() -> None:
    view = scene(newest=[ban(f"203.0.113.{n}") for n in range(50)])
    for _ in range(40):
        view.key("j")
    lines = frame(view, 80, 24, 0.0)
    [chosen] = [line for line in lines if any(span.style == "chosen" for span in line)]
    assert chosen[0].text.startswith("203.0.113.40 ")
    assert 80 == len(chosen[0].text)


def test_what_is_ill_comes_first_and_is_marked() -> None:
    rows = [source(f"/log/{n}") for n in range(6)] + [
        source("/log/gone", state="missing", reason="no such file")
    ]
    lines = frame(scene(sources=rows), 80, 24, 0.0)
    [ill] = [line for line in lines if line and "missing" in line[0].text]
    assert "bad" == ill[0].style
    assert lines.index(ill) < texts(lines).index("following  18 events  0 ambiguous  log /log/0")


def test_a_breach_and_a_silent_log_are_shown_above_all_else() -> None:
    alarm = {
        "kind": "breach",
        "source": "203.0.113.9",
        "since": "2026-11-22T01:17:51.000+00:00",
        "text": "logged in",
    }
    silent = {"name": "/log", "seconds": 70.0, "events": 30, "packets": 0}
    shown = texts(frame(scene(alarms=[alarm], silent=[silent]), 80, 24, 0.0))
    assert shown[2].startswith("SILENT /log: nothing for 70 s")
    assert "11-22 01:17 breach 203.0.113.9: logged in" == shown[3]


def test_a_service_that_does_not_answer_is_said_and_the_last_picture_stays() -> None:
    view = scene()
    view.fail("no service answers on /run/amiguard/control.sock: Connection refused")
    shown = picture(view, now=70.0)
    assert "no news for 1m 10s: no service answers on /run/amiguard/control.sock: Connection" in shown
    assert "203.0.113.1" in shown


def test_before_the_first_answer_there_is_nothing_but_why() -> None:
    view = Scene(0.0)
    assert "u unban" in picture(view)
    view.fail("no service answers")
    assert "no news for 2s: no service answers" in picture(view, now=2.0)


def test_speed_is_shown_as_number_and_curve() -> None:
    view = scene()
    view.tell(told(at=1_795_299_702.0, sources=[source(events=118)]), 2.0)
    view.tell(told(at=1_795_299_704.0, sources=[source(events=128)]), 4.0)
    first, *rest = texts(frame(view, 80, 24, 4.0))
    assert "amiguard  5.0 events/s  #." == first.rstrip()
    assert any(line.startswith("following  5.0/s  128 events") for line in rest)


@given(st.integers(0, 60), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=6))
def test_shares_never_exceed_the_room_nor_what_is_wanted(room: int, wants: list[tuple[int, int]]) -> None:
    wants = [(least, max(least, most)) for least, most in wants]
    given_ = shares(room, wants)
    assert sum(given_) == min(room, sum(most for _, most in wants))
    assert all(has <= most for has, (_, most) in zip(given_, wants, strict=True))
