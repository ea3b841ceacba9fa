"""Who is spared is shown, each with the reason, and what he has done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import written
from lab import Service, eventtv

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernel

OFFICE = "198.51.100.9"


def said(kind: str, at: float, account: str, transport: str = "UDP", **details: bytes) -> bytes:
    """A line of the log about the office."""
    words = written.Words(
        account=account.encode(),
        session=b"%.3f" % at,
        remote=f"IPV4/{transport}/{OFFICE}/5062".encode(),
        eventtv=eventtv(at),
    )
    return written.classic(written.record(kind, words, **details))


def login(at: float, account: str = "101") -> bytes:
    return said("SuccessfulAuth", at, account, UsingPassword=b"1")


def mistyped(begin: float, count: int, every: float) -> bytes:
    """A phone with an old password."""
    return b"".join(
        said("ChallengeResponseFailed", begin + n * every, "1042", Response=b"%d" % n) for n in range(count)
    )


def test_a_broken_phone_is_told_and_not_banned(tmp_path: Path) -> None:
    begin = time.time() - 3600
    with Service(tmp_path) as service:
        service.write(login(begin) + mistyped(begin + 30, 60, 60))
        service.until_read(61)
        [phone] = service.command("status", "--json").json["broken_phones"]
        expected = {"address": OFFICE, "account": "1042", "every": 60.0, "failures": 60}
        assert expected.items() <= phone.items()
        text = f"account 1042 at {OFFICE} has failed every 60 s since "
        assert f"broken phone    {text}" in service.command("status").out
        assert 1 == service.said.count("broken phone: ")
        assert {} == service.bans()
        service.reload()
        assert [phone] == service.status()["broken_phones"]
