"""Edge: how our filters and fail2ban's own do on the recorded attacks, as README's table.

`python tests/filters/score.py [ROOT]` prints it; each line of a log is judged by fail2ban itself,
this machine's or the one in another root.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import logs
from judged import HERE, Judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logs import Line

_LOGS: Final[dict[str, tuple[Callable[[], list[Line]], tuple[str, ...]]]] = {
    "security log, classic": (lambda: logs.security("security"), ("amiguard-asterisk-security",)),
    "security log, JSON": (lambda: logs.security("json"), ("amiguard-asterisk-security-json",)),
    "notices, classic": (
        lambda: logs.notices(as_json=False),
        ("amiguard-asterisk-notice", "amiguard-asterisk-calls"),
    ),
    "notices, JSON": (
        lambda: logs.notices(as_json=True),
        ("amiguard-asterisk-notice-json", "amiguard-asterisk-calls-json"),
    ),
}
THEIRS: Final = ("asterisk",)
VERDICTS: Final = ("right", "silent", "wrong")


def score(judge: Judge, lines: list[Line], names: tuple[str, ...]) -> Counter[str]:
    """Lines by verdict; `wrong` names another than who sent, `silent` nobody though a failure is told."""
    verdicts: Counter[str] = Counter()
    answers = zip(*(judge.reads(name, [line.text for line in lines]) for name in names), strict=True)
    for line, found in zip(lines, answers, strict=True):
        named = {each.address for several in found for each in several}
        if named - line.case.sources:
            verdicts["wrong"] += 1
        elif line.tells:
            verdicts["right" if named else "silent"] += 1
    return verdicts


def table(judge: Judge) -> Iterator[str]:
    """The rows of the table, Markdown."""
    yield "| log | lines | ours: right | silent | wrong | fail2ban's: right | silent | wrong |"
    yield "|---|---|---|---|---|---|---|---|"
    for log, (read, names) in _LOGS.items():
        lines = read()
        ours, theirs = score(judge, lines, names), score(judge, lines, THEIRS)
        cells = [*(ours[each] for each in VERDICTS), *(theirs[each] for each in VERDICTS)]
        yield f"| {log} | {sum(line.tells for line in lines)} | {' | '.join(map(str, cells))} |"


def main() -> None:
    """Print the table."""
    root = Path(sys.argv[1]) if sys.argv[1:] else HERE
    with tempfile.TemporaryDirectory() as folder, Judge(Path(folder), root) as judge:
        sys.stdout.writelines(f"{row}\n" for row in table(judge))


if __name__ == "__main__":
    main()
