"""Pure: what a service tells a `watch`, made for a test."""

from __future__ import annotations

from typing import Any

SINCE = "2026-11-22T01:17:51.454+00:00"


def ban(address: str, prefix: int = 32, **more: Any) -> dict[str, Any]:
    """A row of the newest bans."""
    usual = {"scope": "house", "strike": 1, "remaining": 512.3, "reason": "a wrong password, score 10.0"}
    return {"address": address, "prefix": prefix, **usual, **more}


def suspect(address: str, prefix: int = 32, **more: Any) -> dict[str, Any]:
    """A row of the suspects."""
    usual = {"fast": 4.5, "slow": 5.0, "part": 0.5, "proof": "unproven", "spared": False}
    return {"address": address, "prefix": prefix, **usual, **more}


def source(name: str = "/var/log/asterisk/security.json", **more: Any) -> dict[str, Any]:
    """A row of the sources of events."""
    usual = {"kind": "log", "state": "following", "reason": "", "events": 18, "ambiguous": 0, "lag": 0.0}
    return {"name": name, **usual, **more}


def told(**more: Any) -> dict[str, Any]:
    """All of it: three bans, two suspects, a log."""
    usual: dict[str, Any] = {
        "since": SINCE,
        "at": 1_795_299_700.0,
        "sources": [source()],
        "silent": [],
        "tracked": 2,
        "friends": 1,
        "bans": 3,
        "firewall": {"state": "ok", "repairs": 0},
        "store": {"state": "ok"},
        "suspects": [suspect("198.51.100.1", part=0.9), suspect("198.51.100.2")],
        "newest": [ban(f"203.0.113.{n}") for n in (1, 2, 3)],
        "alarms": [],
    }
    return usual | more
