"""A clock that can't be set, and that goes on while the machine sleeps."""

from __future__ import annotations

import time


def steady() -> float:
    """Seconds since some moment; macOS counts sleep in its monotonic clock, Linux beside it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
