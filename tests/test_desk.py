"""What the desk says while there is nothing to say yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab import attempt

from amiguard import config
from amiguard.channel import Channel
from amiguard.desk import Desk
from amiguard.judge.guard import Guard
from amiguard.ledger import Ledger
from amiguard.sources.tail import Tail
from amiguard.warden import Warden

if TYPE_CHECKING:
    from pathlib import Path


def test_a_backlog_without_an_event_yet_is_as_old_as_the_service_at_least(tmp_path: Path) -> None:
    log = tmp_path / "security"
    log.write_bytes(b"no event\n" * 100_000 + attempt("203.0.113.7"))
    guard = Guard(config.parse("", "defaults"))
    desk = Desk(config.parse("", "defaults"), Warden(guard, Ledger(guard), None))
    tail, channel = Tail(log), Channel(str(log), guard)
    desk.tails, desk.channels = {str(log): tail}, {str(log): channel}
    desk.since -= 60
    chunk = tail.read()
    assert chunk
    assert [] != list(channel.feed(chunk.data, desk.since, backlog=chunk.backlog))
    [source] = desk.answer({"command": "status"}).head["sources"]
    assert 60 <= source["lag"] < 120
    assert source["behind"] > 0
