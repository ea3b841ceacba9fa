"""The service tells what is news, once, and nothing of it keeps a ban waiting."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import fakeasterisk
import nft
import pytest
import receivers
from lab import Service, attack, attempt, until

from amiguard.notify.messenger import LIMIT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernel

GUESSER = "203.0.113.7"


def hook(root: Path, code: str = "open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')") -> str:
    """Settings for a program that writes down what it is told."""
    return f"exec = {json.dumps([sys.executable, '-c', f'import sys, time; {code}', str(root / 'told')])}\n"


def told(root: Path) -> list[dict[str, Any]]:
    """The messages so far."""
    file = root / "told"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def guess_right(source: str = GUESSER) -> bytes:
    """Failures, and then the right password: a breach."""
    now = time.time()
    wrong = b"".join(attempt(source, now + n / 1000) for n in range(4))
    return wrong + attempt(source, now + 0.01, kind="SuccessfulAuth")


def settings(root: Path, *more: str) -> str:
    return "[notify]\n" + hook(root) + "\n".join(more)


def test_a_breach_is_told_with_its_evidence(tmp_path: Path) -> None:
    with Service(tmp_path, settings(tmp_path)) as service:
        service.write(guess_right())
        [message] = until(lambda: told(tmp_path), "the message")
    [news] = message["news"]
    assert ("breach", GUESSER) == (news["kind"], news["source"])
    assert ["InvalidPassword"] * 4 == [each["event"] for each in news["evidence"]]


def test_a_flood_of_breaches_is_one_message(tmp_path: Path) -> None:
    with Service(tmp_path, settings(tmp_path)) as service:
        service.write(b"".join(guess_right(f"203.0.{n // 250}.{n % 250 + 1}") for n in range(300)))
        [message] = until(lambda: told(tmp_path), "the message")
    assert 10 == [news["kind"] for news in message["news"]].count("breach")
    assert 290 == message["more"]["breach"]


def test_only_what_is_wanted_is_told(tmp_path: Path) -> None:
    with Service(tmp_path, settings(tmp_path, 'events = ["firewall"]', 'pause = "0s"')) as service:
        service.write(guess_right())
        until(lambda: "breach" in service.said, "the alarm")
        nft.run("delete table inet amiguard")
        [message] = until(lambda: told(tmp_path), "the message")
    assert ["firewall"] == [news["kind"] for news in message["news"]]


def test_a_program_that_hangs_keeps_no_ban_waiting(tmp_path: Path) -> None:
    with Service(
        tmp_path, "[notify]\n" + hook(tmp_path, "open(sys.argv[1], 'w'); time.sleep(1000)")
    ) as service:
        service.write(guess_right())
        until((tmp_path / "told").exists, "the program")
        assert LIMIT > 30
        before = time.monotonic()
        service.write(attack("198.51.100.9"))
        service.until_banned("198.51.100.9/32")
        assert time.monotonic() - before < LIMIT / 2, "as long as nobody is waiting for the program"
        assert 0 == service.stop()
    assert "1 not sent before the end" in service.said


def test_how_a_program_fails_is_said_once(tmp_path: Path) -> None:
    failing = hook(tmp_path, "open(sys.argv[1], 'w'); sys.exit('no way')")
    with Service(tmp_path, "[notify]\npause = '0s'\n" + failing) as service:
        service.write(guess_right())
        until(lambda: "exit status 1: no way" in service.said, "the complaint")
        service.write(guess_right("203.0.113.8"))
        until(lambda: 2 == service.said.count("breach: "), "the second breach")
        assert 1 == service.said.count("exit status")


def test_apprise_tells_a_web_server_and_its_password_is_nowhere(tmp_path: Path) -> None:
    urls = tmp_path / "urls"
    urls.touch(mode=0o600)
    with receivers.Web() as web:
        urls.write_text(web.url, encoding="utf-8")
        with Service(tmp_path, f'[notify]\nurls_file = "{urls}"\n') as service:
            service.write(guess_right())
            [got] = until(lambda: web.got, "the message")
            assert f"breach {GUESSER}: logged in after failures" in got["message"]
            assert "hunter2" not in service.said + json.dumps(service.status())


@pytest.mark.parametrize(("mode", "text"), [(0o644, "has mode 0644"), (0o600, "must hold 1 to 32")])
def test_urls_that_cannot_be_used_stop_a_start_and_no_reload(tmp_path: Path, mode: int, text: str) -> None:
    urls = tmp_path / "urls"
    urls.touch()
    urls.chmod(mode)
    service = Service(tmp_path, f'[notify]\nurls_file = "{urls}"\n')
    code, said = service.fails()
    assert (1, 1) == (code, len(said))
    assert text in said[0]
    wrong = service.config.read_text(encoding="utf-8")
    service.configure()
    with service.start():
        service.config.write_text(wrong, encoding="utf-8")
        service.reload()
        assert "the new configuration does not work, the old one holds" in service.said


def test_without_apprise_the_start_says_what_is_missing(tmp_path: Path) -> None:
    service = Service(tmp_path, '[notify]\nurls_file = "/none"\n')
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['apprise'] = None", encoding="utf-8")
    code, said = service.fails("env", f"PYTHONPATH={tmp_path}")
    expected = "apprise is not installed, which notify.urls_file needs: pip install 'amiguard[notify]'"
    assert (1, [f"amiguard: {expected}"]) == (code, said)


def test_an_ami_that_refuses_us_is_told(tmp_path: Path) -> None:
    manager = fakeasterisk.Manager()
    with fakeasterisk.configured(tmp_path, manager) as ami:
        [secret] = tmp_path.glob("*secret*")
        secret.write_text("wrong", encoding="utf-8")
        with Service(tmp_path, ami + settings(tmp_path)):
            [message] = until(lambda: told(tmp_path), "the message")
    [news] = message["news"]
    assert "ami" == news["kind"]
    assert ": log-in refused: " in news["text"]
