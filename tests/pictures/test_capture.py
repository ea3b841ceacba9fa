"""A terminal's picture is sound XML and says what stands there, where it stands."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pyte
from capture import HEIGHT, MARGIN, WIDTH, picture
from hypothesis import given
from hypothesis import strategies as st

SVG = "{http://www.w3.org/2000/svg}"


def drawn(text: str, columns: int = 20, lines: int = 3) -> ET.Element:
    screen = pyte.Screen(columns, lines)
    pyte.Stream(screen).feed(text)
    return ET.fromstring(picture(screen))


def test_texts_stand_at_their_columns_in_their_colours() -> None:
    root = drawn("ab\x1b[31;1mred\x1b[0m \x1b[7mchosen\r\n\x1b[0mnext")
    texts = {text.text: text.attrib for text in root.iter(f"{SVG}text")}
    assert ["ab", "red", "chosen"] == list(texts)[:3]
    assert [MARGIN + WIDTH * x for x in (0, 2, 6)] == [
        int(texts[name]["x"]) for name in ("ab", "red", "chosen")
    ]
    assert str(3 * WIDTH) == texts["red"]["textLength"]
    assert ("bold", None) == (texts["red"].get("font-weight"), texts["ab"].get("font-weight"))
    assert texts["red"]["fill"] != texts["ab"]["fill"]
    [under] = [rect for rect in root.iter(f"{SVG}rect") if "rx" not in rect.attrib]
    assert (str(MARGIN + WIDTH * 6), str(HEIGHT)) == (under.attrib["x"], under.attrib["height"])


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_whatever_stands_there_is_sound(text: str) -> None:
    root = drawn(text)
    assert text.replace(" ", "") == "".join(
        "".join(each.text or "" for each in root.iter(f"{SVG}text")).split()
    )
