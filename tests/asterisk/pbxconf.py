"""Pure: the configuration of an Asterisk: the files of `conf/`, phones, and what a test adds.

Asterisk's own language does the adding: `[general](+)` appends to a section,
and of two equal keys the last one holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import certificates

if TYPE_CHECKING:
    from collections.abc import Mapping

PHONES = tuple(str(n) for n in range(101, 121))
SIP_PHONES = tuple(str(n) for n in range(201, 211))
"""Those of chan_sip, at port 5070 of an Asterisk 16."""

AMI_USER = "amiguard"
AMI_SECRET = "0123456789abcdef0123456789abcdef"

_PJSIP = """
[{0}](phone)
auth = {0}
aors = {0}
[{0}](password)
username = {0}
password = {1}
[{0}](place)
"""
_SIP = """
[{0}](phone)
secret = {1}
"""


def password(phone: str) -> str:
    """What a phone logs in with."""
    return f"secret{phone}"


def complete(base: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """All files, by name.

    Args:
        base: those of `conf/`.
        added: what a test appends, by name; a new name is a new file.
    """
    phones = {
        "pjsip.conf": "".join(_PJSIP.format(each, password(each)) for each in PHONES),
        "sip.conf": "".join(_SIP.format(each, password(each)) for each in SIP_PHONES),
    }
    keys = {"certificate.pem": certificates.HERE, "key.pem": certificates.KEY}
    names = base.keys() | added.keys()
    texts = {name: base.get(name, "") + phones.get(name, "") + added.get(name, "") for name in names}
    return texts | keys
