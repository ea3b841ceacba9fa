"""As many guesses as were made are counted, whichever channels amiguard hears, and none twice."""

from __future__ import annotations

import concurrent.futures
import functools
from typing import TYPE_CHECKING

import chroots
import guesser
import pytest
from barrage import NOBODY_IS_BANNED, Account, Barrage, counted, until_settled
from eavesdropping import guards
from poisons import ALL, AMI, CLASSIC, JSON
from realpbx import AMI_PORT, CHAN_SIP_PORT
from realsite import PBX4
from sipwords import PORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from networks import Host
    from realsite import Site

pytestmark = pytest.mark.asterisk

CHANNELS = (CLASSIC, JSON, AMI, ALL)
GUESSES = 200
LOG_INS = 30
AMI_POINTS = 4.0
PATIENT = functools.partial(guesser.plain, limit=10.0)


def cases() -> Iterator[pytest.param]:
    """Each way to guess a phone's password on each release that has it."""
    for release in chroots.SUITES:
        accounts = [Account(transport=transport) for transport in PORTS]
        if release == "16":
            accounts += [Account("201", transport, CHAN_SIP_PORT) for transport in ("UDP", "TCP")]
        for account in accounts:
            words = (release, account.user, account.transport)
            yield pytest.param(release, account, id="-".join(words), marks=pytest.mark.xdist_group(release))


@pytest.mark.parametrize(("release", "account"), list(cases()), indirect=["release"])
def test_a_phones_passwords(site: Site, account: Account) -> None:
    with guards(site, *CHANNELS, settings=NOBODY_IS_BANNED) as services:
        with Barrage(site.attacker(), PBX4, account) as barrage:
            barrage.goes_on(GUESSES)
        for service in services.values():
            until_settled(site, service)
        assert barrage.sent == barrage.answered
        counts = {name: counted(service, barrage.source) for name, service in services.items()}
        assert dict.fromkeys(CHANNELS, barrage.sent) == counts


def test_the_managers_passwords(site: Site) -> None:
    attacker = site.attacker()
    with guards(site, *CHANNELS, settings=NOBODY_IS_BANNED) as services:
        with concurrent.futures.ThreadPoolExecutor(LOG_INS) as pool:
            list(pool.map(lambda n: log_in(attacker, f"wrong{n}"), range(LOG_INS)))
        for service in services.values():
            until_settled(site, service)
        counts = {name: counted(service, attacker.address4, AMI_POINTS) for name, service in services.items()}
        assert dict.fromkeys(CHANNELS, LOG_INS) == counts


def log_in(attacker: Host, secret: str) -> None:
    """Be refused by the AMI, which may take its time to listen to so many at once."""
    with attacker.inside():
        guesser.guess_plain(PATIENT)(PBX4, AMI_PORT, "limited", secret)
