"""What is said of channels that have nothing to say yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab import attempt

from amiguard import config
from amiguard.channel import Channel
from amiguard.hearing import Hearing
from amiguard.judge.guard import Guard
from amiguard.sources.tail import Tail

if TYPE_CHECKING:
    from pathlib import Path


def test_a_backlog_without_an_event_yet_is_as_old_as_the_service_at_least(tmp_path: Path) -> None:
    log = tmp_path / "security"
    log.write_bytes(b"no event\n" * 100_000 + attempt("203.0.113.7"))
    hearing, now = Hearing(since=1_000_000.0), 1_000_060.0
    tail, channel = Tail(log), Channel(str(log), Guard(config.parse("", "defaults")))
    hearing.tails, hearing.channels = {str(log): tail}, {str(log): channel}
    chunk = tail.read()
    assert chunk
    assert [] != list(channel.feed(chunk.data, now, backlog=chunk.backlog))
    [source] = hearing.sources(now)
    assert 60 == source["lag"]
    assert source["behind"] > 0


def test_a_log_that_was_not_found_is_missing_until_a_file_matches_its_glob() -> None:
    hearing = Hearing(since=0.0)
    hearing.patterns = ("/var/log/asterisk/security*",)
    assert [("/var/log/asterisk/security*", "missing")] == [
        (source["name"], source["state"]) for source in hearing.sources(0.0)
    ]
