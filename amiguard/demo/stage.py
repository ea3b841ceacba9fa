"""Edge: the stage: the real service, a stand-in for the PBX, and the street, in their own network."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amiguard.asking import ControlError, asking
from amiguard.demo.children import Child, StageError, child
from amiguard.demo.namespaces import isolate
from amiguard.demo.script import MANAGER, SECRET, USER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.demo.script import Channel, Way

_PATIENCE: Final = 20.0
_GLANCE: Final = 0.05
_LONGEST: Final = 70
_SHORT: Final = "/tmp"  # noqa: S108 - the directory made there is ours alone
_CONFIG: Final = """\
[service]
state_dir = {state}
socket = {socket}
[[log]]
path = {log}
[[ami]]
host = {host}
port = {port}
username = {user}
secret_file = {secret}
"""


class Beat(NamedTuple):
    """Packets from everybody.

    Attributes:
        number: counts from 0.
        sent: when, in seconds of monotonic time.
        answers: what came back meanwhile: address, way, and number of the beat it was sent in.
    """

    number: int
    sent: float
    answers: list[tuple[str, Way, int]]


class Stage:
    """All that runs, and the log that the service follows."""

    def __init__(self, pbx: Child, service: Child, street: Child, directory: Path) -> None:
        self._pbx = pbx
        self._service = service
        self._street = street
        self._directory = directory

    def beat(self) -> Beat:
        """Wait for the street's next beat.

        Raises:
            StageError: the street is no more.
        """
        return Beat(**json.loads(self._street.line()))

    def tell(self, channel: Channel, records: bytes) -> None:
        """Append to the log, or tell those who listen to the AMI.

        Raises:
            StageError: the PBX is no more.
        """
        if channel == "ami":
            self._pbx.tell(records)
            return
        with _log(self._directory).open("ab") as log:
            log.write(records)

    def bans(self) -> list[dict[str, Any]]:
        """What the service says is banned.

        Raises:
            StageError: it does not answer.
        """
        return self._ask("list")[1]

    def status(self) -> dict[str, Any]:
        """What the service says of itself.

        Raises:
            StageError: it does not answer.
        """
        return self._ask("status")[0]

    def _ask(self, command: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        try:
            with asking(str(_socket(self._directory)), command) as (head, rows):
                return head, [json.loads(row) for row in rows]
        except ControlError as error:
            raise StageError(f"the service does not answer: {error}") from error

    def stop_service(self) -> None:
        """End the service as systemd does.

        Raises:
            StageError: it did not end well.
        """
        self._service.stop()


@contextlib.contextmanager
def staged() -> Iterator[Stage]:
    """Move this process into a network of its own and set the stage there; all is gone at the end.

    Raises:
        ForbiddenError: this machine allows no namespaces.
        StageError: something else does not work here.
    """
    isolate()
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(_directory()))
        _log(directory).touch()
        pbx = stack.enter_context(child("the PBX", directory, "amiguard.demo.pbx"))
        pbx.line()
        street = stack.enter_context(child("the street", directory, "amiguard.demo.street"))
        street.line()
        yield Stage(pbx, stack.enter_context(_service(directory)), street, directory)


def _directory() -> tempfile.TemporaryDirectory[str]:
    # The path of a socket has room for 107 bytes (unix(7)), which a long TMPDIR may fill.
    roomy = len(os.fsencode(tempfile.gettempdir())) <= _LONGEST
    return tempfile.TemporaryDirectory(prefix="amiguard-demo-", dir=None if roomy else _SHORT)


@contextlib.contextmanager
def _service(directory: Path) -> Iterator[Child]:
    """`amiguard run`, at work."""
    config = directory / "amiguard.toml"
    secret = directory / "ami.secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET, encoding="utf-8")
    paths = {"state": directory / "state", "socket": _socket(directory), "log": _log(directory)}
    values = {name: str(path) for name, path in paths.items()} | {"secret": str(secret), "user": USER}
    # A JSON string is a TOML string, and so is a number.
    ami = dict(zip(("host", "port"), MANAGER, strict=True))
    config.write_text(
        _CONFIG.format_map({n: json.dumps(v) for n, v in (values | ami).items()}), encoding="utf-8"
    )
    with child("the service", directory, "amiguard", "run", "--config", str(config)) as service:
        _await_answer(service, _socket(directory))
        yield service


def _await_answer(service: Child, path: Path) -> None:
    """Wait until the service answers and knows the trunk: it guards, and both channels are heard."""
    deadline = time.monotonic() + _PATIENCE
    while service.running and time.monotonic() < deadline:
        with contextlib.suppress(ControlError), asking(str(path), "status") as (status, _):
            if status["known"]:
                return
        time.sleep(_GLANCE)
    raise service.failed()


def _log(directory: Path) -> Path:
    return directory / "security"


def _socket(directory: Path) -> Path:
    return directory / "control.sock"
