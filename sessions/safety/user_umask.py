"""The user's own file mode mask, which new files of a workspace follow.

The engine works under a mask of 077, so that nothing of its own is ever readable by others. What
tools and commands make in the user's project is the user's.
"""

from __future__ import annotations

import os

_mask: int | None = None


def current() -> int:
    """The mask of whoever started this process, before `set_aside`."""
    global _mask
    if _mask is None:
        now = os.umask(0o077)
        os.umask(now)
        return now
    return _mask


def set_aside() -> None:
    """From now on this process's own files are its user's alone."""
    global _mask
    _mask = os.umask(0o077)
