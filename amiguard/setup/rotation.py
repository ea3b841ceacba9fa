"""Pure: logrotate's configuration -> one that rotates our logs, too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from amiguard.setup.tree import matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amiguard.setup.draft import Draft

FOLDER: Final = "/etc/logrotate.d/"
FILE: Final = FOLDER + "amiguard"
MAIN: Final = "/etc/logrotate.conf"

_BLOCK: Final = re.compile(r"\{[^}]*\}")
_COMMENT: Final = re.compile(r"^\s*#.*$", re.MULTILINE)
_PATTERN: Final = re.compile(r'"([^"]+)"|(/\S+)')
_RULES: Final = """{
    daily
    maxsize 100M
    rotate 14
    missingok
    notifempty
    compress
    delaycompress
    sharedscripts
    postrotate
        asterisk -rx 'logger reload' > /dev/null 2>&1 || true
    endscript
}
"""


def plan_rotation(draft: Draft, paths: Sequence[str]) -> None:
    """Have logrotate rotate those of these logs that nobody rotates yet."""
    patterns = [each for path, text in draft.view.texts.items() for each in _patterns(path, text)]
    alone = [path for path in paths if not any(matches(path, pattern) for pattern in patterns)]
    if alone:
        folder = draft.view.folders.get(draft.view.log_directory)
        who = f"    su {folder.owner} {folder.group}\n" if folder and folder.owner != "root" else ""
        text = "\n".join([*alone, _RULES.replace("{\n", "{\n" + who, 1)])
        draft.put(FILE, text.encode("utf-8", "surrogateescape"), "nobody rotates " + " and ".join(alone))


def _patterns(path: str, text: bytes) -> Iterator[str]:
    """What one of logrotate's files rotates: the words that stand before its blocks."""
    if path != MAIN and not path.startswith(FOLDER):
        return
    outside = _BLOCK.sub(" ", _COMMENT.sub("", text.decode("utf-8", "surrogateescape")))
    for quoted, plain in _PATTERN.findall(outside):
        yield quoted or plain
