"""Attackers with the tools of their trade: each is shut out soon, over the log, the AMI, and both."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import chroots
import pytest
from assault import Assault, is_shut_out, until_banned
from attacks import ATTACKS, Attack
from measured import record
from realsite import AMI, BOTH, CHANNELS, PBX4, PBX6, Site

from amiguard.model import Prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.asterisk

_MILLISECOND = 0.001
_LATE = 10
"""So many times the limit may reach Asterisk where the machine is too busy to ban at once."""
_WEB = {"manager.conf": "[general](+)\nwebenabled = yes\n"}


def cases() -> Iterator[pytest.param]:
    """Each attack by IPv4 over each channel, and by IPv6 over both."""
    for release in chroots.SUITES:
        for attack in (each for each in ATTACKS if release in each.releases):
            ways = [(PBX4, channels) for channels in CHANNELS if not (attack.web and channels == (AMI,))]
            for server, channels in (*ways, *([(PBX6, BOTH)] if attack.six else [])):
                words = (
                    release,
                    *attack.name.split(),
                    attack.transport,
                    *channels,
                    "6" if ":" in server else "4",
                )
                group = pytest.mark.xdist_group(release)
                yield pytest.param(release, attack, server, channels, id="-".join(words), marks=group)


@pytest.mark.parametrize(("release", "attack", "server", "channels"), list(cases()), indirect=["release"])
def test_an_attacker_is_shut_out(
    open_site: Callable[..., Site], tmp_path: Path, attack: Attack, server: str, channels: tuple[str, ...]
) -> None:
    with open_site(_WEB if attack.web else {}) as site, site.guarded(channels) as service:
        attacker = site.attacker()
        with Assault(attack, attacker, server, tmp_path / "assault") as assault:
            prefix = str(
                Prefix.parse(assault.source).within(64) if server == PBX6 else f"{assault.source}/32"
            )
            banned = until_banned(service, prefix, assault)
            door = (server, attack.port if attack.transport == "UDP" else 5060)
            is_shut_out(site, service, prefix, attacker, door)
        ban = service.bans()[prefix]
        assert attack.scope == ban["scope"]
        raised = site.pbx.raised(assault.source)
        guesses = [each.time for each in raised if each.kind == attack.counted]
        judged = datetime.fromisoformat(ban["since"]).timestamp()
        assert 0 < sum(time <= judged + _MILLISECOND for time in guesses) <= attack.limit
        assert len(guesses) <= _LATE * attack.limit
        record(
            version=chroots.version(site.release),
            attack=attack.name,
            transport=attack.transport,
            family=4 if server == PBX4 else 6,
            channels="+".join(channels),
            guesses=len(guesses),
            seconds=round(banned - raised[0].time, 3),
        )


def test_over_http_the_ami_alone_closes_a_door_and_says_why_no_more(
    open_site: Callable[..., Site], tmp_path: Path
) -> None:
    """Whoever reaches it can write whole events into the AMI; without a JSON log they prove nothing."""
    attack = next(each for each in ATTACKS if each.web)
    with open_site(_WEB) as site, site.guarded((AMI,)) as service:
        with Assault(attack, site.attacker(), PBX4, tmp_path / "assault") as assault:
            until_banned(service, f"{assault.source}/32", assault)
        [ban] = service.bans().values()
        assert ("door", "unproven") == (ban["scope"], ban["proof"])
        assert "forgeable" in service.status()["sight"]
