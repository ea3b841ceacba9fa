"""Edge: the nft program, which judges what we wrote."""

from __future__ import annotations

import json
import subprocess
from typing import Any, NamedTuple


class Shown(NamedTuple):
    """An element as nft shows it: seconds it was given, seconds it has left."""

    timeout: int | None
    expires: int | None
    packets: int


def run(*words: str) -> str:
    """Run nft; it must succeed."""
    return subprocess.run(["nft", *words], check=True, capture_output=True, text=True).stdout


def chain(table: str = "amiguard", name: str = "guard") -> list[str]:
    """The lines of a chain's rules, counters at 0."""
    lines = [line.strip() for line in run("list", "chain", "inet", table, name).splitlines()]
    return [line for line in lines if line[:5] not in {"table", "chain", "type ", "}", ""}]


def flags(table: str = "amiguard") -> list[str]:
    """The flags of a table: `dormant` puts it to sleep."""
    first = run("list", "table", "inet", table).splitlines()[1].strip()
    return [first] if first.startswith("flags ") else []


def elements(name: str, table: str = "amiguard") -> dict[str, Shown]:
    """The elements of a set: an address, a prefix, a range ``a-b`` or a concatenation ``a . b``."""
    told = json.loads(run("-j", "list", "set", "inet", table, name))
    described = next(item["set"] for item in told["nftables"] if "set" in item)
    return dict(map(_element, described.get("elem", [])))


def _element(told: Any) -> tuple[str, Shown]:
    inner = told["elem"] if isinstance(told, dict) and "elem" in told else {"val": told}
    packets = inner.get("counter", {}).get("packets", 0)
    return _key(inner["val"]), Shown(inner.get("timeout"), inner.get("expires"), packets)


def _key(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    if "prefix" in value:
        return "{addr}/{len}".format(**value["prefix"])
    if "range" in value:
        return "-".join(map(str, value["range"]))
    return " . ".join(map(str, value["concat"]))
