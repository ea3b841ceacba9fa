"""Edge: what the tests of the sources share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tailing import Log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "security")
    yield log
    log.tail.close()
