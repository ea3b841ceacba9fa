"""The control socket under rude clients: the service lives, and the judge is not kept waiting."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab import Service, attempt

from amiguard.control import CLIENTS, REQUEST_BYTES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kernel]

COMMANDS = ("status", "list", "ban", "unban", "allow", "history", "nothing")
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = ("address", "addresses", "all", "for", "reason", "force", "action", "network", "limit", "origin")
ARGUMENTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "address": st.sampled_from(["203.0.113.7", "2001:db8::/32", "0.0.0.0/0", "x"]),
        "addresses": st.just(["203.0.113.7"]),
        "for": st.sampled_from(["forever", "5200w", "0s", "1s", "-1s"]),
        "reason": st.text(max_size=20),
        "force": st.booleans(),
        "action": st.sampled_from(["add", "del", "list", "set"]),
        "network": st.sampled_from(["198.51.100.0/24", "0.0.0.0/0", "::/0", "x"]),
        "limit": st.one_of(st.integers(), st.floats()),
        "all": st.booleans(),
    },
)


def exchange(path: Path, request: bytes) -> bytes:
    """Send bytes, and read what comes until the other side hangs up."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(path))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
        answer = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while piece := client.recv(65536):
                answer += piece
        return bytes(answer)


def well_formed(answer: bytes) -> bool:
    """Whether an answer is an error, or whole."""
    first, *rest = [json.loads(line) for line in answer.decode().splitlines()]
    if "error" in first:
        assert first["exit"] in {1, 2, 3, 4}
    return rest[-1:] == [{"end": True}]


def ask(path: Path, **request: Any) -> bytes:
    return exchange(path, json.dumps(request).encode() + b"\n")


def test_no_bytes_and_no_requests_do_harm(tmp_path: Path) -> None:
    with Service(tmp_path) as service:

        @settings(max_examples=150, deadline=None)
        @given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda text: text + b"\n")))
        def bytes_do_no_harm(request: bytes) -> None:
            assert well_formed(exchange(service.socket, request))

        @settings(max_examples=300, deadline=None)
        @given(st.sampled_from(COMMANDS), st.one_of(ARGUMENTS, LIKELY))
        def requests_do_no_harm(command: str, arguments: dict[str, Any]) -> None:
            assert well_formed(ask(service.socket, **arguments, command=command))

        bytes_do_no_harm()
        requests_do_no_harm()
        service.await_news("WATCHDOG=1")
        service.await_news("WATCHDOG=1")
        assert 0 == service.stop()
        assert "Traceback" not in service.said
        assert " ERROR " not in service.said


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (b"[]\n", "a request is a JSON object"),
        (b"[" * 60_000 + b"\n", "a request is a JSON object"),
        (b'{"command": "list"}', "a request is one line"),
        (b"", "a request is one line"),
        (b"x" * (REQUEST_BYTES + 2) + b"\n", f"at most {REQUEST_BYTES} bytes"),
        (b'{"command": "explode"}\n', "unknown command"),
        (b'{"command": "history", "limit": 1e999}\n', "malformed"),
        (b'{"command": "ban"}\n', "malformed"),
    ],
)
def test_a_wrong_request_is_refused_in_words(tmp_path: Path, request_: bytes, why: str) -> None:
    with Service(tmp_path) as service:
        refused = json.loads(exchange(service.socket, request_).splitlines()[0])
        assert why in refused["error"]
        assert 2 == refused["exit"]


def test_a_hundred_clients_at_once_are_all_answered(tmp_path: Path) -> None:
    with Service(tmp_path) as service, ThreadPoolExecutor(100) as clients:
        together = threading.Barrier(100)

        def one(_: int) -> bytes:
            together.wait()
            return ask(service.socket, command="status")

        answers = list(clients.map(one, range(100)))
    assert all(b'"since"' in answer and well_formed(answer) for answer in answers)


def test_one_too_many_is_told_so(tmp_path: Path) -> None:
    with Service(tmp_path) as service, contextlib.ExitStack() as stack:
        for _ in range(CLIENTS):
            silent = stack.enter_context(socket.socket(socket.AF_UNIX))
            silent.connect(str(service.socket))
        refused = json.loads(exchange(service.socket, b"").splitlines()[0])
        assert ("too many ask at once; try again", 4) == (refused["error"], refused["exit"])


def test_the_judge_is_not_kept_waiting_by_rude_clients(tmp_path: Path) -> None:
    """Some never read a long listing, some never ask, some list all the time; most bans take no 20 ms."""
    with Service(tmp_path, "[score]\nfast = { threshold = 2.0 }") as service, contextlib.ExitStack() as stack:
        for n in range(2000):
            service.ask("ban", address=f"10.{n // 250}.{n % 250}.1", reason="x" * 400)
        for n in range(20):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(service.socket))
            if n % 2:
                client.sendall(b'{"command": "list"}\n')
        over = threading.Event()
        lister = threading.Thread(target=list_until, args=(service, over))
        lister.start()
        try:
            delays = sorted(delay(service, f"203.0.113.{n}") for n in range(1, 31))
        finally:
            over.set()
            lister.join()
        assert delays[len(delays) // 2] < 0.02, delays  # a busy machine may hold up the rest
        assert "Traceback" not in service.said


def list_until(service: Service, over: threading.Event) -> None:
    while not over.is_set():
        ask(service.socket, command="list")


def delay(service: Service, source: str) -> float:
    """Seconds from a failing line to the element in the kernel, as a netlink listener sees it."""
    wanted = socket.inet_aton(source)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as listener:  # NETLINK_NETFILTER
        listener.bind((0, 1 << 6))  # NFNLGRP_NFTABLES
        listener.settimeout(10)
        begun = time.perf_counter()
        service.write(attempt(source))
        while wanted not in listener.recv(1 << 16):
            pass
        return time.perf_counter() - begun


def test_only_the_services_own_may_ask(tmp_path: Path) -> None:
    """Root may, and who shares the socket's group; the mode keeps others from connecting at all."""
    with Service(tmp_path) as service, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(service.socket))
        pid, uid, _ = struct.unpack("iii", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        assert service.process is not None
        assert (service.process.pid, 0) == (pid, uid)
        assert 0o660 == service.socket.stat().st_mode & 0o777
