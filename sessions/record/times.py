"""When something is, as events carry it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_second = (0, "")
"""The last second that was told, and how: dating an event took a quarter of writing it."""


def now() -> str:
    """The time as events carry it: UTC, milliseconds, `Z`."""
    global _second
    second, of_it = divmod(int(time.time() * 1000), 1000)
    known, said = _second
    if second != known:
        said = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        _second = second, said
    return f"{said}.{of_it:03d}Z"


def told(moment: datetime) -> str:
    """A moment as events carry it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
