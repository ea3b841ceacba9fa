"""A filter at work: which lines name whom."""

from __future__ import annotations

import pytest

from amiguard.fail2ban.ini import FilterError, Layers, read
from amiguard.fail2ban.matcher import LONGEST, Matcher

NOW = 1_795_299_700.0
TRUE = "203.0.113.7"


def matcher(failregex: str, **options: str) -> Matcher:
    layers = Layers()
    layers.add({"Definition": {"failregex": failregex, **options}})
    return Matcher(layers)


def who(one: Matcher, *lines: str) -> list[str | None]:
    found = [one.read(line, NOW) for line in lines]
    return [failure and failure.who for failure in found]


def test_the_first_expression_that_matches_names_the_source() -> None:
    one = matcher("^no <HOST>$\n^bad (?:login|<F-USER>\\S+</F-USER>) from <HOST>$")
    assert [TRUE, None] == who(one, f"bad x from {TRUE}", f"good from {TRUE}")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("203.0.113.7", TRUE),
        ("::ffff:203.0.113.7", TRUE),
        ("[2001:DB8::7]", "2001:db8::7"),
        ("2001:db8:0:0:0:0:0:7", "2001:db8::7"),
        ("::", "::"),
        ("::1", "::1"),
        ("fe80::", "fe80::"),
        ("12:30", None),
        ("host.example.com", None),
    ],
)
def test_an_address_is_named_in_its_usual_spelling(text: str, named: str | None) -> None:
    assert [named] == who(matcher("^from <ADDR>$"), f"from {text}")


def test_a_name_may_stand_for_a_host_and_an_identity_for_anything() -> None:
    assert ["host.example.com"] == who(matcher("^from <HOST>$"), "from host.example.com")
    assert ["a-b"] == who(matcher("^from <F-ID/>$"), "from a-b")
    assert ["a b"] == who(matcher("^from <F-ID>.*</F-ID>$"), "from a b")


def test_prefregex_says_what_the_others_see() -> None:
    one = matcher("^from <HOST>$", prefregex=r"^daemon: <F-CONTENT>.+</F-CONTENT>$")
    assert [TRUE, None] == who(one, f"daemon: from {TRUE}", f"from {TRUE}")


def test_ignoreregex_takes_back() -> None:
    assert [None, TRUE] == who(
        matcher("from <HOST>", ignoreregex="local"), f"local from {TRUE}", f"from {TRUE}"
    )


def test_the_date_is_cut_out_and_told() -> None:
    failure = matcher(r"^\[\] from <HOST>$").read(f"[2026-11-21 22:21:39 +0000] from {TRUE}", NOW)
    assert (TRUE, 1_795_299_699.0, "") == failure


def test_a_line_without_a_date_has_that_of_the_last_one() -> None:
    one = matcher("from <HOST>$")
    assert None is one.read(f"from {TRUE}", NOW).time
    one.read("2026-11-21 22:21:39 +0000 anything", NOW)
    assert 1_795_299_699.0 == one.read(f"from {TRUE}", NOW).time


def test_several_lines_are_seen_at_once() -> None:
    one = matcher(r"^begin<SKIPLINES>from <HOST>$", maxlines="3")
    assert [None, None, TRUE] == who(one, "begin", "between", f"from {TRUE}")
    assert [None, None, None, None] == who(one, "begin", "between", "between", f"from {TRUE}")


def test_a_line_that_has_made_a_failure_makes_no_other() -> None:
    one = matcher(r"^begin<SKIPLINES>from <HOST>$", maxlines="5")
    assert [None, TRUE, None] == who(one, "begin", f"from {TRUE}", f"from {TRUE}")


LINES = ("wrong", "from <HOST>", "<F-NOFAIL>hello</F-NOFAIL> <HOST>", "<F-MLFFORGET>bye</F-MLFFORGET>")


def connected(*lines: str) -> Matcher:
    return matcher("\n".join(f"^<F-MLFID>c\\d+</F-MLFID>: {line}$" for line in lines))


def test_the_lines_of_a_connection_make_a_failure_together() -> None:
    one = connected(*LINES)
    assert [None, TRUE] == who(one, "c1: wrong", f"c1: from {TRUE}")
    assert [None, None] == who(one, f"c2: hello {TRUE}", "c3: wrong")
    assert [TRUE] == who(one, "c2: wrong")


def test_a_connection_that_is_over_is_forgotten() -> None:
    one = connected(*LINES)
    assert [TRUE, TRUE, None] == who(one, f"c1: from {TRUE}", "c1: bye", "c1: wrong")


def test_only_so_many_connections_are_remembered() -> None:
    one = connected(*LINES)
    for number in range(1001):
        one.read(f"c{number}: hello {TRUE}", NOW)
    assert [None, TRUE] == who(one, "c0: wrong", "c1000: wrong")


def test_a_log_in_that_succeeded_is_no_failure_unless_under_another_name() -> None:
    gained = "<F-MLFGAINED>welcome</F-MLFGAINED> <F-USER>\\S+</F-USER>"
    one = connected(*LINES, gained, "wrong <F-ALT_USER>\\S+</F-ALT_USER>")
    assert [None, TRUE, None] == who(one, f"c1: hello {TRUE}", "c1: wrong a", "c1: welcome a")
    assert [None, TRUE, TRUE] == who(one, f"c2: hello {TRUE}", "c2: wrong a", "c2: welcome b")
    assert [None, None, None] == who(one, "c3: wrong a", "c3: welcome a", f"c3: hello {TRUE}")


def test_of_a_line_so_much_is_looked_at() -> None:
    assert [None] == who(matcher("from <HOST>$"), "x" * LONGEST + f" from {TRUE}")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"failregex": ""}, "no failregex"),
        ({"failregex": "("}, "no regular expression"),
        ({"failregex": "<HOST> <HOST>"}, "no regular expression"),
        ({"failregex": "<F-TUPLE_ID>x</F-TUPLE_ID> <HOST>"}, "not supported"),
        ({"failregex": "<HOST>", "maxlines": "0"}, "maxlines"),
        ({"failregex": "<HOST>", "maxlines": "many"}, "maxlines"),
        ({"failregex": "<HOST>", "datepattern": "%Q"}, "datepattern"),
    ],
)
def test_a_filter_that_cannot_be_used_is_refused(options: dict[str, str], why: str) -> None:
    with pytest.raises(FilterError, match=why):
        matcher(**options)


def test_flags_in_a_group_hold_in_that_group() -> None:
    layers = Layers()
    layers.add(read("[Definition]\nfailregex = ^((?i)bad) from <HOST>$", "x.conf"))
    assert [TRUE, None] == who(Matcher(layers), f"BAD from {TRUE}", f"bad FROM {TRUE}")
