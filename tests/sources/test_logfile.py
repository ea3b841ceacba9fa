"""One open file: what one read tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailing import lines

from amiguard.sources.logfile import LogFile
from amiguard.sources.position import HEAD

if TYPE_CHECKING:
    from pathlib import Path


def test_the_place_knows_the_whole_head_once_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "security"
    path.write_bytes(b"")
    file = LogFile(path)
    for size in range(1, 7):
        path.write_bytes(lines(*range(size)))
        assert file.intact()
        assert file.take() == lines(size - 1)
        assert lines(*range(size))[:HEAD] == file.position.head
    file.close()


def test_a_file_is_intact_though_its_half_line_was_given_up(tmp_path: Path) -> None:
    path = tmp_path / "security"
    path.write_bytes(lines(*range(9)) + b"torn")
    file = LogFile(path)
    assert lines(*range(9)) == file.take()
    assert file.take() is None
    assert file.tear() == b"torn"
    assert file.intact()
    path.write_bytes(lines(*range(9)) + b"torn and mended\n" + lines(9))
    assert file.intact()
    assert file.take() == b""
    assert lines(9) == file.take()
    file.close()
