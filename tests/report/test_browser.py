"""What a real browser makes of the page: nothing runs, nothing is fetched, and it can be printed."""

from __future__ import annotations

import html
import re
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from reported import HOSTILE, everywhere
from test_page import SHEET, Seen

from amiguard.report.page import page

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

LIMIT = 60.0
"""Seconds for a browser to start and end on a busy machine."""
CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENTLY = ("--virtual-time-budget=1000",)
"""Time for whatever might run or be fetched."""


def browse(folder: Path, text: str, *words: str) -> str:
    """Let the browser open a page, and do what these words say; gives what it prints."""
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    command = [*CHROMIUM, f"--user-data-dir={folder / 'profile'}", *words, file.as_uri()]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True)
    return ran.stdout


@pytest.fixture(scope="module")
def plain_tags(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The elements of the page where all names are harmless."""
    folder = tmp_path_factory.mktemp("harmless")
    return Seen(browse(folder, page(everywhere(b"harmless"), SHEET), "--dump-dom")).tags


@pytest.mark.parametrize("name", HOSTILE[:6], ids=lambda name: repr(name[:12]))
def test_a_hostile_name_is_text_and_runs_nothing(tmp_path: Path, plain_tags: list[str], name: bytes) -> None:
    dom = browse(tmp_path, page(everywhere(name), SHEET), "--dump-dom", *PATIENTLY)
    assert plain_tags == Seen(dom).tags
    assert f"amiguard: {name.decode()}" == shown_title(dom)


def test_no_name_fetches_anything(tmp_path: Path) -> None:
    """Somebody who waits at the address that a name gives waits in vain."""
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        host, port = waiting.getsockname()
        name = f'"><img src="http://{host}:{port}/"><link rel=stylesheet href="http://{host}:{port}/">'
        browse(tmp_path, page(everywhere(name.encode()), SHEET), "--dump-dom", *PATIENTLY)
        waiting.setblocking(False)
        with pytest.raises(BlockingIOError):
            waiting.accept()


def test_the_policy_lets_nothing_run_even_if_something_were_written_unescaped(tmp_path: Path) -> None:
    """Behind the escaping stands a second wall."""
    inside = "<script>document.title='owned'</script><p id=styled style='color: red'>x</p>"
    text = page(everywhere(b"harmless"), SHEET).replace("</body>", f"{inside}</body>")
    dom = browse(tmp_path, text, "--dump-dom", *PATIENTLY)
    assert "amiguard: harmless" == shown_title(dom)


def test_it_is_printed_on_a_few_sheets(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    browse(tmp_path, page(everywhere(b"harmless"), SHEET), f"--print-to-pdf={file}", "--no-pdf-header-footer")
    pdf = file.read_bytes()
    assert pdf.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 4


def shown_title(dom: str) -> str:
    [title] = re.findall(r"<head>.*?<title>(.*?)</title>", dom, re.DOTALL)
    return html.unescape(title)
