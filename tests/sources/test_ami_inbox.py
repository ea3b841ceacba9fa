"""What waits for the judge: in order, bounded, and nothing lost without being counted."""

from __future__ import annotations

import written
from written import Words

from amiguard.model import Prefix, SecurityEvent
from amiguard.sources.ami_inbox import ADDRESSES, Batch, Inbox, Lost, State, Status
from amiguard.sources.securitylog import Ambiguous, SecurityLog

DOUBT = Ambiguous("x", b"")


def batch(*addresses: str) -> Batch:
    log = b"".join(
        written.classic(written.record("InvalidAccountID", Words(remote=b"IPV4/UDP/%s/1" % each.encode())))
        for each in addresses
    )
    return Batch(SecurityLog().feed(log, 0.0), 0.0)


def ignore() -> None:
    """Nobody waits for the bell here."""


def test_what_is_put_is_taken_in_its_order() -> None:
    rung: list[int] = []
    inbox = Inbox(lambda: rung.append(1))
    items = [batch("192.0.2.1"), Status(State.LISTENING, "", 1), batch("192.0.2.2")]
    inbox.put(items[0], 10)
    inbox.say(items[1])
    inbox.put(items[2], 10)
    assert [*items, None] == [inbox.take() for _ in range(4)]
    assert 3 == len(rung)


def test_what_finds_no_room_is_told_in_its_place() -> None:
    inbox = Inbox(ignore, room=100)
    first, lost, last = batch("192.0.2.1"), batch("192.0.2.2", "192.0.2.2", "192.0.2.3"), batch("192.0.2.4")
    inbox.put(first, 100)
    inbox.put(Batch([*lost.found, DOUBT], 0.0), 1)
    assert first == inbox.take()
    inbox.put(last, 100)
    counted = Lost({Prefix.parse("192.0.2.2"): 2, Prefix.parse("192.0.2.3"): 1}, 1)
    assert [counted, last, None] == [inbox.take() for _ in range(3)]


def test_a_loss_with_nothing_behind_it_is_told_as_well() -> None:
    inbox = Inbox(ignore, room=1)
    inbox.put(batch("192.0.2.1"), 2)
    assert [Lost({Prefix.parse("192.0.2.1"): 1}, 0), None] == [inbox.take(), inbox.take()]


def test_the_addresses_of_losses_are_bounded() -> None:
    inbox = Inbox(ignore, room=0)
    [example] = batch("192.0.2.1").found
    assert isinstance(example, SecurityEvent)
    for number in range(ADDRESSES + 5):
        remote = example.remote._replace(address=Prefix.of(number.to_bytes(4)))
        inbox.put(Batch([example._replace(remote=remote)] * 2, 0.0), 1)
    lost = inbox.take()
    assert isinstance(lost, Lost)
    assert (ADDRESSES, 10) == (len(lost.by_address), lost.others)
