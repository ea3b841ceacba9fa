"""What never ends is ended: stock filters on the lines that make them backtrack."""

from __future__ import annotations

import time
from contextlib import nullcontext

import pytest
import samples

from amiguard.fail2ban.budget import Budget, OverrunError
from amiguard.fail2ban.files import ready

BAD = {
    "domino-smtp": "smtp: " + "a " * 7000 + "authentication failure using internet password x",
    "recidive": "fail2ban.actions" + " " * 15000 + "NOTICE ] Ban",
    "drupal-auth": "(" * 16000 + " Login attempt failed for ",
}
"""Lines on which these filters of fail2ban 1.0.2 take seconds, or for ever."""
LIMIT = 5.0


@pytest.mark.skipif(not samples.LOGS.is_dir(), reason="needs the filters of Debian's fail2ban package")
@pytest.mark.parametrize("name", ["domino-smtp", "recidive"])
def test_a_stock_filter_is_ended_on_a_crafted_line(name: str) -> None:
    matcher = ready(name)
    line = BAD[name].encode()
    assert [(0, len(line))] == list(matcher.worth(line + b"\n"))
    begun = time.process_time()
    with Budget() as budget, pytest.raises(OverrunError):
        budget.spend(matcher.read, BAD[name], time.time())
    assert time.process_time() - begun < LIMIT


def test_what_is_quick_is_never_ended_however_much_of_it_there_is() -> None:
    with Budget(0.001) as budget:
        while budget.ticks < 20:
            assert 3 == budget.spend(len, "abc")


def test_a_call_ended_leaves_the_next_its_whole_time() -> None:
    def burn(ticks: int) -> None:
        last = budget.ticks + ticks
        while budget.ticks < last:
            pass

    with Budget(0.02) as budget:
        for ticks in (0, 9, 0, 9):
            with pytest.raises(OverrunError) if ticks else nullcontext():
                budget.spend(burn, ticks)
