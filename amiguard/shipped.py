"""Edge: the files that come with the program beside its modules."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import amiguard


def shipped(name: str) -> Path:
    """The folder `filters` or `systemd`: in the package, or beside it in a clone."""
    packed = Path(str(files(amiguard))) / "data" / name
    return packed if packed.is_dir() else Path(amiguard.__file__).parents[1] / name
