"""The apprise URLs are secrets: who could read them, and what they are, is looked at, and never said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amiguard.notify.urls import Url, read_urls
from amiguard.private import SecretError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def urls(tmp_path: Path) -> Path:
    file = tmp_path / "notify.urls"
    file.touch(mode=0o600)
    return file


def refusal(path: Path) -> str:
    with pytest.raises(SecretError) as caught:
        read_urls(str(path))
    return str(caught.value)


def test_a_line_is_a_url_and_some_are_not(urls: Path) -> None:
    urls.write_text("# mine\n\n  mailto://u:hunter2@h  \r\njson://h\n", encoding="utf-8")
    assert [
        Url("line 3 (mailto)", "mailto://u:hunter2@h"),
        Url("line 4 (json)", "json://h"),
    ] == read_urls(str(urls))


@pytest.mark.parametrize("text", ["", "# none\n", "json://h\n" * 33, "json://h\n" + "#" * 70_000])
def test_none_and_too_many_are_refused(urls: Path, text: str) -> None:
    urls.write_text(text, encoding="utf-8")
    assert f"{urls} must hold 1 to 32 apprise URLs, a line each" == refusal(urls)


def test_what_is_no_url_is_named_by_its_line_and_not_shown(urls: Path) -> None:
    urls.write_text("json://h\nhunter2\n", encoding="utf-8")
    assert f"line 2 of {urls} is no URL" == refusal(urls)


def test_others_may_not_read_them(urls: Path) -> None:
    urls.write_text("json://u:hunter2@h\n", encoding="utf-8")
    urls.chmod(0o640)
    assert f"{urls} has mode 0640, so others may know the secret: chmod 600" == refusal(urls)


def test_systemd_may_bring_them(urls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "and no systemd credential 'notify-urls' was given" in refusal(tmp_path / "none")
    (tmp_path / "notify-urls").write_text("json://h\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert [Url("line 1 (json)", "json://h")] == read_urls(str(tmp_path / "none"))
