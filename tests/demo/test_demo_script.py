"""The demo's story: recorded lines, told as if they happened now."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from amiguard.demo.script import CAST, END, SCENES, Scene, caption, cues, restamped
from amiguard.sources.securitylog import SecurityLog

RECORDINGS = files("amiguard.demo") / "recordings"
NOW = 1_800_000_000.25


def recording(name: str) -> bytes:
    return (RECORDINGS / f"{name}.json").read_bytes()


def line(moment: str, rest: str = "") -> bytes:
    message = f'SecurityEvent="X",EventTV="2026-11-21T{moment}+0000",A="{rest}"'
    return json.dumps({"timestamp": "Nov 21", "message": message}, separators=(",", ":")).encode() + b"\n"


def test_every_recording_is_played_and_every_line_of_it() -> None:
    shipped = {file.name.removesuffix(".json") for file in RECORDINGS.iterdir()}
    played = [name for scene in SCENES for name in scene.recordings]
    assert shipped == set(played)
    assert sum(recording(name).count(b"\n") for name in played) == len(cues(recording))


def test_lines_are_in_order_and_over_before_the_end() -> None:
    moments = [cue.moment for cue in cues(recording)]
    assert sorted(moments) == moments
    assert moments[-1] < END


def test_a_scene_keeps_the_rhythm_and_takes_its_time() -> None:
    lines = line("00:00:10.000") + line("00:00:10.001") + line("00:00:10.004")
    moments = [cue.moment for cue in cues(lambda _: lines, [Scene(5.0, 2.0, ("x",), "")])]
    assert [5.0, 5.5, 7.0] == pytest.approx(moments, abs=1e-3)


def test_lines_of_one_moment_come_at_once() -> None:
    lines = line("00:00:10.000") * 2
    assert [5.0, 5.0] == [cue.moment for cue in cues(lambda _: lines, [Scene(5.0, 2.0, ("x",), "")])]


def test_a_line_that_is_no_record_is_refused_by_its_text() -> None:
    with pytest.raises(ValueError, match="has no EventTV: b'rubbish'"):
        cues(lambda _: b"rubbish\n")


def test_a_restamped_record_is_the_same_event_at_another_time() -> None:
    for cue in cues(recording):
        (before,) = SecurityLog(skip_challenges=False).feed(cue.record, 0.0)
        (after,) = SecurityLog(skip_challenges=False).feed(restamped(cue.record, NOW), 0.0)
        assert before._replace(time=NOW) == after


def test_a_time_that_an_attacker_wrote_is_left_alone() -> None:
    forged = '",EventTV="1999-01-01T00:00:00.000+0000'
    told = restamped(line("00:00:10.000", forged), NOW).decode()
    assert ["2027-01-15T08:00:00.250+0000", "1999-01-01T00:00:00.000+0000"] == re.findall(
        r'EventTV=\\"([^\\]+)', told
    )


def test_records_come_from_the_cast_and_name_only_the_cast() -> None:
    addresses = {who.address for who in CAST}
    records = b"".join(cue.record for cue in cues(recording))
    named = {found.decode() for found in re.findall(rb'RemoteAddress=\\"IPV4/[A-Z]+/([0-9.]+)/', records)}
    assert addresses == named


def test_the_caption_is_that_of_the_scene_begun_last() -> None:
    assert "Everybody's packets pass." == caption(0.0)
    assert SCENES[1].caption == caption(SCENES[2].begin - 0.01)
    assert SCENES[-1].caption == caption(END)
