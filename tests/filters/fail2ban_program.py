"""Edge: fail2ban's own reading of lines, in fail2ban's own Python: lines of JSON in, lines of JSON out.

A program apart, for fail2ban is the distribution's, and its Python may be another.
The first line names a folder that has `filter.d`, and filters in it.  Each other
one is a filter's name and its texts: lines of a file as Latin-1, a character a
byte, or, as a pair, what the journal puts before a message and the message.
The answer has whom each text names, and when.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from fail2ban.client.filterreader import FilterReader
from fail2ban.server.filter import FileContainer, Filter

SETTERS = {
    "prefregex": lambda judge, value: setattr(judge, "prefRegex", value),
    "addfailregex": Filter.addFailRegex,
    "addignoreregex": Filter.addIgnoreRegex,
    "datepattern": Filter.setDatePattern,
    "maxlines": Filter.setMaxLines,
    "addjournalmatch": lambda _judge, _value: None,
}
NOW = 1_795_299_699.0


def judge(name: str, folder: str) -> Filter:
    """The filter as a jail would hold it, but that the age of a line does not matter."""
    reader = FilterReader(name, "jail", {"logtype": "file"}, basedir=folder)
    if not reader.read():
        sys.exit(f"fail2ban cannot read the filter {name}")
    reader.getOptions({})
    found = Filter(None, useDns="no")
    found.checkFindTime = False
    for _, _, option, *values in reader.convert():
        for value in values[0] if isinstance(values[0], list) else values:
            SETTERS[option](found, value)
    return found


def named(judge: Filter, text: str | tuple[str, str]) -> list[tuple[str, float | None]]:
    """Whom one text names, and when."""
    if isinstance(text, str):
        found = judge.processLine(
            FileContainer.decode_line("", "utf-8", text.encode("latin-1")).rstrip("\r\n")
        )
    else:
        before, message = text
        found = judge.processLine(("", "", f"{before} " + message.replace("\n", "\\n")), NOW)
    return [(str(address), time) for _, address, time, _ in found]


def _say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answer until the end of standard input."""
    logging.disable(logging.CRITICAL)
    folder, names = json.loads(sys.stdin.readline())
    judges = {name: judge(name, folder) for name in names}
    _say(sorted(judges))
    for request in sys.stdin:
        name, texts = json.loads(request)
        _say([named(judges[name], text) for text in texts])


if __name__ == "__main__":
    main()
