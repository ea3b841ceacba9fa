"""Pure: how good a secret is, without ever saying what it is."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final, Literal

from amiguard.asterisk.sections import fold

Weakness = Literal["guessable", "short", ""]

SHORTEST: Final = 12
_LEAST_BITS: Final = 30.0
_PUBLISHED: Final = frozenset(
    """
    admin administrator amiguard amidefault amp109 amp111 asterisk astmanager aststate browserphone
    change_me changeme conference cronmanager default elastix eLaStIx.asteriskuser.2oo7 examplepassword
    firewall freepbx getout guest iaxpass letmein manager monast mysecret mysecretpassword passw0rd
    password password1 phpagi phpconfig pass pbx qwerty realtime root secret secret1 secret5 sippass
    test test123 tivopw trixbox unsecurepassword user vicidial voip welcome xivo_amid zabbix
    0000 1111 1234 12345 123456 1234567 12345678 123456789 1234567890 123123 123qwe 1q2w3e4r abc123
    admin123 admin1234 asterisk123 qwerty123 654321 111111 000000 s3cr3t p@ssw0rd
    """.lower().split()
)
"""Published defaults of distributions, guides and tools, and what scanners try first."""


_PLACEHOLDER: Final = re.compile(
    r"<.*>|(?:change|replace|insert|enter)[ _-]?(?:me|this)|(?:your|my|some)[ _-]?(?:\w*secret|\w*pass)"
)


def weakness(secret: str, *names: str) -> Weakness:
    """What is wrong with a secret; `names` are those of its owner."""
    folded = fold(secret)
    published = folded in _PUBLISHED or _PLACEHOLDER.match(folded) or len(set(folded)) == 1
    if published or any(_made_of(folded, fold(name)) for name in names):
        return "guessable"
    return "short" if len(secret) < SHORTEST or _bits(secret) < _LEAST_BITS else ""


def _made_of(secret: str, name: str) -> bool:
    return bool(name) and secret in {name, name * 2, name[::-1], f"{name}123", f"{name}1234", f"pass{name}"}


def _bits(secret: str) -> float:
    """Shannon's entropy of its characters, all of them together."""
    counts = Counter(secret).values()
    return -sum(count * math.log2(count / len(secret)) for count in counts)
