"""What an event is worth."""

from __future__ import annotations

import made
import pytest

from amiguard.sources.kinds import KINDS, SERVICES, UNKNOWN

DEFAULTS = [
    # event, service, account, details, points
    ("InvalidPassword", b"SIP", b"101", {}, 2),
    ("ChallengeResponseFailed", b"PJSIP", b"101", {}, 2),
    ("ChallengeResponseFailed", b"SIP", b"101", {}, 2),
    ("ChallengeResponseFailed", b"PJSIP", UNKNOWN, {}, 0.5),
    ("InvalidAccountID", b"PJSIP", b"999", {}, 1),
    ("InvalidAccountID", b"SIP", b"999", {}, 1),
    ("ChallengeSent", b"PJSIP", UNKNOWN, {}, 0.5),
    ("ChallengeSent", b"PJSIP", b"101", {}, 0),
    ("ChallengeSent", b"SIP", b"101", {}, 0),
    ("InvalidAccountID", b"AMI", b"admin", {}, 4),
    ("InvalidPassword", b"AMI", b"admin", {}, 4),
    ("ChallengeResponseFailed", b"AMI", b"", {}, 4),
    ("FailedACL", b"AMI", b"admin", {}, 4),
    ("RequestNotAllowed", b"AMI", b"admin", {}, 3),
    ("RequestBadFormat", b"AMI", b"", {}, 3),
    ("FailedACL", b"SIP", b"600", {"ACLName": b"no_extension_match"}, 4),
    ("FailedACL", b"PJSIP", b"101", {"ACLName": b"registrar_attempt_without_configured_aors"}, 0),
    ("FailedACL", b"PJSIP", b"101", {"ACLName": b"registrar_of_a_later_release"}, 0),
    ("FailedACL", b"PJSIP", b"110", {"ACLName": b"not_match_endpoint_acl"}, 2),
    ("FailedACL", b"SIP", b"210", {"ACLName": b"device_must_match_acl"}, 2),
    ("FailedACL", b"SIP", b"210", {}, 2),
    ("InvalidTransport", b"SIP", b"101", {}, 1),
    ("AuthMethodNotAllowed", b"SIP", b"101", {}, 1),
    ("UnexpectedAddress", b"SIP", b"101", {}, 1),
    ("RequestNotSupported", b"PJSIP", b"101", {}, 0),
    ("SessionLimit", b"AMI", b"solo", {}, 0),
    ("MemoryLimit", b"SIP", b"101", {}, 0),
    ("LoadAverageLimit", b"SIP", b"101", {}, 0),
    ("SuccessfulAuth", b"PJSIP", b"101", {}, 0),
]


@pytest.mark.parametrize(("kind", "service", "account", "details", "points"), DEFAULTS)
def test_default(kind: str, service: bytes, account: bytes, details: dict[str, bytes], points: float) -> None:
    event = made.event(kind, service=service, account=account, **details)
    assert points == made.guard().points.of(event)


def test_the_table_of_defaults_has_every_kind() -> None:
    assert set(KINDS) == {kind for kind, *_ in DEFAULTS}


@pytest.mark.parametrize("kind", KINDS)
def test_tampering_is_worth_nine_whatever_the_event(kind: str) -> None:
    assert made.guard().points.of(made.event(kind, tampered=True)) == 9


def points(toml: str, service: bytes = b"PJSIP", account: bytes = b"101", **details: bytes) -> float:
    event = made.event("FailedACL", service=service, account=account, **details)
    return made.guard(f"[score.points]\n{toml}").points.of(event)


def test_an_override_changes_its_key_alone() -> None:
    assert points("FailedACL = 7") == 7
    assert points("FailedACL = 7", ACLName=b"no_extension_match") == 4
    assert points("InvalidPassword = 7") == 2


def test_the_most_specific_key_holds() -> None:
    table = 'FailedACL = 1\n"FailedACL.PJSIP" = 3\n"FailedACL.unknown" = 5\n"FailedACL.mine" = 6'
    assert points(table, service=b"SIP") == 1
    assert points(table) == 3
    assert points(table, account=UNKNOWN) == 5
    assert points(table, account=UNKNOWN, ACLName=b"mine") == 6
    assert points(table, ACLName=b"yours") == 3


def test_a_name_in_full_beats_a_beginning() -> None:
    assert points('"FailedACL.registrar_x" = 8', ACLName=b"registrar_x") == 8
    assert points('"FailedACL.registrar_x" = 8', ACLName=b"registrar_y") == 0


def test_a_longer_beginning_beats_a_shorter_one() -> None:
    assert points('"FailedACL.reg*" = 5', ACLName=b"registrar_x") == 0
    assert points('"FailedACL.reg*" = 5', ACLName=b"register") == 5


def test_an_event_that_is_made_worthless_never_bans() -> None:
    judge = made.guard("[score.points]\nChallengeResponseFailed = 0")
    assert made.bans(judge, [made.event(at=n) for n in range(50)]) == []
    assert len(judge.scorer) == 0


def test_challenges_are_worthless_unless_somebody_gives_them_points() -> None:
    assert made.guard().points.worthless("ChallengeSent")
    for name in ("ChallengeSent", *(f'"ChallengeSent.{service}"' for service in SERVICES)):
        assert not made.guard(f"[score.points]\n{name} = 1").points.worthless("ChallengeSent")


def test_any_name_of_an_acl_can_be_looked_up() -> None:
    judge = made.guard()
    for n in range(3000):
        assert judge.points.of(made.event("FailedACL", ACLName=b"acl\xff%d" % n)) == 2
