"""Edge: a process that does nothing but try one filter on lines: `python -m amiguard.fail2ban.worker FILTER`.

A filter's expressions were written for trusting hands, and meet what strangers
write.  In here one that does not end is ended by its CPU time, and whatever
else befalls it, the service only loses this process.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO, Final

from amiguard.fail2ban import frames
from amiguard.fail2ban.budget import TICK, Budget
from amiguard.fail2ban.files import ready
from amiguard.fail2ban.ini import FilterError
from amiguard.fail2ban.trying import tried
from amiguard.lately import Lately

if TYPE_CHECKING:
    from amiguard.fail2ban.matcher import Matcher

_LOGS: Final = 256
"""Logs whose connections are remembered."""
READY: Final = frames.answer(frames.Answer(0, overran=False))
"""What is said first, once the filter stands."""


def serve(matcher: Matcher, asked: BinaryIO, answers: BinaryIO, tick: float = TICK) -> None:
    """Answer until nobody asks any more."""
    logs: Lately[int, Matcher] = Lately(lambda _: matcher.twin(), _LOGS)
    with Budget(tick) as budget:
        answers.write(READY)
        answers.flush()
        while len(head := asked.read(frames.HEAD)) == frames.HEAD:
            work = frames.worked(asked.read(frames.size(head)))
            answers.write(frames.answer(tried(logs[work.log], work, budget)))
            answers.flush()


def main() -> None:
    """Serve the filter that the command line names, until the service is gone."""
    name, *rest = sys.argv[1:]
    try:
        serve(ready(name), sys.stdin.buffer, sys.stdout.buffer, *map(float, rest))
    except (BrokenPipeError, KeyboardInterrupt):
        sys.stderr.close()  # nobody is left to hear of it
    except FilterError as error:
        sys.exit(f"{name}: {error}")


if __name__ == "__main__":
    main()
