"""Edge: the table as netlink requests, encoded by pyroute2's classes; and how it stands in the kernel.

pyroute2 is imported in the function that encodes: it costs 0.14 s and 24 MB,
and only a declaration needs it.
"""

from __future__ import annotations

import errno
import re
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from amiguard.firewall import messages, ruleset
from amiguard.firewall.messages import DUMP, Request, attributes, body, text
from amiguard.firewall.netlink import FirewallError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from amiguard.firewall.netlink import Channel

# Attributes: the table's name in every message, a rule's and a chain's own, and of each
# thing its name, its handle and what makes it the one that we declared.
_TABLE, _RULE_CHAIN, _CHAIN_NAME = 1, 2, 3
_SHOWN = {"table": (1, 4, (2,)), "chain": (3, 2, (4, 5, 7)), "set": (2, 16, (3, 4, 5, 13))}

# A counter's name, then 4 bytes of header and 12 for each of its two numbers.
_COUNTED = re.compile(rb"counter\0.{28}", re.DOTALL)
_PACKETS = slice(-8, None)  # the bytes of a counter are counted first

SET = "declare set"
"""How the requests are told that make a set."""

_FLAGS = {"interval": "NFT_SET_INTERVAL", "timed": "NFT_SET_TIMEOUT"}
_COUNTER = {"attrs": [("NFTA_EXPR_NAME", "counter"), ("NFTA_EXPR_DATA", {"attrs": []})]}

# libnftnl's user data for "the key is in network order"; without it nft shows keys backwards.
_NETWORK_ORDER = struct.pack("=I", 2)

Nature = tuple[bytes | None, ...]
Fields = list[tuple[str, Any]]


class Standing(NamedTuple):
    """How the table stands.

    Attributes:
        natures: what the kernel says of table, chain and sets, by name.
        handles: their numbers, which the kernel gives only once.
        rules: all of each rule, in order; one that was replaced keeps its handle.
    """

    natures: dict[str, Nature]
    handles: list[bytes | None]
    rules: list[bytes]


class Packets(NamedTuple):
    """Packets that were dropped, and those to the SIP ports that were not, since the last declaration."""

    dropped: int
    sip: int


class Declaration(NamedTuple):
    """Requests that build the table."""

    table: Request
    chain: Request
    sets: list[Request]
    clearing: Request
    rules: list[Request]

    def natures(self) -> dict[str, Nature]:
        """What the kernel shall say of table, chain and sets, by name."""
        nouns = [("table", self.table), ("chain", self.chain), *(("set", one) for one in self.sets)]
        return {name: nature for name, nature, _ in (_shown(noun, one.body[4:]) for noun, one in nouns)}

    def altered(self, standing: Standing | None) -> tuple[str, ...]:
        """What of table, chain and sets is missing or not as declared, by name."""
        found = standing.natures if standing else {}
        return tuple(name for name, nature in self.natures().items() if found.get(name) != nature)

    def stands(self, standing: Standing | None) -> bool:
        """Whether table, chain and sets are as declared, and there are as many rules.

        The kernel shows a rule in words of its own, so of rules that is all that can be told beforehand.
        """
        return standing is not None and not self.altered(standing) and len(standing.rules) == len(self.rules)

    def requests(self, *, whole: bool) -> list[Request]:
        """What puts the rules in place, or the whole table."""
        if whole:
            return [self.table, self.chain, *self.sets, *self.rules]
        return [self.table, self.chain, self.clearing, *self.rules]


def declare(
    table: str,
    lengths: Mapping[ruleset.Version, int],
    ports: Sequence[ruleset.Ports],
    *,
    counting: bool = True,
) -> Declaration:
    """Make the requests that build the table; `counting`: what bans drop is counted."""
    within = [("TABLE", table)]
    hook = [("NFTA_HOOK_HOOKNUM", ruleset.PREROUTING), ("NFTA_HOOK_PRIORITY", ruleset.PRIORITY)]
    chain = [
        ("NAME", ruleset.CHAIN),
        ("TYPE", "filter"),
        ("POLICY", ruleset.ACCEPT),
        ("HOOK", {"attrs": hook}),
    ]
    rules = [
        [("CHAIN", ruleset.CHAIN), _expressions(rule, counting)] for rule in ruleset.rules(lengths, ports)
    ]
    sets = [_set(number, one, counting) for number, one in enumerate(ruleset.sets(lengths), 1)]
    return Declaration(
        _encode("table", f"declare table {table}", [("NAME", table), ("FLAGS", 0)]),
        _encode("chain", f"declare chain {ruleset.CHAIN}", [*within, *chain]),
        [_encode("set", f"{SET} {fields[0][1]}", [*within, *fields]) for fields in sets],
        _clearing(table),
        [_encode("rule", f"declare rule {number}", [*within, *one]) for number, one in enumerate(rules, 1)],
    )


def removal(table: str) -> list[Request]:
    """Requests after which there is no such table, whether there was one or not."""
    own = body(text(_TABLE, table))
    return [
        Request(messages.NEWTABLE, own, f"find table {table}"),
        Request(messages.DELTABLE, own, f"delete table {table}", 0),
    ]


def _clearing(table: str) -> Request:
    """Request that deletes all rules of the chain."""
    own = body(text(_TABLE, table) + text(_RULE_CHAIN, ruleset.CHAIN))
    return Request(messages.DELRULE, own, f"clear chain {ruleset.CHAIN}", 0)


def survey(channel: Channel, table: str, names: Iterable[str]) -> Standing | None:
    """Read how a table stands, of its sets those of the given names; None: there is no such table.

    Raises:
        FirewallError: the kernel refuses to tell.
    """
    own = text(_TABLE, table)
    tables = _ask(channel, messages.GETTABLE, own)
    chains = _ask(channel, messages.GETCHAIN, own + text(_CHAIN_NAME, ruleset.CHAIN))
    rules = _ask(channel, messages.GETRULE, own + text(_RULE_CHAIN, ruleset.CHAIN), DUMP)
    sets = _ask(channel, messages.GETSET, own, DUMP)
    if not tables:
        return None
    ours = {f"set {name}" for name in names}
    shown = [
        *(_shown("table", attrs) for attrs in tables),
        *(_shown("chain", attrs) for attrs in chains),
        *(one for one in (_shown("set", attrs) for attrs in sets) if one[0] in ours),
    ]
    natures = {name: nature for name, nature, _ in shown}
    return Standing(natures, [handle for _, _, handle in shown], [_rule(attrs) for attrs in rules])


def packets(channel: Channel, table: str) -> Packets:
    """Packets that the rules of the chain have met so far.

    Raises:
        FirewallError: the kernel refuses to tell.
    """
    rules = _ask(channel, messages.GETRULE, text(_TABLE, table) + text(_RULE_CHAIN, ruleset.CHAIN), DUMP)
    counts = [
        int.from_bytes(counter[_PACKETS]) for attrs in rules for counter in _COUNTED.findall(attrs)[-1:]
    ]
    return Packets(sum(counts[:-1]), counts[-1]) if counts else Packets(0, 0)


def _ask(channel: Channel, kind: int, attrs: bytes, flags: int = 0) -> list[bytes]:
    """Ask for things that may be missing."""
    try:
        return channel.ask(kind, body(attrs), "read the table", flags)
    except FirewallError as error:
        if error.errno != errno.ENOENT:
            raise
        return []


def _shown(noun: str, attrs: bytes) -> tuple[str, Nature, bytes | None]:
    """Name, nature and handle of a table, chain or set."""
    name, handle, kinds = _SHOWN[noun]
    found = dict(attributes(attrs))
    called = found.get(name, b"").rstrip(b"\0").decode(errors="replace")
    return f"{noun} {called}", tuple(found.get(kind) for kind in kinds), found.get(handle)


def _rule(attrs: bytes) -> bytes:
    """All of a rule, its handle too, but what its counter counts."""
    return _COUNTED.sub(b"counter\0", attrs)


def _set(number: int, declared: ruleset.Set, counting: bool) -> Fields:
    """Describe a set; one that holds bans has a counter for each element."""
    flags = {flag for field, flag in _FLAGS.items() if getattr(declared, field)}
    told = [("NFTNL_UDATA_SET_KEYBYTEORDER", _NETWORK_ORDER), ("NFTNL_UDATA_SET_COMMENT", declared.comment)]
    return [
        ("NAME", declared.name),
        ("ID", number),
        ("KEY_TYPE", declared.kind),
        ("KEY_LEN", declared.width),
        ("USERDATA", told),
        *([("FLAGS", flags)] if flags else []),  # the kernel shows no empty ones
        *([("EXPR", _COUNTER)] if declared.scope and counting else []),
    ]


def _expressions(rule: ruleset.Rule, counting: bool) -> tuple[str, Any]:
    """Describe what a rule does."""
    from pyroute2.nftables.expressions import genex  # noqa: PLC0415 - see above

    return "EXPRESSIONS", [genex(name, fields) for name, fields in rule if counting or name != "counter"]


def _encode(noun: str, what: str, fields: Fields) -> Request:
    """Make a request of a description."""
    from pyroute2.netlink.nfnetlink import nftsocket  # noqa: PLC0415 - see above

    message = getattr(nftsocket, f"nft_{noun}_msg")()
    message["nfgen_family"] = messages.INET
    message["attrs"] = [(f"NFTA_{noun.upper()}_{name}", value) for name, value in fields]
    message.encode()
    return Request(getattr(messages, f"NEW{noun.upper()}"), bytes(message.data[16:]), what)
