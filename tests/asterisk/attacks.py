"""Pure: the attacks: which tool, how it is called, and what Asterisk says of each of its guesses."""

from __future__ import annotations

from typing import NamedTuple

_WRONG = "ChallengeResponseFailed"
_SECRET = "InvalidPassword"

EVERYWHERE = frozenset({"16", "22"})
_ONLY_16 = frozenset({"16"})  # the last release here that has chan_sip


class Attack(NamedTuple):
    """One way to attack.

    Attributes:
        name: what the tables call it.
        words: the command; `Assault` puts in what stands in braces.
        transport: how its packets come.
        port: of the PBX.
        counted: the event of which Asterisk raises one for each guess.
        six: whether it can speak IPv6.
        again: run again and again, each time a little longer, for some tools look once and dawdle.
        web: needs AMI over HTTP.
        limit: guesses until the one that bans.
        releases: where.
    """

    name: str
    words: str
    transport: str = "UDP"
    port: int = 5060
    counted: str = "InvalidAccountID"
    six: bool = True
    again: bool = False
    web: bool = False
    limit: int = 60
    releases: frozenset[str] = EVERYWHERE

    @property
    def scope(self) -> str:
        """What its evidence closes; over UDP only chan_sip proves a source, by the challenge it got back."""
        return "house" if self.transport != "UDP" or self.counted == _SECRET else "door"


_SVMAP = "sipvicious_svmap {six} -p {port} -m"
_SVWAR = "sipvicious_svwar {six} --force -e 500-900 -p {port} -m"
_SVCRACK = "sipvicious_svcrack {six} -p {port} -d {data}/passwords.txt -u"
_SIPP = "sipp {host}:{port} -i {here} -sf {data}/register.xml -r 100 -l 20 -m 100000 -nostdin -t"
_SIPSAK = "sipsak -U -u 101 -a wrong -s sip:101@{server}:{port} -E"
_GUESSER = "{python} {folder}/guesser.py"
_AT_PHONE = "{server} {port} 101"
_AT_SIP_PHONE = "{server} {port} 201"
_AT_MANAGER = "{server} {port} limited"
_AMI = 3
_GOAL = 15

ATTACKS = (
    Attack("svmap OPTIONS", f"{_SVMAP} OPTIONS {{server}}", again=True),
    Attack("svmap REGISTER", f"{_SVMAP} REGISTER {{server}}", again=True),
    Attack("svmap INVITE", f"{_SVMAP} INVITE {{server}}", again=True),
    Attack("svwar REGISTER", f"{_SVWAR} REGISTER {{server}}", again=True),
    Attack("svwar INVITE", f"{_SVWAR} INVITE {{server}}", again=True),
    Attack("svwar OPTIONS", f"{_SVWAR} OPTIONS {{server}}", again=True),
    Attack(
        "svwar INVITE, chan_sip",
        f"{_SVWAR} INVITE {{server}}",
        port=5070,
        counted="FailedACL",
        six=False,  # its SDP suits no IPv6, so chan_sip refuses the call before it looks for the number
        again=True,
        releases=_ONLY_16,
    ),
    Attack(
        "svmap INVITE, chan_sip",
        f"{_SVMAP} INVITE {{server}}",
        port=5070,
        counted="FailedACL",
        six=False,
        again=True,
        releases=_ONLY_16,
    ),
    Attack("svcrack", f"{_SVCRACK} 101 {{server}}", counted=_WRONG, limit=_GOAL),
    Attack(
        "svcrack, chan_sip",
        f"{_SVCRACK} 201 {{server}}",
        port=5070,
        counted=_SECRET,
        limit=_GOAL,
        releases=_ONLY_16,
    ),
    Attack("sipsak", f"{_SIPSAK} udp", counted=_WRONG, six=False, again=True),
    Attack("sipsak", f"{_SIPSAK} tcp", "TCP", counted=_WRONG, six=False, again=True),
    Attack(
        "sipsak",
        f"{_SIPSAK} tls --tls-ignore-cert-failure",
        "TLS",
        5061,
        _WRONG,
        six=False,
        again=True,
    ),
    Attack("sipp", f"{_SIPP} u1", counted=_WRONG),
    Attack("sipp", f"{_SIPP} t1", "TCP", counted=_WRONG),
    Attack("SIP guesser", f"{_GUESSER} TCP {_AT_PHONE}", "TCP", counted=_WRONG),
    Attack("SIP guesser", f"{_GUESSER} TLS {_AT_PHONE}", "TLS", 5061, _WRONG),
    Attack("SIP guesser", f"{_GUESSER} WS {_AT_PHONE}", "WS", 8088, _WRONG),
    Attack("SIP guesser", f"{_GUESSER} WSS {_AT_PHONE}", "WSS", 8089, _WRONG),
    Attack(
        "SIP guesser, chan_sip", f"{_GUESSER} TCP {_AT_SIP_PHONE}", "TCP", 5070, _SECRET, releases=_ONLY_16
    ),
    Attack(
        "SIP guesser, chan_sip", f"{_GUESSER} TLS {_AT_SIP_PHONE}", "TLS", 5071, _SECRET, releases=_ONLY_16
    ),
    Attack("AMI guesser", f"{_GUESSER} plain {_AT_MANAGER}", "TCP", 5038, _SECRET, limit=_AMI),
    Attack("AMI guesser, MD5", f"{_GUESSER} MD5 {_AT_MANAGER}", "TCP", 5038, _WRONG, limit=_AMI),
    Attack("AMI guesser", f"{_GUESSER} AMI-TLS {_AT_MANAGER}", "TLS", 5039, _SECRET, limit=_AMI),
    Attack("AMI guesser, MD5", f"{_GUESSER} MD5-TLS {_AT_MANAGER}", "TLS", 5039, _WRONG, limit=_AMI),
    Attack("AMI guesser", f"{_GUESSER} HTTP {_AT_MANAGER}", "HTTP", 8088, _SECRET, web=True, limit=_AMI),
    Attack("AMI guesser", f"{_GUESSER} HTTPS {_AT_MANAGER}", "HTTPS", 8089, _SECRET, web=True, limit=_AMI),
)
