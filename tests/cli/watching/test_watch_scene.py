"""What keys do, and what the view makes of answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from watched import ban, suspect, told

from amiguard.cli.watching.rates import REMEMBERED, Rates
from amiguard.cli.watching.scene import HELP, LATE, Request, Scene

if TYPE_CHECKING:
    from collections.abc import Iterable


def scene(**more: Any) -> Scene:
    """Three bans and two suspects, of which nothing is chosen yet."""
    view = Scene(0.0)
    view.tell(told(**more), 0.0)
    return view


def pressed(view: Scene, keys: Iterable[str]) -> list[Request]:
    return [request for key in keys if (request := view.key(key))]


def here(view: Scene) -> str:
    return str(view.rows(view.pane)[view.chosen(view.pane)]["address"])


@pytest.mark.parametrize(
    ("keys", "address"),
    [
        ("", "203.0.113.1"),
        ("j", "203.0.113.2"),
        ("jjjjj", "203.0.113.3"),
        ("jjk", "203.0.113.2"),
        ("k", "203.0.113.1"),
        (["KEY_NPAGE"], "203.0.113.3"),
        (["KEY_NPAGE", "KEY_PPAGE", "KEY_DOWN"], "203.0.113.2"),
        (["^I"], "198.51.100.1"),
        (["^I", "j"], "198.51.100.2"),
        (["j", "^I", "^I"], "203.0.113.2"),
    ],
)
def test_keys_choose_a_row(keys: Iterable[str], address: str) -> None:
    view = scene()
    assert [] == pressed(view, keys)
    assert address == here(view)


def test_what_is_chosen_stays_chosen_when_others_come() -> None:
    view = scene()
    view.key("j")
    view.tell(told(newest=[ban("192.0.2.9"), *told()["newest"]]), 1.0)
    assert "203.0.113.2" == here(view)
    view.tell(told(newest=[ban("192.0.2.9")]), 2.0)
    assert "192.0.2.9" == here(view)


@pytest.mark.parametrize(
    ("keys", "request_"),
    [
        ("uy", Request("unban", {"addresses": ["203.0.113.1"]})),
        ("ay", Request("allow", {"action": "add", "network": "203.0.113.1"})),
        ("e", Request("explain", {"address": "203.0.113.1"})),
        (["^J"], Request("explain", {"address": "203.0.113.1"})),
        (["^I", "e"], Request("explain", {"address": "198.51.100.1"})),
    ],
)
def test_keys_ask_for_what_they_say(keys: Iterable[str], request_: Request) -> None:
    assert [request_] == pressed(scene(), keys)


@pytest.mark.parametrize("keys", ["un", "uu", "u\x1b", "ax", "aq"])
def test_nothing_is_changed_without_a_yes(keys: str) -> None:
    view = scene()
    assert [] == pressed(view, keys)
    assert (None, False) == (view.question, view.over)


def test_a_network_is_asked_for_with_its_length() -> None:
    view = scene(newest=[ban("2001:db8::", 64)])
    assert [Request("unban", {"addresses": ["2001:db8::/64"]})] == pressed(view, "uy")


def test_who_is_not_banned_cannot_be_unbanned() -> None:
    view = scene()
    assert [] == pressed(view, ["^I", "u", "y"])
    view.key("^I")
    view.key("^I")
    view.key("u")
    assert "198.51.100.1 is not banned" == view.message


@pytest.mark.parametrize("key", ["u", "a", "e", "j", "k", "^I", "KEY_NPAGE", "KEY_MOUSE", "x", "^C"])
def test_where_nobody_is_shown_no_key_does_harm(key: str) -> None:
    empty = Scene(0.0)
    assert [] == pressed(empty, [key, "y"])
    nobody = scene(newest=[], suspects=[])
    assert [] == pressed(nobody, [key, "y"])


def test_a_page_is_scrolled_and_left() -> None:
    view = scene()
    view.key("?")
    assert HELP == view.page
    pressed(view, "jjk")
    assert 1 == view.top
    pressed(view, ["KEY_NPAGE"] * 9)
    assert len(HELP) - 1 == view.top
    assert [] == pressed(view, "uea"), "beneath a page nothing can be chosen"
    view.key("q")
    assert ((), False) == (view.page, view.over)
    view.key("q")
    assert view.over


def test_what_was_granted_is_said() -> None:
    view = scene()
    rows = [json.dumps(ban("203.0.113.1")), json.dumps(ban("2001:db8::", 64))]
    view.grant(Request("unban", {"addresses": ["203.0.113.1"]}), rows)
    assert "unbanned 203.0.113.1, 2001:db8::/64" == view.message
    view.grant(Request("allow", {"action": "add", "network": "192.0.2.0/24"}), [])
    assert "192.0.2.0/24 is never banned from now on" == view.message
    view.refuse("no")
    assert "no" == view.message
    view.key("j")
    assert "" == view.message


def test_silence_is_noticed_and_ends() -> None:
    view = scene()
    assert 0.0 == view.silence(LATE)
    assert LATE + 1 == view.silence(LATE + 1), "an answer is overdue"
    view.tell(told(), 10.0)
    view.fail("no service answers")
    assert 0.5 == view.silence(10.5), "it was refused"
    view.tell(told(), 11.0)
    assert (0.0, "") == (view.silence(11.5), view.trouble)


def look(rates: Rates, at: float, since: str = "now", **events: int) -> None:
    rates.look({"since": since, "at": at, "sources": [{"name": n, "events": c} for n, c in events.items()]})


def test_rates_are_what_counters_have_grown_by() -> None:
    rates = Rates()
    look(rates, 100.0, log=1000, ami=500)
    assert ({}, []) == (rates.now, list(rates.curve))
    look(rates, 102.0, log=1010, ami=501)
    assert {"log": 5.0, "ami": 0.5} == rates.now
    assert [5.5] == list(rates.curve)


def test_a_service_that_began_anew_has_no_rate_yet() -> None:
    rates = Rates()
    look(rates, 100.0, log=1000)
    look(rates, 101.0, since="later", log=3)
    assert [] == list(rates.curve)
    look(rates, 102.0, since="later", log=5)
    assert [2.0] == list(rates.curve)


@pytest.mark.parametrize("at", [100.0, 100.05, 99.0])
def test_two_looks_at_the_same_moment_or_a_clock_set_back_make_no_rate(at: float) -> None:
    rates = Rates()
    look(rates, 100.0, log=1000)
    look(rates, at, log=2000)
    assert {} == rates.now
    assert all(rate == 0 for rate in rates.curve)


def test_a_new_channel_and_one_whose_counter_fell_have_no_rate() -> None:
    rates = Rates()
    look(rates, 100.0, log=1000)
    look(rates, 101.0, log=10, ami=50)
    assert {"ami": 0.0} == rates.now


def test_the_curve_is_bounded() -> None:
    rates = Rates()
    for second in range(3 * REMEMBERED):
        look(rates, float(second), log=second)
    assert [1.0] * REMEMBERED == list(rates.curve)


def test_suspects_are_rows_of_their_own() -> None:
    assert {"address", "prefix", "part"} <= suspect("192.0.2.1").keys()
