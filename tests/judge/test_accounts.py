"""Accounts that are guessed at are known, with their sources, in little room whatever is sent."""

from __future__ import annotations

import made
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import DAY, HOUR, START, event
from patience import looked

from amiguard.judge.accounts import ACCOUNTS, ATTACKED, PAIRS, SOURCES, SPREAD, Accounts
from amiguard.model import Prefix, SecurityEvent


def source(number: int) -> Prefix:
    return Prefix.of((10 << 24 | number).to_bytes(4))


def guess(account: bytes = b"1042", at: float = 0.0, kind: str = "ChallengeResponseFailed") -> SecurityEvent:
    return event(kind, at, account=account)


def guessed(
    accounts: Accounts, sources: int, *, account: bytes = b"1042", at: float = 0.0, times: int = 3
) -> int:
    """So many sources try the account so often, a second apart; how often another one joined."""
    return sum(
        accounts.failed(guess(account), source(number), START + at + number)
        for number in range(sources)
        for _ in range(times)
    )


def test_an_account_that_many_try_is_named_with_all_of_them() -> None:
    accounts = Accounts()
    assert 200 - SPREAD + 1 == guessed(accounts, 200)
    [attack] = accounts.all()
    assert (b"PJSIP", b"1042", True, 600, 200) == (*attack[:3], attack.failures, len(attack.sources))
    assert {(source(number), 3) for number in range(200)} == {(each, n) for each, (n, _) in attack.sources}
    assert (START, START + 199) == (attack.since, attack.last)
    assert "distributed" == attack.kind


@pytest.mark.parametrize(
    ("sources", "times", "attacked"),
    [(SPREAD, 1, True), (SPREAD - 1, 1, False), (1, ATTACKED, True), (1, ATTACKED - 1, False)],
)
def test_it_is_under_attack_by_many_sources_or_many_failures(
    sources: int, times: int, *, attacked: bool
) -> None:
    accounts = Accounts()
    guessed(accounts, sources, times=times)
    assert attacked == accounts.attacked(guess(), START + HOUR)
    assert not accounts.attacked(guess(), START + DAY + sources)
    assert not accounts.attacked(guess(b"1043"), START)


def test_it_can_be_asked_what_is_new() -> None:
    accounts = Accounts()
    guessed(accounts, 200)
    [attack] = accounts.all(START + 194)
    assert (15, 5, "tries") == (attack.failures, len(attack.sources), attack.kind)
    assert [] == accounts.all(START + 199)


def test_what_is_a_day_old_does_not_count() -> None:
    accounts = Accounts()
    assert 0 == sum(accounts.failed(guess(), source(n), START + n * DAY / (SPREAD - 1)) for n in range(100))
    assert SPREAD - 1 == len(accounts.all()[0].sources)


def test_guesses_at_what_does_not_exist_are_no_attack() -> None:
    accounts = Accounts()
    assert not any(accounts.failed(guess(kind="InvalidAccountID"), source(n), START) for n in range(50))
    assert not accounts.attacked(guess(), START)
    assert accounts.failed(guess(), source(99), START)
    assert accounts.attacked(guess(), START)


@pytest.mark.parametrize(
    "ignored",
    [
        event("ChallengeSent"),
        event("FailedACL"),
        event(account=b"<unknown>"),
        event("ChallengeResponseFailed", account=b"", service=b"AMI"),
        event(tampered=True),
    ],
    ids=["challenge", "access list", "unknown", "AMI digest", "tampered"],
)
def test_what_tests_no_account_is_passed_over(ignored: SecurityEvent) -> None:
    accounts = Accounts()
    accounts.failed(ignored, source(1), START)
    assert ([], False) == (accounts.all(), accounts.changed)


def test_users_of_one_name_in_two_services_are_two() -> None:
    accounts = Accounts()
    accounts.failed(event("InvalidPassword", service=b"AMI"), source(1), START)
    accounts.failed(guess(b"101"), source(1), START)
    assert {(b"AMI", b"101"), (b"PJSIP", b"101")} == {attack[:2] for attack in accounts.all()}


def test_made_up_names_do_not_push_out_an_attack() -> None:
    accounts = Accounts()
    guessed(accounts, 50)
    for number in range(3 * ACCOUNTS):
        accounts.failed(guess(b"%d" % number, kind="InvalidAccountID"), source(7), START + HOUR)
    found = accounts.all()
    assert len(found) <= ACCOUNTS
    assert (b"1042", 50) == (found[0].account, len(found[0].sources))


def test_one_guess_at_what_exists_outlives_made_up_names_of_many() -> None:
    accounts = Accounts()
    guessed(accounts, 1, times=1)
    for number in range(2 * ACCOUNTS):
        for each in range(2):
            accounts.failed(guess(b"%d" % number, kind="InvalidAccountID"), source(each), START + HOUR)
    assert b"1042" == accounts.all()[0].account


def test_it_is_bounded_whatever_is_sent() -> None:
    accounts = Accounts()
    for number in range(40):
        guessed(accounts, SOURCES + 100, account=b"%d" % number, at=number, times=1)
    found = accounts.all()
    assert SOURCES == max(len(attack.sources) for attack in found)
    assert sum(len(attack.sources) for attack in found) <= PAIRS
    assert all(attack.failures == len(attack.sources) for attack in found)
    assert len(accounts.pack()) < 200_000


moves = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 30), st.floats(0, 3 * DAY), st.booleans()), max_size=60
)


@looked(60)
@given(moves)
def test_it_comes_out_of_the_store_as_it_went_in(told: list[tuple[int, int, float, bool]]) -> None:
    accounts = Accounts()
    for account, number, at, exists in told:
        kind = "InvalidPassword" if exists else "InvalidAccountID"
        where = source(number) if number % 2 else Prefix.parse(f"2001:db8:0:{number:x}::/64")
        accounts.failed(guess(b"%d" % account, kind=kind), where, START + at)
    again = Accounts()
    again.restore(accounts.pack())
    assert (accounts.all(), accounts._pairs) == (again.all(), again._pairs)
    assert accounts._pairs == sum(len(attack.sources) for attack in accounts.all())


def test_a_clock_that_is_set_moves_all() -> None:
    accounts = Accounts()
    guessed(accounts, SPREAD)
    accounts.shift(-2 * DAY)
    [attack] = accounts.all()
    assert (START - 2 * DAY, START - 2 * DAY + SPREAD - 1) == (attack.since, attack.last)
    assert accounts.attacked(guess(), START - 2 * DAY + HOUR)
    assert made.START == START
