"""Times that a plan names: until when, how long."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sessions.errors import UsageError

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


def moment(text: str, now: datetime) -> datetime:
    """The next moment after `now` (with its time zone) that `07:00` or a date and time names.

    Raises UsageError.
    """
    if clock := _CLOCK.fullmatch(text.strip()):
        try:
            today = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        except ValueError as error:
            raise UsageError(
                f"{text!r} is no time of a day.", "Write for example 07:00."
            ) from error
        return today if today > now else today + timedelta(days=1)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no time.", "Write HH:MM, or for example 2026-12-01T07:00."
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)


def local_now() -> datetime:
    """The time here, with its zone."""
    return datetime.now().astimezone()


def told(at: float) -> str:
    """When something begins, by the clock here."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")
