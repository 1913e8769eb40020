"""The limit on memory that is in force here: who has none left can't say so itself."""

from __future__ import annotations

import resource


def memory_limit_told() -> str:
    """A sentence about it for whoever wonders why a process ended; "" where there is none."""
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY:
        return ""
    return f"A limit on memory of {most // 2**20} MB is in force (ulimit -v)."
