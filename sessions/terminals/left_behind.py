"""Programs on terminals are noted in files: the next engine ends what a killed one left behind.

The end of an engine closes its ptys, which ends most of them; this is for those that ignore it.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from sessions.backends.acp.left_behind import forget, remember, start_time
from sessions.terminals.pty import members

__all__ = ["forget", "remember", "sweep"]


def sweep(pids: Path) -> int:
    """End what is left; how many terminals it were."""
    swept = 0
    if not pids.is_dir():
        return 0
    for entry in pids.iterdir():
        if entry.name.isdigit():
            pid, since = int(entry.name), entry.read_text()
            if since and start_time(pid) == since:
                for member in members(pid):
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(member, signal.SIGKILL)
                swept += 1
        with contextlib.suppress(OSError):
            entry.unlink()
    return swept
