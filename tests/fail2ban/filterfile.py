"""Edge: filters in files of their own, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "203.0.113.7"
GUESS = f"2026-11-21 22:21:39 +0000 bad login of 'root' from {SOURCE}\n".encode()
ENDLESS = b"2026-11-21 22:21:39 +0000 words " + b"a " * 60 + b"bad from x y\n"


def filter_file(root: Path) -> Path:
    """A filter that names who guesses, and backtracks without end on a crafted line."""
    path = root / "own.conf"
    failregex = "^ bad login of '<F-USER>[^']*</F-USER>' from <HOST>$\n ^ words (?:[^x]+ )*bad from <HOST>$"
    path.write_text(f"[Definition]\nfailregex = {failregex}\n", encoding="utf-8")
    return path
