"""Edge: the AMI user's secret, out of a file that nobody else can read, or a systemd credential."""

from __future__ import annotations

from typing import Final

from amiguard.private import SecretError, read_private

__all__ = ["CREDENTIAL", "SecretError", "read_secret"]

CREDENTIAL: Final = "ami-secret"
_LONGEST: Final = 1024


def read_secret(path: str) -> bytes:
    """Read the secret from the file; where there is none that we may read, the credential `ami-secret`.

    A line break at its end is none of it.

    Raises:
        SecretError: neither can be read, others could read the file, or what it
            holds is no secret.
    """
    name, data = read_private(path, CREDENTIAL, _LONGEST)
    secret = data.removesuffix(b"\n").removesuffix(b"\r")
    if not 0 < len(secret) <= _LONGEST or any(byte in secret for byte in (b"\n", b"\r", b"\0")):
        raise SecretError(f"{name} must hold one line of 1 to {_LONGEST} bytes")
    return secret
