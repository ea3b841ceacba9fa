"""Edge: what the command line may ask of the service, a method each."""

from __future__ import annotations

import contextlib
import json
import operator
import time
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from amiguard import views
from amiguard.asking import ControlError
from amiguard.config import duration
from amiguard.control import Reply
from amiguard.exits import Exit
from amiguard.explainer import attacked, explained
from amiguard.firewall.netlink import FirewallError
from amiguard.glance import glance, vitals
from amiguard.judge.dossier import look
from amiguard.store import Archive, StoreError
from amiguard.wants import means, past, read_prefix, read_source, selective, stranger
from amiguard.warden import Refused, refuse_wide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from amiguard.config import Config
    from amiguard.hearing import Hearing
    from amiguard.model import Ban, Origin, Prefix
    from amiguard.warden import Warden

_ORIGINS: Final[dict[str, Origin]] = {"operator": "operator", "fail2ban": "fail2ban"}
_ALLOWING: Final = {"add": operator.or_, "del": operator.sub}
_HISTORY: Final = 1000

_SHOWN: Final = 1000
"""Friends, known peers and broken phones, each, that `status` names."""
_LONGEST: Final = 500
"""Characters of a reason."""


class Desk:
    """Answers requests; everything is asked of the warden, in the loop's own thread."""

    def __init__(self, config: Config, warden: Warden, hearing: Hearing) -> None:
        self.config = config
        self.warden = warden
        self.hearing = hearing
        self._commands: dict[str, Callable[[Mapping[str, Any]], Reply]] = {
            "status": self._status,
            "watch": self._watch,
            "list": self._list,
            "spared": self._spared,
            "ban": self._ban,
            "unban": self._unban,
            "allow": self._allow,
            "history": self._history,
            "explain": self._explain,
            "accounts": self._accounts,
        }

    def answer(self, request: Mapping[str, Any]) -> Reply:
        """Answer one request.

        Raises:
            ControlError: it cannot be granted.
        """
        command = self._commands.get(str(request.get("command")))
        if command is None:
            raise ControlError("unknown command; is the service older than the command line?", Exit.USAGE)
        with _refusing():
            head, rows = command(request)
        return Reply(head, _told(rows))

    def _status(self, _: Mapping[str, Any]) -> Reply:
        guard, warden, hearing, now = self.warden.guard, self.warden, self.hearing, time.time()
        return Reply(
            {
                **vitals(warden, hearing, now),
                "sight": hearing.sight(),
                "peers": [views.peer(peer) for peer in islice(guard.peers, _SHOWN)],
                "friendly": list(islice(self._friends(), _SHOWN)),
                "broken_phones": [
                    views.broken_phone(phone) for phone in islice(guard.phones.broken(now), _SHOWN)
                ],
                "alarms": [views.alarm(alarm) for alarm in guard.alarms],
                "notices": views.notices(guard.notices),
                "repeats": guard.counting.repeats,
                "channels": views.channels(guard.counting),
                "clock_skew": hearing.skewed,
                "allows": [str(prefix) for prefix in sorted(warden.allows)],
                "sip_ports": sorted(guard.sip_ports),
            }
        )

    def _watch(self, _: Mapping[str, Any]) -> Reply:
        return Reply(glance(self.warden, self.hearing, time.time()))

    def _friends(self) -> Iterator[dict[str, Any]]:
        now = time.time()
        for source, friend in self.warden.guard.friends.all():
            if friend.until > now:
                yield views.friend(source, friend, now)

    def _spared(self, _: Mapping[str, Any]) -> Reply:
        """Whom judgement does not ban, or not so soon, and what was said of it."""
        guard = self.warden.guard
        peers = (views.spared(peer.network, "known peer", peer.origin) for peer in guard.peers)
        never = (views.spared(network, "never banned", why) for network, why in guard.shield.protected())
        alarms = [views.alarm(alarm) for alarm in guard.alarms]
        return Reply({"ok": True, "alarms": alarms}, map(json.dumps, chain(self._friends(), peers, never)))

    def _list(self, _: Mapping[str, Any]) -> Reply:
        return Reply({"ok": True}, self._running())

    def _running(self) -> Iterator[str]:
        guard, firewall, now = self.warden.guard, self.warden.firewall, time.time()
        if firewall is None or self.warden.trouble:
            for ban in list(guard.bans):
                if ban.until > now:
                    yield views.running_line(ban, ban.left(now))
            return
        remembered = guard.bans.get
        for source, scope, left, packets, octets in firewall.bans():
            ban = remembered(source) or stranger(source, scope, left, now)
            yield views.running_line(ban, left, packets, octets)

    def _ban(self, request: Mapping[str, Any]) -> Reply:
        source = self._prefix(request["address"])
        seconds = duration(str(request["for"])) if request.get("for") else self.config.ban.durations[0]
        if seconds <= 0:
            raise ControlError("a ban lasts at least 1s", Exit.USAGE)
        reason = _text(request.get("reason") or "banned by an operator")
        origin = _ORIGINS[str(request.get("origin", "operator"))]
        ban = self._outlasting(source, time.time() + seconds) if origin != "operator" else None
        ban = ban or self.warden.ban(source, seconds, reason, origin, force=bool(request.get("force")))
        return Reply({"ok": True, "ban": views.ban(ban)})

    def _outlasting(self, source: Prefix, until: float) -> Ban | None:
        """A ban that keeps the source out of everything at least as long: no program shortens it."""
        ban = self.warden.guard.bans.covering(source, time.time())
        return ban if ban is not None and ban.scope == "house" and ban.until >= until else None

    def _unban(self, request: Mapping[str, Any]) -> Reply:
        if request.get("all"):
            prefixes = [ban.source for ban in self.warden.guard.bans]
        else:
            prefixes = [self._prefix(text) for text in request["addresses"]]
        lifted = self._withdraw(prefixes, request) if selective(request) else self.warden.unban(prefixes)
        if not lifted and not request.get("all"):
            raise ControlError("no ban holds any of these addresses", Exit.NOTHING)
        return Reply({"ok": True}, (json.dumps(views.ban(ban)) for ban in lifted))

    def _withdraw(self, prefixes: Iterable[Prefix], request: Mapping[str, Any]) -> list[Ban]:
        touched = chain.from_iterable(map(self.warden.guard.bans.overlapping, prefixes))
        meant = list({ban.source: ban for ban in touched if means(request, ban)}.values())
        self.warden.withdraw(meant)
        return meant

    def _allow(self, request: Mapping[str, Any]) -> Reply:
        allows, action = set(self.warden.allows), request["action"]
        if action != "list":
            network = read_prefix(str(request["network"]))
            if action == "del" and network not in allows:
                raise ControlError(f"{network} is not allowed at run time", Exit.NOTHING)
            if action == "add" and not request.get("force"):
                refuse_wide(network)
            allows = _ALLOWING[action](allows, {network})
            self.warden.allow(allows)
        rows = [{"network": str(network), "origin": "run time"} for network in sorted(allows)]
        rows += [
            {"network": str(network), "origin": "configuration"} for network in self.config.allow.networks
        ]
        return Reply({"ok": True}, map(json.dumps, rows))

    def _history(self, request: Mapping[str, Any]) -> Reply:
        source = self._prefix(request["address"]) if request.get("address") else None
        limit = min(max(int(request.get("limit") or _HISTORY), 1), 1_000_000)
        archive = Archive.open(Path(self.config.service.state_dir))
        return Reply({"ok": True}, past(archive, source, limit))

    def _explain(self, request: Mapping[str, Any]) -> Reply:
        warden, state = self.warden, Path(self.config.service.state_dir)
        known = look(warden.guard, read_prefix(str(request["address"])), time.time())
        near = [row for row in warden.ledger.unwritten if row.ban.source.overlaps(known.source)]
        return Reply({"ok": True}, explained(warden.guard, known, warden.firewall, state, near))

    def _accounts(self, _: Mapping[str, Any]) -> Reply:
        return Reply({"ok": True}, attacked(self.warden.guard, time.time()))

    def _prefix(self, text: object) -> Prefix:
        return read_source(str(text), self.config)


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Turn what a request can raise into a refusal."""
    try:
        yield
    except (Refused, StoreError, FirewallError) as error:
        raise ControlError(str(error), Exit.FAILED) from error
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ControlError(f"a malformed request: {views.printable(str(error))}", Exit.USAGE) from error


def _told(rows: Iterable[str]) -> Iterator[str]:
    with _refusing():
        yield from rows


def _text(text: object) -> str:
    """A text that can be stored: a lone surrogate, of bytes that were no UTF-8, cannot."""
    return str(text)[:_LONGEST].encode("utf-8", "backslashreplace").decode()
