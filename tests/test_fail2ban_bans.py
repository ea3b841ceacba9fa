"""Bans that fail2ban asks for, among those that were judged and those of operators."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from lab import Service

from amiguard import config
from amiguard.asking import ControlError
from amiguard.desk import Desk
from amiguard.hearing import Hearing
from amiguard.judge.guard import Guard
from amiguard.ledger import Ledger
from amiguard.model import Ban, Prefix, Verdict
from amiguard.warden import Warden

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = Prefix.parse("203.0.113.7")
JAIL = {"origin": "fail2ban", "reason": "jail sshd"}


@pytest.fixture
def desk() -> Desk:
    settings = config.parse("", "defaults")
    guard = Guard(settings)
    return Desk(settings, Warden(guard, Ledger(guard), None), Hearing(0.0))


def ban(desk: Desk, lasting: str, **more: str) -> dict[str, Any]:
    return dict(desk.answer({"command": "ban", "address": str(SOURCE), "for": lasting, **more}).head["ban"])


def unban(desk: Desk, **more: Any) -> int:
    return len(list(desk.answer({"command": "unban", "addresses": [str(SOURCE)], **more}).rows))


def running(desk: Desk) -> list[str]:
    return [each.origin for each in desk.warden.guard.bans]


def judged(desk: Desk) -> None:
    now = time.time()
    one = Ban(SOURCE, "house", "proven", now, now + 600, "guessing", "judged", 1, 9.0)
    desk.warden.guard.bans.impose(one)
    desk.warden.guard.bans.count_strike(SOURCE, now)
    desk.warden.ledger.begun(Verdict(one))


def test_fail2ban_shortens_no_ban(desk: Desk) -> None:
    judged(desk)
    assert "judged" == ban(desk, "1m", **JAIL)["origin"]
    assert ["judged"] == running(desk)


def test_fail2ban_lengthens_a_ban(desk: Desk) -> None:
    judged(desk)
    assert "fail2ban" == ban(desk, "1h", **JAIL)["origin"]


def test_fail2ban_closes_the_house_where_the_door_is_closed(desk: Desk) -> None:
    now = time.time()
    desk.warden.guard.bans.impose(Ban(SOURCE, "door", "unproven", now, now + 600, "guessing"))
    assert "house" == ban(desk, "1m", **JAIL)["scope"]


def test_an_operator_may_shorten_a_ban(desk: Desk) -> None:
    judged(desk)
    assert "operator" == ban(desk, "1m")["origin"]


def test_a_ban_is_the_same_when_it_is_asked_for_again(desk: Desk) -> None:
    for _ in range(2):
        assert "fail2ban" == ban(desk, "1h", **JAIL)["origin"]
    assert ["fail2ban"] == running(desk)


def test_fail2ban_lifts_nothing_that_was_judged(desk: Desk) -> None:
    judged(desk)
    with pytest.raises(ControlError, match="no ban holds"):
        unban(desk, **JAIL)
    assert ["judged"] == running(desk)


def test_a_jail_lifts_no_ban_of_another_jail(desk: Desk) -> None:
    ban(desk, "1h", **JAIL)
    with pytest.raises(ControlError, match="no ban holds"):
        unban(desk, origin="fail2ban", reason="jail nginx")
    assert 1 == unban(desk, **JAIL)
    assert [] == running(desk)


def test_what_fail2ban_lifts_leaves_strikes_and_scores(desk: Desk) -> None:
    desk.warden.guard.bans.count_strike(SOURCE, time.time())
    ban(desk, "1h", **JAIL)
    unban(desk, **JAIL)
    assert 1 == len(desk.warden.guard.bans.strikes(SOURCE))
    snapshot = desk.warden.ledger.snapshot()
    assert ([], 1) == (list(snapshot.pardoned), len(snapshot.ended))


def test_a_whole_jail_is_lifted_at_once(desk: Desk) -> None:
    ban(desk, "1h", **JAIL)
    desk.answer({"command": "ban", "address": "203.0.113.8"})
    assert 1 == unban(desk, all=True, **JAIL)
    assert ["operator"] == running(desk)
    assert 0 == unban(desk, all=True, **JAIL)


@pytest.mark.kernel
def test_the_same_holds_while_the_service_is_down(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        for address, origin in (("203.0.113.7", "fail2ban"), ("203.0.113.8", "operator")):
            assert 0 == service.command("ban", address, "--origin", origin, "--reason", "r").code
        service.stop()
        assert 3 == service.command("unban", "203.0.113.8", "--origin", "fail2ban").code
        assert "unbanned 203.0.113.7\n" == service.command("unban", "--all", "--origin", "fail2ban").out
        assert ["203.0.113.8"] == [b["address"] for b in service.command("list", "--json").json["bans"]]
