"""Pure: logs of other programs, as fail2ban's filters read them: four lines that are well, then a failure."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

import traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

_STRIKES: Final = 5
_ATTEMPTS: Final = 50
_A_SECOND: Final = 200.0
_DEPLOY: Final = "from 198.51.100.20 port 50022"


class Form(NamedTuple):
    """How a program writes: its date, lines that are well, and a failure of `{who}`."""

    date: str
    well: tuple[str, str, str, str]
    failure: str


FORMS: Final = {
    "sshd": Form(
        "%b %d %H:%M:%S",
        (
            f"pbx sshd[812]: Accepted publickey for deploy {_DEPLOY} ssh2: RSA SHA256:pbcXJ3D0bZ2Ho7",
            "pbx sshd[812]: pam_unix(sshd:session): session opened for user deploy(uid=1000) by (uid=0)",
            "pbx CRON[813]: pam_unix(cron:session): session closed for user root",
            "pbx sudo:   deploy : TTY=pts/0 ; PWD=/home/deploy ; USER=root ; COMMAND=/usr/bin/id",
        ),
        "pbx sshd[814]: Failed password for root from {who} port 40022 ssh2",
    ),
    "asterisk": Form(
        "[%Y-%m-%d %H:%M:%S]",
        (
            "VERBOSE[812] res_pjsip_registrar.c: Added contact 'sip:101@198.51.100.20:5060' to AOR '101'",
            "NOTICE[812] chan_sip.c: Peer '102' is now Reachable. (12ms / 2000ms)",
            "VERBOSE[813][C-0000002a] pbx.c: Executing [101@internal:1] Dial('PJSIP/102-1a', 'PJSIP/101')",
            "VERBOSE[813][C-0000002a] app_dial.c: PJSIP/101-0000001b answered PJSIP/102-0000001a",
        ),
        "NOTICE[812] chan_sip.c: Registration from '\"101\" <sip:101@pbx>' failed for '{who}:5060' - "
        "Wrong password",
    ),
    "postfix": Form(
        "%b %d %H:%M:%S",
        (
            "pbx postfix/qmgr[812]: 4XyZ1k2Qz9: from=<alice@example.org>, size=4711, nrcpt=1 (queue active)",
            "pbx postfix/smtpd[813]: connect from mail.example.org[198.51.100.20]",
            "pbx postfix/smtp[814]: 4XyZ1k2Qz9: to=<bob@example.com>, dsn=2.0.0, status=sent (250 Ok)",
            "pbx postfix/smtpd[813]: disconnect from mail.example.org[198.51.100.20] quit=1 commands=1",
        ),
        "pbx postfix/smtpd[815]: NOQUEUE: reject: RCPT from unknown[{who}]: 554 5.7.1 <x@example.net>: "
        "Relay access denied; from=<y@example.net> to=<x@example.net> proto=ESMTP helo=<z>",
    ),
    "nginx-http-auth": Form(
        "%Y/%m/%d %H:%M:%S",
        (
            '[error] 812#812: *45 open() "/srv/x" failed (2: No such file or directory), client: 192.0.2.5',
            "[warn] 812#812: *46 an upstream response is buffered to a temporary file /var/lib/nginx/proxy/1",
            "[notice] 812#812: signal process started",
            "[info] 812#812: *47 client 198.51.100.20 closed keepalive connection",
        ),
        '[error] 812#812: *48 user "admin": password mismatch, client: {who}, server: pbx, '
        'request: "GET / HTTP/1.1", host: "pbx"',
    ),
}
"""By the filter that reads it."""


def lines(form: Form, count: int, now: float, last: str) -> Iterator[str]:
    """So many lines, the last at `now`, each fifth a failure; and a ban's worth of `last` behind them."""
    yield from islice(_lines(form, now - count / _A_SECOND), count)
    yield from [f"{_dated(form, now)} {form.failure.format(who=last)}\n"] * _STRIKES


def _lines(form: Form, now: float) -> Iterator[str]:
    number = 0
    while True:
        date = _dated(form, now + 5 * number / _A_SECOND)
        yield from (f"{date} {text}\n" for text in form.well)
        yield f"{date} {form.failure.format(who=_guesser(number))}\n"
        number += 1


def _guesser(number: int) -> str:
    """Who makes this failure: 64 at a time, some fifty each."""
    return traffic.stranger(64 * (number // (64 * _ATTEMPTS)) + number % 64)


def _dated(form: Form, now: float) -> str:
    return time.strftime(form.date, time.localtime(now))
