"""Pure: how properties are looked for on a machine that may be busy: by examples, never by the clock."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def looked(examples: int) -> settings:
    """So many examples, however long each takes."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
