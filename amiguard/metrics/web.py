"""Pure: as much of HTTP/1.1 (RFC 9112) as a scraper needs: one request, one answer, and good-bye."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from amiguard.metrics.exposition import CONTENT_TYPE

LONGEST: Final = 8192
"""Bytes that the head of a request may have."""
END: Final = b"\r\n\r\n"
PATH: Final = b"/metrics"
_REQUEST: Final = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")


def judge(head: bytes) -> HTTPStatus:
    """How to answer a request, of which this is the head."""
    request = _REQUEST.match(head)
    if not request or END not in head:
        return HTTPStatus.BAD_REQUEST
    if request[2].partition(b"?")[0] != PATH:
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.OK if request[1] == b"GET" else HTTPStatus.METHOD_NOT_ALLOWED


def answer(status: HTTPStatus, page: str = "") -> bytes:
    """The whole answer; without a page it says what the status means."""
    body = (page or f"{status.phrase}\n").encode()
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {CONTENT_TYPE if page else 'text/plain; charset=utf-8'}",
        f"Content-Length: {len(body)}",
        *(("Allow: GET",) if status is HTTPStatus.METHOD_NOT_ALLOWED else ()),
        "Connection: close",
        "",
        "",
    )
    return "\r\n".join(lines).encode() + body
