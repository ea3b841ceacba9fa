"""Edge: who receives notifications, on loopback: a web server and a mail server, as bare as can be."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import fakeasterisk

if TYPE_CHECKING:
    import socket


class Web:
    """Receives what apprise's `json://` sends; a context manager."""

    def __init__(self, status: int = 200) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = status
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                web.got.append(json.loads(body))
                self.send_response(web.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://u:hunter2@127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Mail:
    """Receives mail by SMTP (RFC 5321), as much of it as a sender needs; a context manager."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self._server = fakeasterisk.Server(self._serve)
        there = f"127.0.0.1:{self._server.port}"
        self.url = f"mailto://{there}/?from=pbx@example.org&to=admin@example.org&mode=insecure"

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def _serve(self, connection: socket.socket) -> None:
        with connection.makefile("rwb", buffering=0) as talk:
            talk.write(b"220 mail\r\n")
            for line in talk:
                data = line.upper().startswith(b"DATA")
                talk.write(b"354 go on\r\n" if data else b"250 yes\r\n")
                if data:
                    mail = b"".join(iter(talk.readline, b".\r\n"))
                    self.got.append(mail.decode())
                    talk.write(b"250 yes\r\n")
