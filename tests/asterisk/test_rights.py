"""Lists of classes grant what get_perm() of main/manager.c grants."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amiguard.asterisk.audit import rights

LABELS = [*rights.CLASSES, "all", "none"]


def reference(big: str, small: str) -> bool:
    """``ast_instring``, statement for statement."""
    text, at = big + "\0", 0
    while True:
        following = text.find(",", at)
        if following < 0:
            return small == text[at:-1]
        length = following - at
        if (text[at:following] + "\0")[:length] == (small + "\0" * length)[:length]:
            return True
        at = following + 1
        if text[at] == "\0":
            return False


WORDS = st.lists(st.sampled_from([*LABELS, "", "c", "co", " call", "call ", "x", "systems", "a"]), max_size=5)


@given(WORDS.map(",".join))
@example(",")
@example("call,,")
def test_a_list_grants_what_asterisks_own_loop_grants(text: str) -> None:
    granted = {label for label in LABELS if reference(text, label)}
    expected = set(rights.CLASSES) if "all" in granted else granted - {"none"}
    assert expected == rights.effective(text)


@given(WORDS.map(",".join))
def test_every_word_is_a_class_or_is_told_of(text: str) -> None:
    odd = [each for each in rights.tokens(text) if each not in LABELS]
    told = [*rights.prefixes(text), *rights.dropped(text), *([""] * rights.empty(text))]
    assert set(odd) == set(told)


@pytest.mark.parametrize(
    ("text", "empty", "prefixes", "dropped"),
    [
        ("system,call", False, {}, []),
        ("system,,call", True, {}, []),
        ("call,", False, {}, []),
        ("call,,", True, {}, []),
        ("co,call", False, {"co": ["command", "config"]}, []),
        ("call,co", False, {}, ["co"]),
        ("system, security", False, {}, [" security"]),
        ("System,call", False, {}, ["System"]),
    ],
)
def test_what_is_odd_about_a_list(text: str, empty: bool, prefixes: object, dropped: object) -> None:
    assert (empty, prefixes, dropped) == (rights.empty(text), rights.prefixes(text), rights.dropped(text))


def test_classes_are_listed_in_asterisks_order() -> None:
    assert ("all", "none", "call,cdr") == (
        rights.listed(frozenset(rights.CLASSES)),
        rights.listed(frozenset()),
        rights.listed(frozenset({"cdr", "call"})),
    )
