"""How long a server asks to be left alone: its `Retry-After`, read in one place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def asked_to_wait(headers: Any, now: datetime | None = None) -> float | None:
    """Seconds that the server asks to wait, or None.

    `retry-after` is seconds or an HTTP date (RFC 9110, 10.2.3), which is told by the server's
    clock, not ours; `retry-after-ms` milliseconds.
    """
    milliseconds, value = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds is not None:
            seconds = float(milliseconds) / 1000
        elif value is None:
            return None
        else:
            try:
                seconds = float(value)
            except ValueError:
                since = now or _date(headers.get("date")) or datetime.now(UTC)
                seconds = (_moment(value) - since).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return None if seconds != seconds else seconds  # NaN


def _moment(value: Any) -> datetime:
    from email.utils import parsedate_to_datetime

    then = parsedate_to_datetime(str(value))
    return then if then.tzinfo is not None else then.replace(tzinfo=UTC)


def _date(value: Any) -> datetime | None:
    try:
        return _moment(value) if value else None
    except (TypeError, ValueError, OverflowError):
        return None
