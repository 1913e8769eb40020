"""Programs on terminals are noted in files: the next engine ends what a killed one left behind.

The end of an engine closes its ptys, which ends most of them; this is for those that ignore it.
"""

from __future__ import annotations

from pathlib import Path

from sessions.backends.acp import orphans
from sessions.backends.acp.orphans import forget, remember
from sessions.terminals.pty import signal_session

__all__ = ["forget", "remember", "sweep"]


def sweep(pids: Path) -> int:
    """End what is left; how many terminals it were."""
    return orphans.sweep(pids, signal_session)  # its jobs are groups of their own
