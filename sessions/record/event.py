"""What every event is; the events themselves stand in `sessions.record.events`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from sessions.safety.numbers_from_outside import LARGEST

JSON = dict[str, Any]

MORE = "_more"
"""Where an event has its `extra`. Asked for by `getattr`: an event without it needs no dict."""
Int = Annotated[int, msgspec.Meta(ge=-LARGEST, le=LARGEST)]


class Event(
    msgspec.Struct,
    kw_only=True,
    frozen=True,
    dict=True,
    tag_field="type",
    forbid_unknown_fields=True,
):
    """What all events have. `seq` is 0 until the journal has written it."""

    type: ClassVar[str] = ""
    """What it is called on disk."""
    seq: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] = 0
    at: str = ""

    @property
    def extra(self) -> JSON:
        """Fields that only a newer version knows; written back as they are."""
        found: JSON | None = getattr(self, MORE, None)
        return {} if found is None else found
