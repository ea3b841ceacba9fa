"""Edge: the AMI user's secret, out of a file that nobody else can read, or a systemd credential."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

CREDENTIAL: Final = "ami-secret"
_PRIVATE: Final = (0o600, 0o400)
_LONGEST: Final = 1024


class SecretError(Exception):
    """There is no secret to be had; the text names the file, and never the secret."""


def read_secret(path: str) -> bytes:
    """Read the secret from the file; where there is none that we may read, the credential `ami-secret`.

    A line break at its end is none of it.

    Raises:
        SecretError: neither can be read, others could read the file, or what it
            holds is no secret.
    """
    try:
        return _of(path, _private(path))
    except FileNotFoundError:
        return _credential(f"{path} does not exist")
    except PermissionError:
        return _credential(f"{path} may not be read")
    except OSError as error:
        raise SecretError(f"cannot read {path}: {error.strerror}") from error


def _private(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not keep us waiting
    try:
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            raise SecretError(f"{path} is not a plain file")
        if stat.S_IMODE(mode) not in _PRIVATE:
            raise SecretError(
                f"{path} has mode {stat.S_IMODE(mode):04o}, so others may know the secret: chmod 600"
            )
        return os.read(file, _LONGEST + 3)
    finally:
        os.close(file)


def _credential(why: str) -> bytes:
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise SecretError(f"{why}, and no systemd credential {CREDENTIAL!r} was given")
    name = f"{folder}/{CREDENTIAL}"
    try:
        # Its mode is systemd's matter: the folder is ours alone.
        return _of(name, Path(name).read_bytes())
    except OSError as error:
        raise SecretError(f"{why}, and cannot read {name}: {error.strerror}") from error


def _of(name: str, data: bytes) -> bytes:
    secret = data.removesuffix(b"\n").removesuffix(b"\r")
    if not 0 < len(secret) <= _LONGEST or any(byte in secret for byte in (b"\n", b"\r", b"\0")):
        raise SecretError(f"{name} must hold one line of 1 to {_LONGEST} bytes")
    return secret
