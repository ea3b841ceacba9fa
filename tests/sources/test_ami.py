"""The wire of the AMI: the same events however the bytes are cut, and bounds for all that comes."""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING

import pytest
from fakeasterisk import event
from hypothesis import given
from hypothesis import strategies as st

from amiguard.sources.ami import GREETING_BYTES, LINE_BYTES, MESSAGE_BYTES, OUTSTANDING, Connection
from amiguard.sources.amimessages import (
    Answer,
    Authlimit,
    Event,
    Greeting,
    Hangup,
    LocalProtocolError,
    LoggedIn,
    LoginRefused,
    Messages,
    Pong,
    RemoteProtocolError,
    headers_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

USER, SECRET, TAG = "amiguard", b"s3cr3t", "t"
GREETING = b"Asterisk Call Manager/9.0.0\r\n"
CHALLENGE = b"Response: Success\r\nActionID: t-0\r\nChallenge: 158612\r\n\r\n"
ACCEPTED = b"Response: Success\r\nActionID: t-1\r\nMessage: Authentication accepted\r\n\r\n"
REFUSED = b"Response: Error\r\nActionID: t-1\r\nMessage: Authentication failed\r\n\r\n"
PONG = b"Response: Success\r\nActionID: t-2\r\nPing: Pong\r\nTimestamp: 1795301729.276880\r\n\r\n"
BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted"
LOGIN = GREETING + CHALLENGE + ACCEPTED
STREAM = LOGIN + event("SuccessfulAuth") + b"\r\n\r\n" + BOOTED + b"\r\n\r\n\r\n\r\nx\r\r\n\r\n\n\r\n"


def fed(pieces: Iterable[bytes]) -> tuple[list[Event], type[Exception] | None]:
    """What happens, with messages joined that come one after the other, and the error that ends it."""
    connection = Connection(USER, SECRET, TAG)
    seen: list[Event] = []
    try:
        for piece in pieces:
            for happened in connection.receive(piece):
                if seen and isinstance(happened, Messages) and isinstance(seen[-1], Messages):
                    seen[-1] = Messages(seen[-1].texts + happened.texts)
                else:
                    seen.append(happened)
    except RemoteProtocolError as error:
        return seen, type(error)
    return seen, None


def listening() -> Connection:
    """Logged in, with nothing to send."""
    connection = Connection(USER, SECRET, TAG)
    assert LoggedIn() in list(connection.receive(LOGIN))
    connection.bytes_to_send()
    return connection


def test_it_logs_in_by_challenge_and_asks_for_security_events() -> None:
    connection = Connection(USER, SECRET, TAG)
    assert [Greeting("9.0.0")] == list(connection.receive(GREETING))
    assert b"Action: Challenge\r\nAuthType: MD5\r\nActionID: t-0\r\n\r\n" == connection.bytes_to_send()
    assert [] == list(connection.receive(CHALLENGE))
    key = hashlib.md5(b"158612" + SECRET).hexdigest().encode()
    assert (
        b"Action: Login\r\nAuthType: MD5\r\nUsername: amiguard\r\nKey: " + key + b"\r\n"
        b"Events: security,system\r\nActionID: t-1\r\n\r\n"
    ) == connection.bytes_to_send()
    assert [LoggedIn()] == list(connection.receive(ACCEPTED))
    assert b"" == connection.bytes_to_send()


def test_the_secret_is_in_nothing_that_is_sent_or_shown() -> None:
    connection = Connection(USER, SECRET, TAG)
    sent = b""
    for data in (GREETING, CHALLENGE, ACCEPTED):
        assert SECRET.decode() not in repr(connection)
        list(connection.receive(data))
        sent += connection.bytes_to_send()
    assert SECRET not in sent
    assert SECRET.decode() not in str(vars(connection))


def test_a_refused_log_in_says_why_in_printable_words() -> None:
    refused = REFUSED.replace(b"failed", b"failed\x1b[31m\n")
    assert [Greeting("9.0.0"), LoginRefused("Authentication failed\\x1b[31m\\n")] == fed(
        [GREETING + CHALLENGE + refused]
    )[0]
    no_challenge = b"Response: Error\r\nActionID: t-0\r\nMessage: Must specify AuthType\r\n\r\n"
    assert LoginRefused("Must specify AuthType") == fed([GREETING + no_challenge])[0][-1]


def test_an_answer_without_the_challenge_is_an_error_of_the_server() -> None:
    with pytest.raises(RemoteProtocolError, match="without a challenge"):
        list(Connection(USER, SECRET, TAG).receive(GREETING + CHALLENGE.replace(b"Challenge:", b"X:")))


def test_messages_end_with_an_empty_line_and_with_nothing_else() -> None:
    seen, error = fed([STREAM])
    texts = b"".join(each.texts for each in seen if isinstance(each, Messages))
    assert [event("SuccessfulAuth"), BOOTED, b"", b"x\r", b""] == texts.split(b"\r\n\r\n")
    assert error is None


def test_headers_keep_their_order_and_their_repetitions() -> None:
    text = b"Event: X\r\nKey:\r\nKey: a: b\r\nKey:  c\r\nnone\nat all"
    assert ((b"Event", b"X"), (b"Key", b""), (b"Key", b"a: b"), (b"Key", b" c"), (b"none\nat all", b"")) == (
        headers_of(text)
    )


def test_a_ping_is_answered() -> None:
    connection = listening()
    connection.ping()
    assert b"Action: Ping\r\nActionID: t-2\r\n\r\n" == connection.bytes_to_send()
    assert [Pong()] == list(connection.receive(PONG))
    assert [Messages(PONG)] == list(connection.receive(PONG))


def test_what_looks_like_an_answer_but_has_no_action_of_ours_is_none() -> None:
    connection = listening()
    connection.ping()
    for forged in (
        b"Response: Success\r\nPing: Pong",
        PONG[:-4].replace(b"t-2", b"t-3"),
        REFUSED[:-4],
        b"X: ActionID",
        PONG.split(b"\r\n")[1],
    ):
        assert [Messages(forged + b"\r\n\r\n")] == list(connection.receive(forged + b"\r\n\r\n"))


def test_what_stands_around_an_answer_stays_together_and_whole() -> None:
    before, after = BOOTED + b"\r\n\r\n\r\n\r\n", b"\r\nx\r\n\r\n\r\n\r\n"
    connection = listening()
    connection.ping()
    connection.ping()
    again = PONG.replace(b"t-2", b"t-3")
    expected = [Messages(before), Pong(), Pong(), Messages(after)]
    assert expected == list(connection.receive(before + PONG + again + after))
    assert [Messages(before + PONG + after)] == list(connection.receive(before + PONG + after))


def test_a_list_is_answered_item_by_item_and_ends() -> None:
    connection = listening()
    action = connection.act("DBGetTree", {"Family": "registrar/contact"})
    items = (
        b"Response: Success\r\nActionID: t-2\r\nEventList: start\r\nMessage: Result will follow\r\n\r\n",
        b"Event: DBGetTreeResponse\r\nKey: /registrar/contact/1\r\nVal: {}\r\nActionID: t-2\r\n\r\n",
        b"Event: DBGetTreeComplete\r\nActionID: t-2\r\nEventList: Complete\r\nListItems: 1\r\n\r\n",
    )
    answers = [each for each in connection.receive(b"".join(items)) if isinstance(each, Answer)]
    assert [action] * 3 == [each.action_id for each in answers]
    assert [False, False, True] == [each.last for each in answers]
    assert b"{}" == answers[1].get(b"Val")
    assert [Messages] == [type(each) for each in connection.receive(items[1])]


def test_what_cannot_be_sent_is_our_own_error() -> None:
    for username in ("a\r\nAction: Command", "a\n", "\udcff", "a" * LINE_BYTES):
        with pytest.raises(LocalProtocolError, match="cannot be sent"):
            Connection(username, SECRET)
    with pytest.raises(LocalProtocolError, match="cannot be sent"):
        listening().act("DBGet", {"Family": "a\r\nKey: b"})


def test_an_action_needs_a_log_in_and_room() -> None:
    with pytest.raises(LocalProtocolError, match="log-in"):
        Connection(USER, SECRET).ping()
    connection = listening()
    for _ in range(OUTSTANDING):
        connection.ping()
    with pytest.raises(LocalProtocolError, match="wait for their answer"):
        connection.ping()


def test_an_end_without_greeting_is_the_limit_of_connections_not_logged_in() -> None:
    assert Authlimit() == Connection(USER, SECRET).eof()
    connection = listening()
    assert Hangup(torn=False) == connection.eof()
    with pytest.raises(LocalProtocolError, match="after the end"):
        list(connection.receive(b"x"))
    connection = listening()
    list(connection.receive(b"Event: "))
    assert Hangup(torn=True) == connection.eof()


@pytest.mark.parametrize(
    "banner", [b"SSH-2.0-OpenSSH_9.6\r\n", b"S", b"\x16\x03\x01", b"Asterisk Call manager/1\r\n"]
)
def test_another_banner_is_refused_at_its_first_wrong_byte(banner: bytes) -> None:
    assert ([], RemoteProtocolError) == fed([banner])


@pytest.mark.parametrize(
    ("most", "endless"),
    [
        (GREETING_BYTES, GREETING[:-2] + b"0" * GREETING_BYTES),
        (len(LOGIN) + MESSAGE_BYTES + 3, LOGIN + b"Event: " + b"x" * MESSAGE_BYTES),
        (len(LOGIN) + MESSAGE_BYTES + 3, LOGIN + b"x\r\n" * MESSAGE_BYTES),
    ],
)
def test_endless_lines_and_messages_are_refused(most: int, endless: bytes) -> None:
    assert fed([endless[: most - 1]])[1] is None
    assert fed([endless[: most + 1]])[1] is RemoteProtocolError
    whole = endless + b"\r\n\r\n" + BOOTED + b"\r\n\r\n"
    assert fed([whole])[1] is RemoteProtocolError
    assert fed([whole])[0] == fed([whole[:most], whole[most:]])[0]


def test_the_longest_message_is_taken_whole_or_in_pieces() -> None:
    text = b"x" * MESSAGE_BYTES
    whole = LOGIN + text + b"\r\n\r\n"
    assert Messages(text + b"\r\n\r\n") == fed([whole])[0][-1]
    assert fed([whole]) == fed([whole[:-1], whole[-1:]])


def test_a_slow_drip_is_searched_but_once() -> None:
    """Byte by byte, a long message costs no more than its length."""
    connection = listening()
    for _ in range(MESSAGE_BYTES):
        list(connection.receive(b"x"))
    assert [Messages(b"x" * MESSAGE_BYTES + b"\r\n\r\n")] == list(connection.receive(b"\r\n\r\n"))


_WILD = st.lists(
    st.one_of(
        st.sampled_from(
            (GREETING, CHALLENGE, ACCEPTED, REFUSED, PONG, b"\r\n", b"\r", b"\n", b"ActionID: t-")
        ),
        st.binary(max_size=8),
    ),
    max_size=12,
).map(b"".join)
_STREAMS = st.one_of(_WILD, _WILD.map(LOGIN.__add__), st.just(STREAM))


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


@given(_STREAMS, st.lists(st.integers(0, 10_000), max_size=8))
def test_any_bytes_in_any_pieces_give_the_same_events(data: bytes, places: list[int]) -> None:
    whole = fed([data])
    assert whole == fed(cut(data, places))
    assert whole == fed(data[at : at + 1] for at in range(len(data)))
