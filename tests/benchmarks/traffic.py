"""Pure: what a busy PBX with 2,000 phones under attack would log; the same seed gives the same traffic.

Of every ten records four are a known account's challenge, four its log-in,
and two are failures: wrong passwords, unknown accounts, some chan_sip, some
AMI.  Attackers come in campaigns of some 50 attempts over a minute or two.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

import records
from records import Peer, Shape

PHONES = 2000
RECORDS_A_SECOND = 200.0
ACTIVE_ATTACKERS = 64
ATTEMPTS = 50
_OFFICES = 100
_TRANSPORTS = ("UDP",) * 7 + ("TCP",) + ("TLS",) * 2
_SECRETS = tuple(f"{number * 0x9E3779B97F4A7C15 % 2**128:032x}" for number in range(1, 257))

Render = Callable[[str, float], str]


class Phone(NamedTuple):
    """A registered phone: always the same account, from the same address."""

    account: str
    sender: Peer


def phones() -> list[Phone]:
    """2,000 phones: four of five at an address of their own, the others four to an office behind NAT."""
    return [
        Phone(str(1000 + n), records.peer(_home(n), _TRANSPORTS[n % 10], 20000 + n)) for n in range(PHONES)
    ]


def stranger(number: int) -> str:
    """The IPv4 address of the attacker of that number, below 2**24."""
    return str(IPv4Address((45 << 24) + number * 11 % 2**24))


LAST = stranger(2**23)


def day(lines: int, end: float, render: Render) -> Iterator[str]:
    """Everything logged until `end` (seconds since the epoch): `lines` lines, at 200 a second."""
    dice, book, crowd = random.Random(22), phones(), _Attackers()
    for start in range(0, lines, 10):
        when = end - (lines - start) / RECORDS_A_SECOND
        ten = [line for n in range(4) for line in log_in(dice.choice(book), when + n / 100, dice, render)]
        ten += crowd.strike(when + 0.04, dice, render)
        yield "".join(ten[: lines - start])


def log_in(phone: Phone, when: float, dice: random.Random, render: Render) -> list[str]:
    """A phone registers: it is challenged and logs in 3 ms later, with one Call-ID."""
    call = f"{dice.getrandbits(64):016x}@10.0.0.{dice.randrange(250)}"
    steps = ((records.CHALLENGE, when), (records.SUCCESS, when + 0.003))
    return [render(records.message(shape, at, phone.account, call, phone.sender), at) for shape, at in steps]


def failure(
    shape: Shape,
    address: str,
    when: float,
    nonce: int,
    render: Render = records.classic,
    transport: str = "UDP",
) -> str:
    """One failed attempt on a known account, or with an unknown one; different for every `nonce`."""
    over = "AMI" if shape.service == "AMI" else transport
    session = f"{nonce:08x}@scan" if shape.service == "PJSIP" else f"0x7f62{nonce:08x}"
    sender = records.peer(address, over, 1024 + nonce % 60000)
    secret = _SECRETS[nonce % len(_SECRETS)]
    return render(records.message(shape, when, str(1000 + nonce % PHONES), session, sender, secret), when)


def guesses(
    addresses: Iterable[str],
    times: int,
    when: float,
    render: Render = records.classic,
    transport: str = "UDP",
) -> str:
    """So many wrong passwords from each address, the addresses taking turns."""
    crowd = tuple(addresses)
    attempts = ((n, address) for n in range(times) for address in crowd)
    return "".join(
        failure(records.WRONG_PASSWORD, address, when + n / 1000, n, render, transport)
        for n, address in attempts
    )


def unknown_account(address: str, when: float, nonce: int, render: Render = records.classic) -> list[str]:
    """The two records of one attempt with an account that does not exist."""
    sender, call = records.peer(address), f"{nonce:08x}@scan"
    told = ((records.UNKNOWN_ACCOUNT, str(nonce % 10000)), (records.CHALLENGE, "<unknown>"))
    return [render(records.message(shape, when, account, call, sender), when) for shape, account in told]


def last_one(when: float, render: Render = records.classic) -> str:
    """Five wrong passwords from `LAST`: once he is banned, everything before has been judged."""
    return guesses([LAST], 5, when, render=render)


class _Attackers:
    """64 attackers at a time; who has made his attempts gives way to the next."""

    def __init__(self) -> None:
        self._left = dict.fromkeys(range(ACTIVE_ATTACKERS), ATTEMPTS)
        self._next = ACTIVE_ATTACKERS
        self._busy = list(self._left)

    def strike(self, when: float, dice: random.Random, render: Render) -> list[str]:
        """Two records of failure: of one attempt with an unknown account, or of two attempts."""
        choice, nonce = dice.random(), dice.getrandbits(32)
        if choice < 0.4:
            return unknown_account(self._attacker(dice), when, nonce, render)
        shape = _FAILURES[int(choice * 100) % len(_FAILURES)]
        return [failure(shape, self._attacker(dice), when, nonce + n, render) for n in range(2)]

    def _attacker(self, dice: random.Random) -> str:
        place = dice.randrange(ACTIVE_ATTACKERS)
        number = self._busy[place]
        self._left[number] -= 1
        if not self._left[number]:
            del self._left[number]
            self._busy[place] = self._next
            self._left[self._next] = ATTEMPTS
            self._next += 1
        return stranger(number) if number % 10 else str(IPv6Address((0x2A00 << 112) + (number << 80) + 1))


_FAILURES = (
    (records.WRONG_PASSWORD,) * 10
    + (records.SIP_PASSWORD,) * 3
    + (
        records.AMI_PASSWORD,
        records.AMI_USER,
    )
)


def _home(number: int) -> str:
    if number >= PHONES - 4 * _OFFICES:
        return str(IPv4Address((81 << 24) + 2**16 + number % _OFFICES))
    if number % 20 == 0:
        return str(IPv6Address((0x2003 << 112) + (number << 64) + 7))
    return str(IPv4Address((80 << 24) + number * 13))
