"""Edge: README's table of what was tried on real Asterisks, from what `make test-real` measured.

python tests/asterisk/tested.py     writes it into README.md
"""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chroots
import measured
from attacks import ATTACKS, Attack

if TYPE_CHECKING:
    from collections.abc import Iterator

_README = Path(__file__).parents[2] / "README.md"
_BLOCK = re.compile(r"(?<=<!-- real -->\n).*?(?=<!-- /real -->)", re.DOTALL)
_RELEASES = tuple(sorted(chroots.SUITES, reverse=True))
WAYS = {"log": ("log", 4), "AMI": ("ami", 4), "both": ("log+ami", 4), "IPv6": ("log+ami", 6)}
"""The columns of a release: what amiguard listened to, and the family of the packets."""

_TEXT = """\
`make test-real` attacks Asterisk {versions} (Debian's packages, in network namespaces, with the
real nf_tables) with sipvicious {sipvicious}, sipsak {sipsak}, sipp {sipp} and guessers of our own.
*Guesses* is how many reached Asterisk at all. The rest are seconds from the first of them to the ban, mostly
the tool's own pace, where amiguard hears the log, the AMI, both, and both with an attack over IPv6:

"""

_FLOOD = """
Floods, amiguard hearing both:

"""


def head() -> str:
    """The table's first line."""
    columns = [f"{release}: {way}" if way == "log" else way for release in _RELEASES for way in WAYS]
    return _row("attack", "over", "guesses", *columns)


def table(results: dict[tuple[str, ...], dict[str, Any]]) -> Iterator[str]:
    """The table's lines.

    Args:
        results: by release, attack, transport, channels and family.
    """
    yield head()
    yield "|---|---|---|" + "---|" * (len(_RELEASES) * len(WAYS))
    for attack in ATTACKS:
        found = [results.get(_key(release, attack, way)) for release in _RELEASES for way in WAYS]
        guesses = sorted({each["guesses"] for each in found if each})
        times = (f"{each['seconds']:.2g}" if each else "" for each in found)
        span = "-".join(str(each) for each in dict.fromkeys((guesses[0], guesses[-1]))) if guesses else ""
        yield _row(attack.name, attack.transport, span, *times)


def flood_head() -> str:
    """The first line of the table of floods."""
    return _row("flood", *_RELEASES)


def floods(results: dict[str, dict[str, str]]) -> Iterator[str]:
    """The table of floods, from the figures of each release, by name."""
    yield flood_head()
    yield "|---|" + "---|" * len(_RELEASES)
    for name in results[_RELEASES[0]]:
        yield _row(name, *(results[release][name] for release in _RELEASES))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def _key(release: str, attack: Attack, way: str) -> tuple[str, ...]:
    channels, family = WAYS[way]
    return release, attack.name, attack.transport, channels, str(family)


def _attacked() -> dict[tuple[str, ...], dict[str, Any]]:
    """The last of each kind."""
    rows = [each for each in measured.recorded() if "attack" in each]
    names = ("attack", "transport", "channels", "family")
    return {(_release(row), *(str(row[name]) for name in names)): row for row in rows}


def _flooded() -> dict[str, dict[str, str]]:
    """The last figures, by release."""
    found: dict[str, dict[str, str]] = {release: {} for release in _RELEASES}
    for row in measured.recorded():
        found[_release(row)] |= row.get("flood", {})
    return found


def _release(row: dict[str, Any]) -> str:
    return str(row["version"].partition(".")[0])


def _debian(package: str) -> str:
    told = subprocess.check_output(["dpkg-query", "--show", "--showformat=${Version}", package], text=True)
    return told.partition(":")[2].partition("-")[0] or told.partition("-")[0]


def main() -> None:
    """Write the table."""
    text = _TEXT.format(
        versions=" and ".join(map(chroots.version, _RELEASES)),
        sipvicious=importlib.metadata.version("sipvicious"),
        sipsak=_debian("sipsak"),
        sipp=_debian("sip-tester"),
    )
    block = "\n".join([text + "\n".join(table(_attacked())), _FLOOD + "\n".join(floods(_flooded())), ""])
    _README.write_text(_BLOCK.sub(lambda _: block, _README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
