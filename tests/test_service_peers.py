"""Phones and trunks that the AMI tells of are shown, spared and not banned without a word."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import fakeasterisk
import nft
import pytest
from lab import Service, attack, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.kernel

FAILED = 1
PHONE = "198.51.100.67"
CONTACT = b'Val: {"via_addr":"%s","via_port":"5062","endpoint":"\\u001b[2J101","uri":"sip:101@%s:5062"}' % (
    (PHONE.encode(),) * 2
)


@contextlib.contextmanager
def asterisk(root: Path) -> Iterator[str]:
    """An Asterisk where a phone is registered, and the configuration to listen to it."""
    manager = fakeasterisk.Manager()
    manager.answers[b"DBGetTree"] = fakeasterisk.listed(CONTACT)
    with fakeasterisk.configured(root, manager) as ami:
        yield ami


def until_known(service: Service) -> None:
    until(lambda: service.status()["known"], "the phone known")


def test_status_names_known_peers_and_ban_wants_force(tmp_path: Path) -> None:
    origin = "registered contact of \\x1b[2J101"
    with asterisk(tmp_path) as ami, Service(tmp_path, ami) as service:
        until_known(service)
        status = service.command("status", "--json").json
        assert (1, [{"address": PHONE, "origin": origin}]) == (status["known"], status["peers"])
        assert "known peers     1\n" in service.command("status").out
        for wanted in (PHONE, "198.51.100.0/24"):
            refused = service.command("ban", wanted)
            assert FAILED == refused.code
            assert f"{PHONE} is a known peer ({origin}); --force does it all the same" in refused.err
        assert {} == service.bans()
        service.command("ban", PHONE, "--force")
        assert [f"{PHONE}/32"] == list(service.bans())


@pytest.mark.nft
def test_a_known_peer_whose_door_is_closed_keeps_its_own_flow(tmp_path: Path) -> None:
    with asterisk(tmp_path) as ami, Service(tmp_path, ami) as service:
        until_known(service)
        service.write(attack(PHONE, time.time() - 1, times=35, transport="UDP"))
        service.until_read(35)
        assert {} == service.bans()
        service.write(attack(PHONE, times=5, transport="UDP"))
        service.until_banned(f"{PHONE}/32")
        assert "door" == service.bans()[f"{PHONE}/32"]["scope"]
        assert [f"{PHONE} . 5062"] == list(nft.elements("spare4"))


@pytest.mark.nft
def test_a_door_that_was_closed_before_is_opened_for_the_peers_own_flow(tmp_path: Path) -> None:
    with asterisk(tmp_path) as ami, Service(tmp_path) as service:
        service.write(attack(PHONE, times=9, transport="UDP"))
        service.until_banned(f"{PHONE}/32")
        assert {} == nft.elements("spare4")
        service.configure(ami)
        service.reload()
        until_known(service)
        until(lambda: [f"{PHONE} . 5062"] == list(nft.elements("spare4")), "the flow spared")
