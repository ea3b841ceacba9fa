"""An explanation names the reason, and says how far an address is from a ban."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import made
import pytest
from made import ATTACKER, HOUR, MINUTE, START, event, login

from amiguard import config, explanation, views
from amiguard.cli import explained
from amiguard.config import Log
from amiguard.fail2ban.frames import Finding
from amiguard.fail2ban.matcher import Failure
from amiguard.filterchannel import FilterChannel
from amiguard.judge.dossier import look, neighbours
from amiguard.model import FOREVER, Ban, Peer, Prefix, Verdict
from amiguard.store.rows import BanRow

if TYPE_CHECKING:
    from amiguard.judge.guard import Guard
    from amiguard.model import SecurityEvent

SOURCE = Prefix.parse(ATTACKER)
HOSTILE = b'1\x1b[2J",RemoteAddress="IPV4/UDP/192.0.2.1/5060\xe2\x80\xae'


def explain(
    judge: Guard, events: list[SecurityEvent], at: float, toml: str = "", *, served: bool = True
) -> dict[str, Any]:
    """Judge the events, and explain the attacker so many seconds after the first."""
    outcomes = [outcome for each in events for outcome in judge.observe(each, each.time)]
    rows = [BanRow(each.ban, each.evidence) for each in outcomes if isinstance(each, Verdict)]
    known, near = look(judge, SOURCE, START + at), neighbours(judge, SOURCE, START)
    effect = explanation.Effect(60.0, 7, 700)
    return explanation.explain(known, near, rows[::-1], effect, config.parse(toml, "t"), served=served)


def text(told: dict[str, Any]) -> str:
    return "\n".join(explained.lines(told))


def test_a_ban_has_its_reason_its_rule_and_every_record() -> None:
    told = explain(made.guard(), [event(at=n, transport=b"TLS", Challenge=b"c") for n in range(5)], 10)
    assert ("banned", "fast", 5, 0) == (
        told["verdict"],
        told["decided"],
        len(told["evidence"]),
        told["before"],
    )
    assert told["rule"].startswith("9 points on the fast scale, where they halve in 10m 0s")
    assert "closes the house" in told["rule"]
    assert told["rule"].endswith("ban 1 within 30d 0h lasts 10m 0s")
    first, *_, last = told["evidence"]
    assert (2.0, 2.0, 2.0, "log", "proven") == tuple(
        first[key] for key in ("points", "score", "slow", "told", "proof")
    )
    assert pytest.approx(10.0, abs=0.1) == last["score"]
    assert first["record"].startswith('SecurityEvent="ChallengeResponseFailed",EventTV="')
    assert first["record"].endswith(
        'LocalAddress="IPV4/UDP/198.51.100.1/5060",RemoteAddress="IPV4/TLS/203.0.113.7/5060",Challenge="c"'
    )
    assert "dropped    7 packets, 700 bytes" in text(told)
    assert f"\n  {first['record']}\n" in text(told)


def test_the_curve_grows_to_the_threshold() -> None:
    said = text(explain(made.guard(), [event(at=n) for n in range(5)], 10))
    bars = [line.count("#") for line in said.splitlines() if "#" in line]
    assert [4, 9, 13, 18, 20] == bars


def test_a_patient_guesser_is_shown_on_the_slow_scale() -> None:
    told = explain(made.guard(), [event(at=n * HOUR) for n in range(16)], 16 * HOUR)
    assert "slow" == told["decided"]
    assert told["before"] < 2
    assert "the curve is the slow scale, up to 25" in text(told)
    assert told["evidence"][-1]["slow"] > 25 > told["evidence"][-2]["slow"]


def test_what_is_no_longer_kept_is_said() -> None:
    told = explain(made.guard(), [event("InvalidAccountID", at=n) for n in range(9)], 10)
    assert (8, pytest.approx(1.0, abs=0.01)) == (len(told["evidence"]), told["before"])
    assert "(of what came before, 1.0 points were left)" in text(told)


def test_who_is_not_banned_learns_how_far_it_is() -> None:
    told = explain(made.guard(), [event(at=n) for n in range(2)], 1)
    assert ("not banned", None, None) == (told["verdict"], told["ban"], told["rule"])
    assert (
        "score 4.0 of 9 (fast scale, 203.0.113.7); 5.0 points are wanting, 3 more like the last one"
        == told["why"]
    )
    assert "no failure is held against it" == explain(made.guard(), [], 0)["why"]


def test_after_the_ban_its_evidence_is_still_shown() -> None:
    events = [event(at=n) for n in range(5)]
    told = explain(made.guard(), events, HOUR)
    assert told["why"].startswith("its last ban expired 2026-")
    assert ("not banned", 5) == (told["verdict"], len(told["evidence"]))
    assert f"evidence of the ban of {told['evidence_of']}, oldest first" in text(told)
    again = explain(made.guard(), [*events, event(at=20 * MINUTE)], HOUR)
    assert (None, 1) == (again["evidence_of"], len(again["evidence"]))


def test_what_spares_it_is_named() -> None:
    toml = '[allow]\nnetworks = ["203.0.113.0/24"]'
    told = explain(made.guard(toml), [event()], 1, toml)
    assert ("never banned", "203.0.113.0/24 is never banned: allow.networks") == (
        told["verdict"],
        told["why"],
    )
    judge = made.guard()
    judge.known([Peer(SOURCE, 5060, "pjsip.conf [trunk]")])
    told = explain(judge, [*(login(account=b"%d" % n) for n in range(5)), event(at=1)], 2)
    checks = {check["check"]: check for check in told["checks"]}
    spared = {name: check["passed"] for name, check in checks.items()}
    assert {"never banned": True, "friend": False, "known peer": False, "shared source": False} == spared
    assert "accounts that log in from it: 5; thresholds are 8 times higher" in checks["friend"]["text"]
    assert "203.0.113.7 (pjsip.conf [trunk])" == checks["known peer"]["text"]
    assert 72.0 == told["scales"][0]["threshold"]


def test_without_a_service_nobody_knows_the_known_peers() -> None:
    told = explain(made.guard(), [], 0, served=False)
    [peer] = [check for check in told["checks"] if check["check"] == "known peer"]
    assert "not known, for no service runs" == peer["text"]


@pytest.mark.parametrize(
    ("origin", "rule"), [("operator", "an operator wanted it"), ("fail2ban", "fail2ban wanted it")]
)
def test_a_ban_that_nobody_judged_has_no_evidence(origin: Any, rule: str) -> None:
    judge = made.guard()
    judge.bans.impose(Ban(SOURCE, "house", "proven", START, FOREVER, "a\x1b[2J", origin))
    told = explain(judge, [], 1)
    assert (rule, "a\\x1b[2J", []) == (told["rule"], told["why"], told["evidence"])


def test_hostile_values_are_escaped_and_a_notice_has_no_record() -> None:
    judge = made.guard()
    judge.observe(event(account=HOSTILE), START)
    judge.scorer.add(SOURCE, START, 1.0, event(local=b""), proven=False, told="notice")
    told = explain(judge, [], 1)
    assert (
        r'AccountID="1\x1b[2J",RemoteAddress="IPV4/UDP/192.0.2.1/5060\u202e",SessionID'
        in told["evidence"][0]["record"]
    )
    assert told["evidence"][1]["record"] is None
    assert "a notice: there is no record" in text(told)
    judge.bans.impose(Ban(SOURCE, "house", "proven", START, FOREVER, "a\x1b[2J\u202e", "operator"))
    told = explain(judge, [], 1)
    told["history"] = [views.past(BanRow(next(iter(judge.bans))), START) | {"evidence": []}]
    assert all(line.isprintable() for line in text(told).split("\n"))


def test_of_another_programs_log_the_line_is_shown() -> None:
    judge = made.guard()
    channel = FilterChannel("/log", Log("/log", "sshd"), judge)
    finding = Finding(Failure(ATTACKER, START, "root"), f"Failed password for root from {ATTACKER}")
    assert [] == list(channel.tell([finding], START + 1, backlog=False))
    [record] = explain(judge, [], 1)["evidence"]
    assert (f"Failed password for root from {ATTACKER}", "Failure", "log") == (
        record["record"],
        record["event"],
        record["told"],
    )
