"""Edge: fail2ban's own filter and counting on a log, its clock set to each line's time; for its interpreter.

Prints, as JSON, since when it would have banned whom.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime

from fail2ban.client.filterreader import FilterReader
from fail2ban.server.filter import Filter
from fail2ban.server.mytime import MyTime
from fail2ban.tests.dummyjail import DummyJail

_TIME = re.compile(r'EventTV="([^"]+)"')
_SETTERS = {
    "addfailregex": "addFailRegex",
    "addignoreregex": "addIgnoreRegex",
    "datepattern": "setDatePattern",
}


def main(log: str, retries: str, seconds: str) -> None:
    """Judge the log with this `maxretry` and `findtime`."""
    jail = DummyJail()
    judge = _filter(jail)
    judge.setMaxRetry(int(retries))
    judge.setFindTime(int(seconds))
    bans: dict[str, float] = {}
    with open(log, encoding="ascii") as lines:  # noqa: PTH123 - it is not amiguard's interpreter
        for line in lines:
            now = datetime.strptime(_TIME.search(line)[1], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
            MyTime.setTime(now)
            judge.processLineAndAdd(line.rstrip("\n"))
            while ticket := jail.getFailTicket():
                bans.setdefault(str(ticket.getID()), now)
    json.dump(bans, sys.stdout)


def _filter(jail: DummyJail) -> Filter:
    """The filter `asterisk` as its files have it."""
    reader = FilterReader("asterisk", "asterisk", {}, basedir="/etc/fail2ban")
    reader.read()
    reader.getOptions(None)
    judge = Filter(jail)
    for _, _, option, value in (row for row in reader.convert() if len(row) == 4):
        for each in value if isinstance(value, list) else [value]:
            if option == "prefregex":
                judge.prefRegex = each
            elif option in _SETTERS:
                getattr(judge, _SETTERS[option])(each)
    return judge


if __name__ == "__main__":
    main(*sys.argv[1:])
