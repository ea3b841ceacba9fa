"""Pure: a file of Asterisk's configuration language -> its lines, without comments.

All as in Asterisk's ``config_text_file_load`` (main/config.c), its oddities included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BLANKS = bytes(range(33))
"""What Asterisk strips: every byte up to the space."""

_BOM = b"\xef\xbb\xbf"
_BUFFER = 8191
_BACKSLASH = ord("\\")


class Lines:
    """Takes comments away; a block comment left open goes on in the next file of the same glob.

    `too_long` collects the numbers of lines of 8191 bytes or more, newline
    included, which Asterisk skips; `cut` those of lines in which a comment
    begins in the middle of a word.
    """

    __slots__ = ("_depth", "cut", "too_long")

    def __init__(self) -> None:
        self._depth = 0
        self.too_long: list[int] = []
        self.cut: list[int] = []

    @property
    def unterminated(self) -> bool:
        """Whether a block comment is still open (or was closed once too often, which hides as much)."""
        return self._depth != 0

    def read(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines of a file that say something, stripped, each with its number from 1."""
        for number, line in enumerate(data.removeprefix(_BOM).split(b"\n"), 1):
            if len(line) + 1 >= _BUFFER:
                self.too_long.append(number)
                continue
            text = line.split(b"\0", 1)[0] if b"\0" in line else line
            if self._depth or b";" in text:
                text = self._visible(text, number)
            text = text.strip(BLANKS)
            if text:
                yield number, text

    def _visible(self, line: bytes, number: int) -> bytes:
        r"""What of a line stands outside comments, ``\\;`` turned into ``;``."""
        kept: list[bytes] = []
        start = 0 if self._depth == 0 else None
        position = 0
        while (at := line.find(b";", position)) >= 0:
            if at > position and line[at - 1] == _BACKSLASH:
                line, position = line[: at - 1] + line[at:], at
                continue
            opens = line[at + 1 : at + 3] == b"--" and line[at + 3 : at + 4] != b"-"
            closes = not opens and line[max(position, at - 2) : at] == b"--"
            if start is not None and (opens or (not closes and self._depth == 0)):
                kept.append(line[start:at])
                if not opens and kept[-1][-1:].strip(BLANKS):
                    self.cut.append(number)
                start = None
            if not opens and not closes and self._depth == 0:
                break
            position = at + (3 if opens else 1)
            # A `--;` that ends nothing counts below zero, and so hides all up to the next `;--`.
            self._depth += opens - closes
            if closes and self._depth == 0:
                start = position
        return b"".join(kept) + (b"" if start is None else line[start:])
