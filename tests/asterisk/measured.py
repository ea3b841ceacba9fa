"""Edge: what the tests have measured: one object a line in build/real.jsonl; the last one of a kind holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parents[2] / "build" / "real.jsonl"


def record(**values: Any) -> None:
    """Keep what was measured."""
    _FILE.parent.mkdir(exist_ok=True)
    with _FILE.open("a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")


def recorded() -> list[dict[str, Any]]:
    """All that was kept, the newest last."""
    return [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
