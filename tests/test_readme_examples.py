"""What README shows is what the commands print, with the real service and the real kernel."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import readme
import written
from lab import Service, eventtv, run, until

from amiguard.cli.common import CONFIG
from amiguard.exits import MEANINGS

if TYPE_CHECKING:
    from pathlib import Path

LOG = "security.json"
UNSERVED = {"replay", "audit", "setup", "import-fail2ban"}
"""Commands whose examples need neither service nor kernel, but files of ours."""
VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:?\d\d"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "MINUTE"),
    (re.compile(r"\b\d+m \d+s\b"), "LEFT"),
    (re.compile(r"score \d+\.\d"), "score N"),
    (re.compile(r"generation \d+"), "generation N"),
    (re.compile(r"\b192\.0\.2\.\d+ was banned"), "N was banned"),
    (re.compile(r" +"), " "),
)
"""What differs from one run to the next: times, and so scores and the widths of columns."""


def plain(text: str) -> Counter[str]:
    """Lines without what varies, in any order, for a hash set has none."""
    for pattern, word in VARIES:
        text = pattern.sub(word, text)
    return Counter(line.strip() for line in text.splitlines())


def test_what_needs_no_service_prints_what_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(readme.ROOT)
    defaults = tmp_path / "empty.toml"
    defaults.touch()
    shown = [example for example in readme.examples() if example.words[0] in UNSERVED]
    assert shown
    for example in shown:
        own = () if example.words[0] == "setup" else ("--config", str(defaults))
        ran = run(*example.words, *own)
        assert plain(example.output) == plain((ran.out + ran.err).replace(str(defaults), CONFIG))


def said(
    kind: str, remote: bytes, now: bytes, account: bytes, service: bytes = b"PJSIP", **details: bytes
) -> bytes:
    words = written.Words(service=service, account=account, remote=remote, eventtv=now)
    return written.as_json(written.record(kind, words, **details))


def scene() -> bytes:
    """The log behind the examples: a phone, and three who guess."""
    now = eventtv(time.time())
    return b"".join(
        (
            said("SuccessfulAuth", b"IPV4/UDP/198.51.100.10/5062", now, b"101", UsingPassword=b"1"),
            5 * said("ChallengeResponseFailed", b"IPV4/TLS/203.0.113.7/49152", now, b"101"),
            9 * said("InvalidAccountID", b"IPV4/UDP/198.51.100.66/5060", now, b"1000"),
            3 * said("InvalidAccountID", b"IPV6/TCP/2001:db8:bad::66/41223", now, b"admin", b"AMI"),
        )
    )


def play(service: Service) -> None:
    """Let the service read the scene."""
    service.write(scene())
    service.until_banned("203.0.113.7/32", "198.51.100.66/32", "2001:db8:bad::/64")


def remembers_an_end(service: Service) -> bool:
    return any(ban["ended"] for ban in service.ask("history")[1])


@pytest.mark.kernel
def test_the_service_answers_as_the_examples_show(tmp_path: Path) -> None:
    """One after another, from the first to the last."""
    usual = {
        tmp_path / "state": "/var/lib/amiguard",
        tmp_path / "control.sock": "/run/amiguard/control.sock",
        tmp_path / LOG: f"/var/log/asterisk/{LOG}",
        tmp_path / "amiguard.toml": CONFIG,
        tmp_path / "tell-me": "/usr/local/bin/tell-me",
    }
    (tmp_path / "tell-me").symlink_to("/bin/true")
    asked = [example for example in readme.examples() if example.words[0] not in UNSERVED]
    with Service(tmp_path, f'[notify]\nexec = ["{tmp_path}/tell-me"]\n', (LOG,)) as service:
        play(service)
        for example in asked:
            if example.words[0] == "history":
                until(lambda: remembers_an_end(service), "the end of a ban in the store")
            ran = service.command(*example.words)
            answer = ran.out + ran.err
            for here, there in usual.items():
                answer = answer.replace(str(here), there)
            assert plain(example.output) == plain(answer), example.words


@pytest.mark.kernel
def test_list_has_the_fields_that_are_shown(tmp_path: Path) -> None:
    [shown] = map(json.loads, readme.blocks("json"))
    with Service(tmp_path, logs=(LOG,)) as service:
        play(service)
        listed = service.command("list", "--json").json["bans"]
    assert [list(shown)] * 3 == [list(ban) for ban in listed]
    [same] = [ban for ban in listed if ban["address"] == shown["address"]]
    assert {"since", "until", "remaining"} >= {key for key in shown if shown[key] != same[key]}


@pytest.mark.kernel
def test_exit_codes_are_those_of_the_table(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with Service(tmp_path, logs=(LOG,)) as service:
        play(service)
        codes = [
            service.command("unban", "203.0.113.7").code,
            service.command("replay", missing).code,
            run("list", "--config", missing).code,
            service.command("unban", "203.0.113.99").code,
        ]
        service.stop()
        codes += [service.command("status").code, service.command("audit", missing).code]
    assert codes == [int(code) for code, _ in readme.table("exit code", "means")]
    assert [(str(int(code)), text) for code, text in MEANINGS.items()] == readme.table("exit code", "means")
