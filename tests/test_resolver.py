"""Names that strangers chose: resolved aside, seldom, and never many."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from amiguard.model import Prefix
from amiguard.resolver import WAITING, Resolver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

ADDRESS = Prefix.parse("203.0.113.7")


def running(resolver: Resolver, act: Callable[[], Awaitable[None]]) -> None:
    async def work() -> None:
        async with asyncio.timeout(20):
            task = asyncio.create_task(resolver.run())
            await act()
            task.cancel()

    asyncio.run(work())


class Names:
    """Answers, and counts the questions."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = threading.Event()

    def resolve(self, name: str) -> Iterable[Prefix]:
        self.asked.append(name)
        if name == "nobody":
            raise OSError
        if name == "slow":
            self.open.wait(20)
        return [ADDRESS]


async def told(resolver: Resolver, *names: str) -> list[frozenset[Prefix]]:
    """What is told of the last of the names, and of those before it."""
    found: list[frozenset[Prefix]] = []
    done = asyncio.Event()
    for name in names[:-1]:
        resolver.ask(name, found.append)
    resolver.ask(names[-1], lambda addresses: (found.append(addresses), done.set()))
    await done.wait()
    return found


def test_a_name_is_asked_for_once_and_told_to_each() -> None:
    names = Names()
    resolver = Resolver(names.resolve)

    async def act() -> None:
        assert [{ADDRESS}] == await told(resolver, "a.example")
        assert [{ADDRESS}] * 2 == await told(resolver, "a.example", "a.example")

    running(resolver, act)
    assert ["a.example"] == names.asked


def test_a_name_without_an_address_is_told_to_nobody_and_not_asked_for_again() -> None:
    names = Names()
    resolver = Resolver(names.resolve)

    async def act() -> None:
        await told(resolver, "nobody", "a")
        assert [{ADDRESS}] == await told(resolver, "nobody", "b")

    running(resolver, act)
    assert ["a", "b", "nobody"] == sorted(names.asked)


def test_only_so_many_wait() -> None:
    resolver = Resolver(Names().resolve)
    for _ in range(WAITING + 5):
        resolver.ask("a", lambda _: None)
    assert 5 == resolver.passed_over


def test_one_that_is_slow_holds_up_no_other() -> None:
    names = Names()
    resolver = Resolver(names.resolve)

    async def act() -> None:
        resolver.ask("slow", lambda _: None)
        assert {ADDRESS} in await told(resolver, "quick")
        names.open.set()

    running(resolver, act)
