"""Edge: one fail2ban for all tests of the filters."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from judged import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    if not shutil.which("fail2ban-regex"):
        pytest.skip("needs the fail2ban-regex program")
    with Judge(tmp_path_factory.mktemp("fail2ban")) as judge:
        yield judge
