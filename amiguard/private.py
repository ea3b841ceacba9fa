"""Edge: what nobody else may know, out of a file that nobody else can read, or a systemd credential."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

_PRIVATE: Final = (0o600, 0o400)


class SecretError(Exception):
    """There is no secret to be had; the text names the file, and never the secret."""


def read_private(path: str, credential: str, longest: int) -> tuple[str, bytes]:
    """Read the file; where there is none, or none for us, the systemd credential of that name.

    Args:
        path: the file.
        credential: the name of the credential.
        longest: bytes that the secret may have; a few more may be returned, to tell that it has more.

    Returns:
        The name of what was read, and what it holds.

    Raises:
        SecretError: neither can be read, or others could read the file.
    """
    try:
        return path, _content(path, longest + 3)
    except FileNotFoundError:
        return _credential(credential, f"{path} does not exist")
    except PermissionError:
        return _credential(credential, f"{path} may not be read")
    except OSError as error:
        raise SecretError(f"cannot read {path}: {error.strerror}") from error


def _content(path: str, most: int) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not keep us waiting
    try:
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            raise SecretError(f"{path} is not a plain file")
        if stat.S_IMODE(mode) not in _PRIVATE:
            raise SecretError(
                f"{path} has mode {stat.S_IMODE(mode):04o}, so others may know the secret: chmod 600"
            )
        return os.read(file, most)
    finally:
        os.close(file)


def _credential(credential: str, why: str) -> tuple[str, bytes]:
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise SecretError(f"{why}, and no systemd credential {credential!r} was given")
    name = f"{folder}/{credential}"
    try:
        # Its mode is systemd's matter: the folder is ours alone.
        return name, Path(name).read_bytes()
    except OSError as error:
        raise SecretError(f"{why}, and cannot read {name}: {error.strerror}") from error
