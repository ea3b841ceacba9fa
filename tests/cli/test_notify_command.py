"""`notify test`: everybody is sent a message, and whoever was not reached is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import receivers
from lab import Ran, run

if TYPE_CHECKING:
    from pathlib import Path


def sent(root: Path, settings: str, *words: str) -> Ran:
    config = root / "amiguard.toml"
    config.write_text(settings, encoding="utf-8")
    return run("notify", "test", "--config", str(config), *words)


@pytest.mark.kernel
def test_everybody_gets_a_message(tmp_path: Path) -> None:
    urls, heard = tmp_path / "urls", tmp_path / "heard"
    urls.touch(mode=0o600)
    with receivers.Web() as web:
        urls.write_text(web.url, encoding="utf-8")
        ran = sent(tmp_path, f'[notify]\nurls_file = "{urls}"\nexec = ["tee", "{heard}"]\nevents = []')
    assert (0, "") == (ran.code, ran.err)
    assert ["RECEIVER ANSWER", "ok apprise told", "ok exec tee told"] == [
        " ".join(line.split()) for line in ran.out.splitlines()
    ]
    assert "nothing has happened" in web.got[0]["message"]
    assert "test" == json.loads(heard.read_text())["news"][0]["kind"]


def test_who_was_not_reached_is_named(tmp_path: Path) -> None:
    ran = sent(tmp_path, '[notify]\nexec = ["false"]', "--json")
    assert (1, "amiguard: somebody was not told\n") == (ran.code, ran.err)
    expected = [{"receiver": "exec false", "ok": False, "text": "exit status 1"}]
    assert expected == ran.json["receivers"]


def test_that_nobody_is_to_be_told_is_an_answer_too(tmp_path: Path) -> None:
    ran = sent(tmp_path, "")
    assert (3, "amiguard: nobody is told: [notify] has neither urls_file nor exec\n") == (ran.code, ran.err)


def test_urls_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    ran = sent(tmp_path, '[notify]\nurls_file = "/none"')
    assert 1 == ran.code
    assert "/none does not exist" in ran.err
