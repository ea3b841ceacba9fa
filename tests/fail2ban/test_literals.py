"""What a line must have for an expression to match it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiguard.fail2ban.literals import needed


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("^Failed .* from", {"Failed "}),
        ("^(?:Failed|Illegal) (?:user )?x", {"Failed ", "Illegal "}),
        (
            "^[iI](?:llegal|nvalid) user ",
            {f"{word} user " for word in ("illegal", "Illegal", "invalid", "Invalid")},
        ),
        ("(?:abc.|def)gh", {"abc", "def"}),
        ("a(b(c))d", {"abcd"}),
        (r"ab\bcd", {"abcd"}),
        ("(?:abcdef)+x", {"abcdef"}),
        ("(?:abcdef)*abc", {"abc"}),
        ("abc(?=defghi)", {"abc"}),
        ("abc\ndefg", {"defg"}),
        ("abcéfg", {"abc"}),
        (r"abc: \[\] defg", {" defg"}),
        ("abc|x", set()),
        ("ab", set()),
        ("(?i)abcd", set()),
        ("x(?i:abcdef)yz", set()),
    ],
)
def test_the_longest_text_that_must_be_there(pattern: str, texts: set[str]) -> None:
    assert texts == needed(re.compile(pattern))


_PIECES = st.recursive(
    st.sampled_from(["abc", "d", r"\w", ".", "[ab]", r"\b", "x?", "(?!q)", "é", "^"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        inner.map(lambda one: f"(?:{one}){{0,2}}"),
        inner.map(lambda one: f"({one})+?"),
    ),
    max_leaves=8,
)


@given(_PIECES, st.text("abcdxqé ", max_size=30))
def test_no_line_matches_that_has_none_of_them(piece: str, line: str) -> None:
    pattern = re.compile(piece)
    texts = needed(pattern)
    assert not texts or not pattern.search(line) or any(text in line for text in texts)
