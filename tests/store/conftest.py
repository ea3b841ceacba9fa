"""Edge: a store in a directory of its own, and bans to put into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amiguard.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(state_dir: Path) -> Iterator[Store]:
    opened = Store.open(state_dir)
    yield opened
    opened.close()
