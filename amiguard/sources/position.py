"""Pure: a place in a log file, where its lines end, and what rotation does to its name."""

from __future__ import annotations

import re
from typing import NamedTuple

HEAD = 256
"""Bytes of a file's beginning that are kept to know it again."""
BLOCK = 512 * 1024
"""Bytes that are read at a time, and so the most that one chunk holds."""
LINE = 64 * 1024
"""Bytes of a line that are kept; Asterisk's own records end below 8 KiB."""

_COMPRESSED = re.compile(r".*\.(gz|bz2|xz|zst|lz4|zip|Z)")
_DATE = r"[.-](\d{8,}|\d{4}-\d\d-\d\d)([._-]\d+)*"
_ROTATED = (
    re.compile(rf"(?P<name>.+?)(\.\d+|\.old|{_DATE})(?P<extension>)"),
    re.compile(rf"(?P<name>.+?)(\.\d+|{_DATE})(?P<extension>\.[A-Za-z]\w*)"),
)


class Position(NamedTuple):
    """A place in a file: all before `offset` (bytes) has been delivered.

    The head, up to `HEAD` first bytes of the file, is part of its identity: ext4
    gives the inode of a deleted file to the next new one at once.
    """

    device: int
    inode: int
    offset: int
    head: bytes

    def fits(self, device: int, inode: int, size: int, head: bytes) -> bool:
        """Whether a file so described is the one this place is in.

        A whole head makes up for another device number: a reboot may renumber them.
        """
        same = inode == self.inode and (device == self.device or len(self.head) == HEAD)
        return same and size >= self.offset and head.startswith(self.head)

    def fits_copy(self, size: int, head: bytes) -> bool:
        """Whether it is a copy of that file, as copytruncate makes them; only a whole head can tell."""
        return len(head) == HEAD and head == self.head and size >= self.offset


class Chunk(NamedTuple):
    """Some lines, and the place behind them, to be saved once they had their effect.

    Attributes:
        data: whole lines, each with its LF, at most `BLOCK` bytes.  Without an LF it is
            the torn last line of a file that was given up, alone.  Empty where
            only the rest of an overlong line was passed.
        position: resuming from here neither loses nor repeats a line.
        backlog: it was there before this source first reached its end.
        more: the file held more than this chunk took, so look again at once.
    """

    data: bytes
    position: Position
    backlog: bool
    more: bool


def cut(block: bytes, begin: int = 0) -> tuple[bytes, int]:
    """Take the whole lines from a block, from `begin` on: them, and where they end.

    Nothing is taken from a half line.  Of a line over `LINE` bytes, once it is the
    first, that many are taken and an LF is put behind them; the data is then one
    byte longer than what it used up.
    """
    end = begin
    while (feed := block.rfind(b"\n", end, end + LINE + 1)) >= 0:
        end = feed + 1
    if end > begin:
        return block[begin:end], end
    longest = begin + LINE
    return (block[begin:longest] + b"\n", longest) if len(block) > longest else (b"", begin)


def origins(name: str) -> set[str]:
    """The file names that rotation may have made this one of.

    Asterisk's logger renames to ``name.0`` and up (sequential, rotate) or
    ``name.EPOCH`` (timestamp); logrotate to ``name.1``, ``name-20260131`` and, with
    its `extension`, ``stem-20260131.log``.
    """
    matches = [form.fullmatch(name) for form in _ROTATED]
    return {match["name"] + match["extension"] for match in matches if match}


def is_compressed(name: str) -> bool:
    """Whether the name says that a file cannot be read as lines."""
    return _COMPRESSED.fullmatch(name) is not None
