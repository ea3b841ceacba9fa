"""Apprise itself sends what is news, to a real web server and a real mail server; passwords are not said."""

from __future__ import annotations

import email
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import receivers
from made import START

from amiguard.notify.gathering import Digest, News
from amiguard.notify.message import facts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernel

HOSTILE = News("breach", START, "account <b>@all</b> [x](http://evil.example)\r\nBcc: x@example.org", "::1")
TOLD = r"account \x3cb\x3e\x40all\x3c/b\x3e \x5bx\x5d(http:/\x2fevil\x2eexample)\x5cr\x5cnBcc: x\x40example"
NOBODY = "json://u:hunter2@127.0.0.1:9"


def post(tmp_path: Path, *urls: str) -> tuple[int, str]:
    """Send to these; gives exit status and complaint."""
    file = tmp_path / "notify.urls"
    file.touch(mode=0o600)
    file.write_text("\n".join(urls), encoding="utf-8")
    command = [sys.executable, "-m", "amiguard.notify.post", str(file)]
    words = json.dumps(facts(Digest((HOSTILE,)), "pbx1"))
    done = subprocess.run(command, input=words, capture_output=True, text=True, check=False, timeout=50)
    assert "" == done.stdout
    return done.returncode, done.stderr


def test_a_web_server_gets_it(tmp_path: Path) -> None:
    with receivers.Web() as web:
        assert (0, "") == post(tmp_path, web.url)
    [got] = web.got
    assert "amiguard on pbx1: a password may have been guessed" == got["title"]
    assert TOLD in got["message"]


def test_a_mail_server_gets_it_as_text_and_no_header_more(tmp_path: Path) -> None:
    with receivers.Mail() as mail:
        assert (0, "") == post(tmp_path, mail.url + "&format=text")
    [got] = map(email.message_from_string, mail.got)
    assert "amiguard on pbx1: a password may have been guessed" == got["Subject"]
    assert got["Bcc"] is None
    text = next(part for part in got.walk() if part.get_content_type() == "text/plain")
    content = text.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert TOLD in content.decode()


def test_who_was_not_reached_is_named_without_his_password(tmp_path: Path) -> None:
    status, said = post(tmp_path, NOBODY, "nonsense://u:hunter2@h")
    assert (1, f"not sent to line 1 (json), line 2 (nonsense) of {tmp_path}/notify.urls\n") == (status, said)


def test_who_reached_some_does_not_ask_to_try_again(tmp_path: Path) -> None:
    with receivers.Web() as web:
        assert 3 == post(tmp_path, web.url, NOBODY)[0]
        web.status = 500
        assert 1 == post(tmp_path, web.url, NOBODY)[0]
