"""Edge: draws the view with curses, and hands it keys."""

from __future__ import annotations

import curses
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

from amiguard.cli.watching.frame import frame
from amiguard.cli.watching.questions import Questions
from amiguard.cli.watching.scene import Scene

if TYPE_CHECKING:
    from amiguard.cli.watching.lines import Line, Style
    from amiguard.cli.watching.questions import Answer

_BLINK: Final = 100
"""Milliseconds to wait for a key before the picture is drawn anew."""
_ESCAPE: Final = 25
"""Milliseconds within which an ESC is the beginning of a key's code, and not the key itself."""
_COLOURS: Final[dict[Style, int]] = {
    "bad": curses.COLOR_RED,
    "good": curses.COLOR_GREEN,
    "warn": curses.COLOR_YELLOW,
}
_LOOKS: Final[dict[Style, int]] = {
    "plain": curses.A_NORMAL,
    "bold": curses.A_BOLD,
    "faint": curses.A_DIM,
    "chosen": curses.A_REVERSE,
    "bad": curses.A_BOLD,
    "good": curses.A_NORMAL,
    "warn": curses.A_BOLD,
}


def show(path: str) -> None:
    """Show the service at this socket until somebody quits; the terminal is then as it was.

    Raises:
        curses.error: the terminal cannot be drawn upon.
    """
    for number in (signal.SIGTERM, signal.SIGINT):  # whoever began us may have had one of them ignored
        signal.signal(number, _end)
    curses.wrapper(_run, path)


def _end(*_: object) -> None:
    sys.exit()  # so that curses puts the terminal right


def _run(window: curses.window, path: str) -> None:
    styles = _styles()
    curses.curs_set(0)
    curses.set_escdelay(_ESCAPE)
    window.timeout(_BLINK)
    scene, questions = Scene(time.monotonic()), Questions(path)
    questions.start()
    while not scene.over:
        for answer in questions.answers():
            _take(scene, answer)
        _draw(window, scene, styles)
        _press(window.getch(), scene, questions)


def _styles() -> dict[Style, int]:
    """Attributes of curses by style; without colours where there are none, or nobody wants any."""
    looks = dict(_LOOKS)
    if curses.has_colors() and not os.environ.get("NO_COLOR"):
        curses.use_default_colors()
        for number, (style, colour) in enumerate(_COLOURS.items(), 1):
            curses.init_pair(number, colour, -1)
            looks[style] |= curses.color_pair(number)
    return looks


def _take(scene: Scene, answer: Answer) -> None:
    if answer.routine and not answer.error:
        scene.tell(answer.head, time.monotonic())
    elif answer.routine:
        scene.fail(answer.error)
    elif answer.error:
        scene.refuse(answer.error)
    else:
        scene.grant(answer.request, answer.rows)


def _draw(window: curses.window, scene: Scene, styles: dict[Style, int]) -> None:
    height, width = window.getmaxyx()
    window.erase()
    # The last column stays free: to write the last cell of all is an error to curses.
    for y, line in enumerate(frame(scene, width - 1, height, time.monotonic())):
        _write(window, y, line, styles)
    window.refresh()


def _write(window: curses.window, y: int, line: Line, styles: dict[Style, int]) -> None:
    x = 0
    for text, style in line:
        window.addstr(y, x, text, styles[style])
        x += len(text)


def _press(code: int, scene: Scene, questions: Questions) -> None:
    if code == curses.ERR:
        return
    request = scene.key(curses.keyname(code).decode())
    if request and not questions.ask(request):
        scene.refuse("the service does not answer; too much waits already")
