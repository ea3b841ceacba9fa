"""Edge: real Asterisks for the tests marked `asterisk`; each gets its own, which costs half a second."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import booted
import chroots
import netns
import pytest
from realsite import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a machine installs amiguard from."""
    return booted.wheels(tmp_path_factory.mktemp("wheels"))


RELEASES = [pytest.param(each, marks=pytest.mark.xdist_group(each)) for each in chroots.SUITES]


def pytest_configure(config: pytest.Config) -> None:
    """What pytest-xdist starts ends with it at once, and with that all that it has started."""
    if hasattr(config, "workerinput"):
        netns.die_with_parent()


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """Which Asterisk: every test that asks runs on each."""
    name: str = request.param
    if lack := chroots.lack():
        pytest.skip(lack)
    if not chroots.version(name):
        pytest.skip(f"needs Asterisk {name} in {chroots.path(name)}: make test-real builds it")
    return name


@pytest.fixture
def open_site(release: str, tmp_path: Path) -> Callable[..., Site]:
    """Makes a `Site` whose Asterisk has `added` appended to its configuration."""
    return functools.partial(Site, release, tmp_path)


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Iterator[Site]:
    """A `Site` with the usual configuration, at work."""
    with open_site() as opened:
        yield opened
