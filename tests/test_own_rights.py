"""The right to change the firewall: the service has it, and leaves it to no program that it starts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from lab import Service, attempt, until

pytestmark = pytest.mark.kernel

AS_THE_UNIT_DOES = ("setpriv", "--inh-caps=+net_admin", "--ambient-caps=+net_admin")


def capabilities(status: str) -> dict[str, int]:
    """What /proc says of a process's capabilities, as sets of bits."""
    lines = (line.split() for line in status.splitlines() if line.startswith("Cap"))
    return {name.rstrip(":"): int(bits, 16) for name, bits in lines}


def test_a_program_of_notify_gets_nothing_that_the_unit_gave(tmp_path: Path) -> None:
    """Root of a namespace is permitted everything anyhow; what is handed on to others is the ambient set."""
    told = tmp_path / "told"
    settings = f'[notify]\nexec = ["cp", "/proc/self/status", "{told}"]\n'
    service = Service(tmp_path, settings)
    with service.start(*AS_THE_UNIT_DOES):
        now = time.time()
        service.write(b"".join(attempt("203.0.113.7", now + n / 1000) for n in range(4)))
        service.write(attempt("203.0.113.7", now + 0.01, kind="SuccessfulAuth"))
        until(lambda: told.exists() and "CapAmb" in told.read_text(), "the program")
        assert service.process
        own = capabilities(Path(f"/proc/{service.process.pid}/status").read_text())
    assert 0 == capabilities(told.read_text())["CapAmb"] == own["CapAmb"]
    assert own["CapEff"] & 1 << 12, "CAP_NET_ADMIN, for itself"
