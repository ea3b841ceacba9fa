"""Who did something last, and who is banned last: looked up without changing anything."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from made import START, event, guard, login

from amiguard.glance import SHOWN, glance
from amiguard.hearing import Hearing
from amiguard.judge.suspects import AWAKE
from amiguard.model import Prefix

if TYPE_CHECKING:
    from amiguard.judge.guard import Guard


def address(n: int) -> str:
    return f"10.0.{n >> 8}.{n & 255}"


def failed(judge: Guard, n: int, at: float, times: int = 1) -> None:
    for _ in range(times):
        one = event(at=at, source=address(n))
        judge.observe(one, one.time)


def shown(judge: Guard, at: float) -> dict[str, list[dict[str, object]]]:
    warden = SimpleNamespace(
        guard=judge, ledger=SimpleNamespace(trouble=""), firewall=None, trouble="", contested="", repairs=0
    )
    return glance(warden, Hearing(START), START + at)  # type: ignore[arg-type]  # what it asks of a warden


def test_the_latest_are_told_newest_first_and_once() -> None:
    judge = guard()
    for n in range(2 * AWAKE):
        failed(judge, n, n)
    failed(judge, 5, 1000)
    found = [source.address for source, _ in judge.scorer.lately(START + 1000)]
    assert AWAKE <= len(found) == len(set(found)) <= 2 * AWAKE
    assert [address(5), address(2 * AWAKE - 1)] == found[:2]


def test_scores_are_those_of_now() -> None:
    judge = guard()
    failed(judge, 1, 0, times=2)
    [(source, seen)] = judge.scorer.lately(START + 600)
    assert (address(1), 2.0, START + 600) == (source.address, round(seen.fast, 6), seen.at)


def test_to_look_changes_nothing() -> None:
    judge = guard()
    for n in range(3 * AWAKE):
        failed(judge, n, n)
    before = {source: judge.scorer.state(source, whole=True) for source in judge.scorer}
    changed = set(judge.scorer.changed)
    shown(judge, 5000.0)
    assert before == {source: judge.scorer.state(source, whole=True) for source in judge.scorer}
    assert changed == judge.scorer.changed


def test_so_many_are_shown_and_no_more_the_nearest_to_a_ban_first() -> None:
    judge = guard()
    for n in range(3 * AWAKE):
        failed(judge, n, n / 1000)
    failed(judge, 3 * AWAKE - 3, 1, times=3)
    for n in range(1000, 1000 + 2 * SHOWN):
        failed(judge, n, 2 + n / 1000, times=5)
    told = shown(judge, 10.0)
    assert (SHOWN, SHOWN) == (len(told["suspects"]), len(told["newest"]))
    assert address(1000 + 2 * SHOWN - 1) == told["newest"][0]["address"]
    parts = [row["part"] for row in told["suspects"]]
    assert sorted(parts, reverse=True, key=str) == parts
    assert address(3 * AWAKE - 3) == told["suspects"][0]["address"]


def test_a_friends_score_is_measured_against_his_own_threshold() -> None:
    judge = guard()
    one = login(source=address(1))
    judge.observe(one, one.time)
    failed(judge, 1, 1, times=4)
    failed(judge, 2, 1, times=4)
    suspects = {row["address"]: row for row in shown(judge, 1.0)["suspects"]}
    friend, stranger = suspects[address(1)], suspects[address(2)]
    assert (True, False) == (friend["spared"], stranger["spared"])
    assert friend["fast"] == stranger["fast"]
    assert (0.111, 0.889) == (friend["part"], stranger["part"])


def test_the_newest_bans_are_those_imposed_last() -> None:
    judge = guard()
    for n in (3, 1, 2):
        failed(judge, n, n, times=5)
    assert [address(n) for n in (2, 1)] == [ban.source.address for ban in judge.bans.newest(2)]
    judge.bans.lift(Prefix.parse(address(2)))
    assert [address(n) for n in (1, 3)] == [ban.source.address for ban in judge.bans.newest(9)]
