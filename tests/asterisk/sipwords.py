"""Pure: SIP as a phone or a guesser writes it: requests, digest answers, and what comes back."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

_CHALLENGE = re.compile(rb"(?:WWW|Proxy)-Authenticate: *Digest (.*?)\r\n", re.IGNORECASE)
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^,\s]+))')
_STATUS = re.compile(rb"SIP/2\.0 (\d{3}) ")

PORTS = {"UDP": 5060, "TCP": 5060, "TLS": 5061, "WS": 8088, "WSS": 8089}
"""Where PJSIP listens; for web sockets at the HTTP server."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request; every word of it may be anything.

    Attributes:
        method: REGISTER, INVITE, OPTIONS ...
        user: who asks (From), and of REGISTER whose place it is (To).
        server: address of the PBX.
        transport: UDP, TCP, TLS, WS or WSS.
        host: our address, for Via and Contact.
        port: our port.
        call_id: what the answers carry, too.
        number: CSeq; greater with every request of a call.
        target: who is called; nobody at a REGISTER.
        expires: seconds for which to register; 0 ends it.
        credentials: an Authorization header's value.
    """

    method: str
    user: str
    server: str
    transport: str
    host: str
    port: int
    call_id: str
    number: int = 1
    target: str = ""
    expires: int = 300
    credentials: str = ""

    @property
    def uri(self) -> str:
        """Whom the request goes to."""
        user = f"{self.target}@" if self.target else ""
        return f"sip:{user}{_bracketed(self.server)}"

    def __bytes__(self) -> bytes:
        """The request as it goes out."""
        ours = f"{_bracketed(self.host)}:{self.port}"
        own = f"sip:{self.user}@{_bracketed(self.server)}"
        to = f"<sip:{self.target}@{_bracketed(self.server)}>" if self.target else f"<{own}>"
        branch = hashlib.md5(f"{self.call_id}{self.number}".encode()).hexdigest()
        lines = [
            f"{self.method} {self.uri} SIP/2.0",
            f"Via: SIP/2.0/{self.transport} {ours};rport;branch=z9hG4bK{branch}",
            "Max-Forwards: 70",
            f"From: <{own}>;tag={branch[:8]}",
            f"To: {to}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.number} {self.method}",
            f"Contact: <sip:{self.user}@{ours};transport={self.transport.lower()}>",
            f"Expires: {self.expires}",
            *([f"Authorization: {self.credentials}"] if self.credentials else []),
            "Content-Length: 0",
        ]
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")

    def answering(self, response: bytes, password: str) -> Request:
        """The same request again, with the answer to the challenge in `response`.

        Raises:
            ValueError: there is no challenge in it.
        """
        found = _CHALLENGE.search(response)
        if not found:
            raise ValueError(f"no challenge in {response!r}")
        challenge = {key: quoted or bare for key, quoted, bare in _FIELD.findall(found[1].decode())}
        return replace(self, number=self.number + 1, credentials=self._digest(challenge, password))

    def _digest(self, challenge: dict[str, str], password: str) -> str:
        """MD5 as RFC 2617 has it."""
        realm, nonce = challenge["realm"], challenge["nonce"]
        secret, subject = _md5(self.user, realm, password), _md5(self.method, self.uri)
        fields = {"username": self.user, "realm": realm, "nonce": nonce, "uri": self.uri, "algorithm": "MD5"}
        if "qop" in challenge:
            extra = {"qop": "auth", "nc": "00000001", "cnonce": "0a4f113b"}
            response = _md5(secret, nonce, extra["nc"], extra["cnonce"], "auth", subject)
            fields |= extra
        else:
            response = _md5(secret, nonce, subject)
        if "opaque" in challenge:
            fields["opaque"] = challenge["opaque"]
        bare = ("algorithm", "qop", "nc")
        words = (f"{key}={value}" if key in bare else f'{key}="{value}"' for key, value in fields.items())
        return f'Digest {", ".join(words)}, response="{response}"'


def status(response: bytes) -> int:
    """The code of a response; 0 if it is none."""
    found = _STATUS.match(response)
    return int(found[1]) if found else 0


def length(head: bytes) -> int:
    """What a message's head says of the length of its body."""
    found = re.search(rb"\r\n(?:Content-Length|l): *(\d+)", head, re.IGNORECASE)
    return int(found[1]) if found else 0


def _md5(*words: str) -> str:
    return hashlib.md5(":".join(words).encode("utf-8", "surrogateescape")).hexdigest()


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
