"""What a real Asterisk tells by notices alone, and what it tells twice."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import iaxphone
import nft
import pytest
from lab import until
from realpbx import AMI_PORT
from realsite import PBX4
from sipphone import Line, Phone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab import Service
    from realsite import Site

pytestmark = pytest.mark.asterisk


@contextlib.contextmanager
def guarded(site: Site) -> Iterator[Service]:
    """Amiguard beside both channels and the log of notices."""
    notices = f'[[log]]\npath = "{site.pbx.log}/notice"\nfilter = "asterisk-notice"\n'
    with site.guarded(settings=notices) as service:
        yield service


def told(service: Service) -> int:
    """Notices of refused log-ins so far."""
    return sum(each["events"] for each in service.status()["sources"] if each["name"].endswith("/notice"))


def guess() -> None:
    """Guess a password of IAX2; now and then chan_iax2 does not answer."""
    with contextlib.suppress(TimeoutError):
        assert not iaxphone.register(PBX4, "301", "wrong", limit=1.0)


def test_an_iax2_guesser_is_cut_off_from_iax2(site: Site) -> None:
    attacker = site.attacker()
    with guarded(site) as service, attacker.inside():
        assert iaxphone.register(PBX4, "301", "secret301")
        until(lambda: service.bans() or guess(), "a ban")
        ban = service.bans()[f"{attacker.address4}/32"]
        assert ("door", "unproven") == (ban["scope"], ban["proof"])
        assert "ChallengeResponseFailed IAX2/UDP, told by a notice alone" in ban["reason"]
        with pytest.raises(TimeoutError):
            iaxphone.register(PBX4, "301", "secret301", limit=1.0)
    with site.host.inside():
        assert "4569" in nft.elements("sip_ports")


def test_four_wrong_passwords_that_log_ami_and_notices_tell_count_four(site: Site) -> None:
    attacker = site.attacker()
    with guarded(site) as service:
        with Line(attacker, PBX4, "UDP") as line:
            for _ in range(4):
                Phone(line, "101").register("wrong")
        with site.phones.inside():
            log_in(b"Username: nobody\r\nSecret: x")
            log_in(b"Username: \xff\r\nSecret: x")
        until(lambda: service.status()["notices"]["missing"], "the last one, of which there is no event")
        assert (8, 1) == (told(service), service.status()["notices"]["missing"])
        assert {} == service.bans()


def test_log_ins_that_are_not_utf8_ban_by_their_notices(site: Site) -> None:
    """Asterisk drops their security events from log and AMI alike."""
    attacker = site.attacker()
    with guarded(site) as service, attacker.inside():
        for n in range(3):
            log_in(b"Username: nobody\xff%d\r\nSecret: x" % n)
        service.until_banned(f"{attacker.address4}/32")
        assert 3 == service.status()["notices"]["missing"]


def log_in(words: bytes) -> None:
    """Fail to log in to the AMI, from the network that this thread is in."""
    with socket.create_connection((PBX4, AMI_PORT), timeout=10.0) as wire:
        wire.sendall(b"Action: Login\r\n%s\r\n\r\n" % words)
        while wire.recv(4096):
            pass
