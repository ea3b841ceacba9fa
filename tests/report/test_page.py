"""The page says what the report says, and nothing that a stranger wrote becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser
from importlib import resources

import month
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import START
from reported import HOSTILE, everywhere, material

from amiguard.report.charts import _top
from amiguard.report.markup import element, joined
from amiguard.report.page import page
from amiguard.report.summary import summarise

SHEET = resources.files("amiguard.report").joinpath("page.css").read_text(encoding="utf-8")
ALLOWED = {"charset", "http-equiv", "content", "name", "lang", "class", "viewbox", "role", "aria-label"}
DRAWN = {"aria-hidden", "preserveaspectratio", "width", "height", "x", "y", "x1", "x2", "y1", "y2"}


class Seen(HTMLParser):
    """The elements, attributes and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def told(name: bytes) -> str:
    return page(everywhere(name), SHEET)


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:20]))
def test_no_name_changes_the_structure_of_the_page(name: bytes) -> None:
    harmless, hostile = Seen(told(b"harmless")), Seen(told(name))
    assert harmless.tags == hostile.tags
    assert ALLOWED | DRAWN >= hostile.attributes


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=60) | st.text("<>\"'&/!-=ab ", max_size=60).map(str.encode))
def test_no_bytes_at_all_do(name: bytes) -> None:
    assert Seen(told(b"harmless")).tags == Seen(told(name)).tags


def test_a_name_stands_on_the_page_as_it_was_sent() -> None:
    assert any(HOSTILE[0].decode() in text for text in Seen(told(HOSTILE[0])).texts)


def test_it_names_no_place_to_load_anything_from() -> None:
    text = told(b"harmless")
    assert [] == [
        word for word in ("src=", "href=", "url(", "@import", "http://", "https://") if word in text
    ]
    assert not {"script", "iframe", "link", "object", "img"} & set(Seen(text).tags)


def test_a_month_fills_every_section() -> None:
    gone = month.snapshot(START)
    rows = sorted(gone.bans, key=lambda row: row.ban.since, reverse=True)
    report = summarise(
        material(
            since=START - 30 * month.DAY,
            bans=rows,
            tallies=gone.tallies,
            drops=gone.drops,
            alarms=month.alarms(START),
        )
    )
    text = page(report, SHEET)
    assert len(text) < 100_000
    seen = Seen(text)
    assert 12 == seen.tags.count("section")
    assert 3 == seen.tags.count("ul")
    assert "203.0.113.0/24" in seen.texts


def test_only_markup_is_markup() -> None:
    inner = element("b", "<&>", title='"', class_="x", aria_label=None)
    assert '<p><b title="&quot;" class="x">&lt;&amp;&gt;</b>&lt;i&gt;</p>' == element("p", inner, "<i>")
    assert "&lt;b&gt;" == joined(["<b>"])
    assert "&lt;b title" in element("p", f"{inner}"), "a text made of markup is a text"


@given(st.integers(0, 10**9))
def test_the_grid_of_a_picture_has_whole_numbers_and_holds_the_highest_column(most: int) -> None:
    top = _top(most)
    assert max(most, 1) <= top <= max(4, 2 * most)
    assert 0 == top % 4
