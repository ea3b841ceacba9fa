"""Edge: certificates for tests: valid from 2020 to 2120, and everybody has their key."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglYrA9V1I7WZhIisA
KgsMXxMyWgHf1ej9TkWjpaFf6MWhRANCAASTYsYt68NLEiPDhdP+bX8XkGtxAvMI
9roC34jx81lGKmWMuEROqKtsfXM+gg+8TtJQAoork6gOpjSsFO2ONqU2
-----END PRIVATE KEY-----
"""

HERE = """\
-----BEGIN CERTIFICATE-----
MIIBbjCCAROgAwIBAgIBATAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARnb29kMCAX
DTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAPMQ0wCwYDVQQDDARnb29k
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEk2LGLevDSxIjw4XT/m1/F5BrcQLz
CPa6At+I8fNZRipljLhETqirbH1zPoIPvE7SUAKKK5OoDqY0rBTtjjalNqNeMFww
GgYDVR0RBBMwEYcEfwAAAYIJbG9jYWxob3N0MA8GA1UdEwEB/wQFMAMBAf8wDgYD
VR0PAQH/BAQDAgKEMB0GA1UdDgQWBBRC+UtnqF3v1E09eKdOHHWeAKRPWjAKBggq
hkjOPQQDAgNJADBGAiEA1Q97rwc4IG5YbEssQg23kJaxd2/cohAFLbi133hm2h0C
IQDG2gRsGf5jpk0q4gLHPt0KuaPStWWrdFO1Mx9vVCZXAA==
-----END CERTIFICATE-----
"""
"""For 127.0.0.1 and localhost; its own authority."""

ELSEWHERE = """\
-----BEGIN CERTIFICATE-----
MIIBbDCCARGgAwIBAgIBATAKBggqhkjOPQQDAjAQMQ4wDAYDVQQDDAVvdGhlcjAg
Fw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowEDEOMAwGA1UEAwwFb3Ro
ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASTYsYt68NLEiPDhdP+bX8XkGtx
AvMI9roC34jx81lGKmWMuEROqKtsfXM+gg+8TtJQAoork6gOpjSsFO2ONqU2o1ow
WDAWBgNVHREEDzANggtwYnguZXhhbXBsZTAPBgNVHRMBAf8EBTADAQH/MA4GA1Ud
DwEB/wQEAwIChDAdBgNVHQ4EFgQUQvlLZ6hd79RNPXinThx1ngCkT1owCgYIKoZI
zj0EAwIDSQAwRgIhAMxS0PCtyB+PuYGxHeQAyQv3Zn53rMsIkUl6mP072cbgAiEA
37lFFx7uDT1TdMbJwpoH+NoHQK2naLaqW12/b8Iw52w=
-----END CERTIFICATE-----
"""
"""For pbx.example; its own authority."""


def server(certificate: str, folder: Path) -> ssl.SSLContext:
    """What a server with this certificate needs; `folder` then holds it, the key and `HERE` as `ca`."""
    for name, text in (("key", KEY), ("cert", certificate), ("ca", HERE)):
        (folder / name).write_text(text, encoding="utf-8")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context
