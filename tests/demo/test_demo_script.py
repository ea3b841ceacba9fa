"""The demo's story: recorded lines, told as if they happened now."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from amiguard.demo.script import CAST, CHANNELS, END, SCENES, Channel, Cue, Scene, caption, cues, restamped
from amiguard.model import SecurityEvent
from amiguard.sources.amievents import AmiEvents
from amiguard.sources.securitylog import SecurityLog

RECORDINGS = files("amiguard.demo") / "recordings"
NOW = 1_800_000_000.25


def recording(name: str, channel: Channel) -> bytes:
    return (RECORDINGS / f"{name}.{channel}").read_bytes()


def line(moment: str, rest: str = "") -> bytes:
    return f'[Nov 21 22:21:39] x: SecurityEvent="X",EventTV="2026-11-21T{moment}+0000",A="{rest}"\n'.encode()


def message(moment: str) -> bytes:
    return f"Event: X\r\nPrivilege: security,all\r\nEventTV: 2026-11-21T{moment}+0000\r\n\r\n".encode()


def logged(lines: bytes, length: float = 2.0) -> list[Cue]:
    """The cues of a scene of which only a log tells."""
    return cues(lambda *_: lines, [Scene(5.0, length, ("x",), "", ("security",))])


def events(record: bytes, channel: Channel) -> list[SecurityEvent]:
    if channel == "ami":
        found: list[object] = list(AmiEvents(skip_challenges=False).read(record, 0.0))
    else:
        found = list(SecurityLog(skip_challenges=False).feed(record, 0.0))
    return [each for each in found if isinstance(each, SecurityEvent)]


def test_every_recording_is_played_and_every_record_of_it() -> None:
    shipped = {file.name for file in RECORDINGS.iterdir()}
    played = [(name, channel) for scene in SCENES for name in scene.recordings for channel in scene.channels]
    assert shipped == {f"{name}.{channel}" for name, channel in played}
    told = [cue.record for cue in cues(recording)]
    assert sorted(b"".join(recording(*each) for each in played)) == sorted(b"".join(told))


def test_records_are_in_order_and_over_before_the_end() -> None:
    moments = [cue.moment for cue in cues(recording)]
    assert sorted(moments) == moments
    assert moments[-1] < END


def test_what_the_log_says_for_sure_the_ami_tells_at_the_same_moment() -> None:
    """They were recorded together: told again, they are equal, and count once."""
    told: dict[Channel, list[tuple[float, SecurityEvent]]] = {channel: [] for channel in CHANNELS}
    for cue in cues(recording):
        told[cue.channel] += [(cue.moment, each) for each in events(restamped(cue, NOW), cue.channel)]
    assert len(told["security"]) > 90
    assert [] == [each for each in told["security"] if each not in told["ami"]]


def test_a_scene_keeps_the_rhythm_and_takes_its_time() -> None:
    lines = line("00:00:10.000") + line("00:00:10.001") + line("00:00:10.004")
    assert [5.0, 5.5, 7.0] == pytest.approx([cue.moment for cue in logged(lines)], abs=1e-3)


def test_lines_of_one_moment_come_at_once() -> None:
    assert [5.0, 5.0] == [cue.moment for cue in logged(line("00:00:10.000") * 2)]


def test_both_channels_keep_one_rhythm() -> None:
    recorded = {"security": line("00:00:11.000"), "ami": message("00:00:10.000") + message("00:00:12.000")}
    told = cues(lambda _, channel: recorded[channel], [Scene(5.0, 4.0, ("x",), "")])
    assert [(5.0, "ami"), (7.0, "security"), (9.0, "ami")] == [(cue.moment, cue.channel) for cue in told]


def test_a_line_that_is_no_record_is_refused_by_its_text() -> None:
    with pytest.raises(ValueError, match="has no EventTV: b'rubbish'"):
        logged(b"rubbish\n")


def test_a_restamped_record_is_the_same_event_at_another_time() -> None:
    for cue in cues(recording):
        before = [each._replace(time=NOW) for each in events(cue.record, cue.channel)]
        assert before == events(restamped(cue, NOW), cue.channel)


def test_a_time_that_an_attacker_wrote_is_left_alone() -> None:
    forged = '",EventTV="1999-01-01T00:00:00.000+0000'
    told = restamped(Cue(0.0, "security", line("00:00:10.000", forged)), NOW).decode()
    assert told.startswith("[Jan 15 08:00:00] ")
    assert ["2027-01-15T08:00:00.250+0000", "1999-01-01T00:00:00.000+0000"] == re.findall(
        r'EventTV="([^"]+)', told
    )


def test_records_come_from_the_cast_and_name_only_the_cast() -> None:
    addresses = {who.address for who in CAST}
    records = b"".join(cue.record for cue in cues(recording))
    named = {
        found.decode() for found in re.findall(rb'RemoteAddress(?:="|: )IPV4/[A-Z]+/([0-9.]+)/', records)
    }
    assert addresses == named


def test_the_caption_is_that_of_the_scene_begun_last() -> None:
    assert "Everybody's packets pass." == caption(0.0)
    assert SCENES[1].caption == caption(SCENES[2].begin - 0.01)
    assert SCENES[-1].caption == caption(END)
