"""The AMI beside the log: both are heard, and what both tell counts once."""

from __future__ import annotations

import contextlib
import functools
import time
from typing import TYPE_CHECKING, Any

import fakeasterisk
import pytest
import written
from lab import Service, eventtv, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.kernel

ATTACKER = "203.0.113.7"


def words(n: int) -> written.Words:
    """The n-th guess of the attacker, now."""
    remote = f"IPV4/TCP/{ATTACKER}/{5000 + n}".encode()
    return written.Words(remote=remote, eventtv=eventtv(time.time() + n / 100))


def by_log(each: written.Words) -> bytes:
    return written.classic(written.record("InvalidPassword", each))


def by_ami(each: written.Words) -> bytes:
    return fakeasterisk.event("InvalidPassword", each) + b"\r\n\r\n"


@contextlib.contextmanager
def both(root: Path) -> Iterator[tuple[Service, fakeasterisk.Manager]]:
    """A service that listens to a log and an AMI."""
    manager = fakeasterisk.Manager()
    with fakeasterisk.configured(root, manager) as ami, Service(root, ami) as service:
        until(lambda: source(service, "ami")["state"] == "listening", "listening")
        yield service, manager


def source(service: Service, kind: str) -> dict[str, Any]:
    """What `status` says of the log or the AMI."""
    head, _ = service.ask("status")
    return next(each for each in head["sources"] if each["kind"] == kind)


def tell(service: Service, manager: fakeasterisk.Manager, channel: str, each: written.Words) -> None:
    if channel == "ami":
        manager.publish(by_ami(each))
    else:
        service.write(by_log(each))


def has_told(service: Service, channel: str, count: int) -> bool:
    return source(service, channel)["events"] >= count


def test_the_ami_alone_bans(tmp_path: Path) -> None:
    with both(tmp_path) as (service, manager):
        for n in range(5):
            manager.publish(by_ami(words(n)))
        service.until_banned(f"{ATTACKER}/32")
        assert ["crlf-blind", "utf8-blind"] == service.ask("status")[0]["sight"]


@pytest.mark.parametrize("first", ["log", "ami"])
def test_what_both_tell_counts_once_whoever_is_first(tmp_path: Path, first: str) -> None:
    with both(tmp_path) as (service, manager):
        guesses = [words(n) for n in range(4)]
        before = source(service, "ami")["events"]
        for channel in (first, "ami" if first == "log" else "log"):
            for each in guesses:
                tell(service, manager, channel, each)
            count = 4 + (before if channel == "ami" else 0)
            until(functools.partial(has_told, service, channel, count), channel)
        assert {} == service.bans(), "four wrong passwords, told twice, are four"
        assert 4 == service.ask("status")[0]["repeats"]
        service.write(by_log(words(4)))
        service.until_banned(f"{ATTACKER}/32")


def test_what_is_worth_nothing_is_passed_over_but_told(tmp_path: Path) -> None:
    with both(tmp_path) as (service, manager):
        before = source(service, "ami")["events"]
        told = {"ChallengeSent": 3, "SuccessfulAuth": 2}
        for kind, times in told.items():
            manager.publish((fakeasterisk.event(kind, words(0)) + b"\r\n\r\n") * times)
        until(functools.partial(has_told, service, "ami", before + 5), "five events")
        manager.sessions[0].hang_up()
        until(lambda: has_told(service, "ami", before + 6), "our next log-in")


def test_what_the_ami_tells_and_the_log_does_not_is_counted_shown_and_said_once(tmp_path: Path) -> None:
    with both(tmp_path) as (service, manager):
        service.log.touch()
        until(lambda: source(service, "log")["state"] == "following", "the empty log")
        while service.hears(0):
            pass
        for _ in range(2):  # behind a whole round of its keeper, which has seen the log
            service.await_news("WATCHDOG=1")
        before = time.time() - 20
        for n in range(25):
            remote = f"IPV4/UDP/203.0.113.{n + 100}/5060".encode()
            manager.publish(by_ami(written.Words(remote=remote, eventtv=eventtv(before + n / 100))))
        manager.publish(by_ami(words(0)))  # it has passed the others
        until(lambda: "has not told" in service.said, "the disagreement")
        channels = service.status()["channels"]
        assert {str(service.log): 25} == channels["untold"]
        assert f"25 not told by {service.log}" in service.command("status").out
        service.await_news("WATCHDOG=1")
        assert 1 == service.said.count("has not told")


def test_an_ami_that_dies_is_said_and_the_log_goes_on(tmp_path: Path) -> None:
    with both(tmp_path) as (service, manager):
        for session in manager.sessions:
            session.hang_up()
        until(lambda: "down" in service.said, "the loss")
        service.write(b"".join(by_log(words(n)) for n in range(5)))
        service.until_banned(f"{ATTACKER}/32")


def test_a_secret_that_others_can_read_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cr3t", encoding="utf-8")
    (tmp_path / "secret").chmod(0o644)
    with Service(tmp_path, f'[[ami]]\nsecret_file = "{tmp_path}/secret"\n') as service:
        until(lambda: f"{tmp_path}/secret" in service.said, "the refusal")
        assert "s3cr3t" not in service.said
