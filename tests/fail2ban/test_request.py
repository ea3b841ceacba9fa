"""A filter as a jail asks for it."""

from __future__ import annotations

import pytest

from amiguard.fail2ban.ini import FilterError
from amiguard.fail2ban.request import asked


@pytest.mark.parametrize(
    ("text", "name", "given"),
    [
        ("sshd", "sshd", {}),
        ("sshd[mode=aggressive]", "sshd", {"mode": "aggressive"}),
        ('x[a="1, 2", B = 3]', "x", {"a": "1, 2", "b": "3"}),
        ("x[a=1][b='2']", "x", {"a": "1", "b": "2"}),
        ("/etc/f/own.conf[a=]", "own", {"a": ""}),
    ],
)
def test_a_name_and_what_it_is_given(text: str, name: str, given: dict[str, str]) -> None:
    assert (name, given) == (asked(text).name, asked(text).given)


@pytest.mark.parametrize("text", ["", "[a=1]", "x[a=1", "x[a]", "x[a=1]y"])
def test_what_is_of_another_form_is_refused_by_name(text: str) -> None:
    with pytest.raises(FilterError, match=r"not of the form"):
        asked(text)
