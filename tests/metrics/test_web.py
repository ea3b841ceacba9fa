"""As much of HTTP as a scraper needs."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from amiguard.metrics import web


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /metrics?a=b HTTP/1.0\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"GET /metricsx HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\n", 400),
        (b"GET /metrics HTTP/2.0\r\n\r\n", 400),
        (b"\x16\x03\x01\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
    ],
)
def test_a_request_is_judged_by_its_head(head: bytes, status: int) -> None:
    assert status == web.judge(head)


def test_an_answer_says_how_long_it_is_and_ends_the_connection() -> None:
    head, _, body = web.answer(HTTPStatus.OK, "café 1\n").partition(web.END)
    assert b"HTTP/1.1 200 OK" in head
    assert b"Content-Length: 8" in head
    assert b"Connection: close" in head
    assert "café 1\n".encode() == body
    assert b"\r\nAllow: GET\r\n" in web.answer(HTTPStatus.METHOD_NOT_ALLOWED)
