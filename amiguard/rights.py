"""Edge: the right to change the firewall is ours alone: no program that we start is to have it."""

from __future__ import annotations

import ctypes
import os
from typing import Final

_PR_CAP_AMBIENT: Final = 47
_CLEAR_ALL: Final = 4


def keep() -> None:
    """Leave nothing to those whom this thread, and threads made by it, will start: see capabilities(7).

    Raises:
        OSError: the kernel knows no ambient capabilities, which it has since 4.3.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, f"prctl: {os.strerror(code)}")
