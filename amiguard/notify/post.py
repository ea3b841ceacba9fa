"""Edge: `python -m amiguard.notify.post URLS_FILE`: the facts on standard input, sent by apprise.

A program of its own: what apprise costs is gone with it, and it can be killed.
What apprise logs may hold passwords, so it is not heard.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any

import apprise

from amiguard.notify.message import body, title
from amiguard.notify.program import PARTLY
from amiguard.notify.urls import read_urls
from amiguard.private import SecretError

if TYPE_CHECKING:
    from amiguard.notify.urls import Url


def main(urls_file: str) -> int:
    """Send to every URL in the file; the exit status is `PARTLY` if that went wrong for some."""
    logging.disable()
    try:
        urls = read_urls(urls_file)
    except SecretError as error:
        return _complain(str(error), 1)
    facts = json.load(sys.stdin)
    failed = [url.name for url in urls if not _sent(url, facts)]
    if not failed:
        return 0
    return _complain(
        f"not sent to {', '.join(failed)} of {urls_file}", PARTLY if len(failed) < len(urls) else 1
    )


def _sent(url: Url, facts: dict[str, Any]) -> bool:
    asset = apprise.AppriseAsset(app_id="amiguard", app_desc="amiguard")
    one = apprise.Apprise(asset=asset)
    text = apprise.NotifyFormat.TEXT
    return one.add(url.text) and bool(one.notify(body=body(facts), title=title(facts), body_format=text))


def _complain(text: str, status: int) -> int:
    sys.stderr.write(f"{text}\n")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
