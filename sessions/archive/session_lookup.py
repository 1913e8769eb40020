"""Sessions by what a person types: an id, its beginning, or a title."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from sessions.archive.list_rows import SessionRow
from sessions.errors import NotFound, UsageError
from sessions.record.names import name_of

if TYPE_CHECKING:
    from sessions.record.summary import Summary

S = TypeVar("S", "Summary", SessionRow)


def find(summaries: Sequence[S], wanted: str) -> S:
    """The session that `wanted` names.

    An id, `last` for the newest, the beginning or end of an id, or a whole title. Raises
    NotFound when there is none, UsageError when there are several.
    """
    if wanted == "last" and summaries:
        return max(summaries, key=lambda s: s.id)
    exact = [s for s in summaries if s.id == wanted]
    if exact:
        return exact[0]
    low = wanted.casefold()
    for matches in (
        [s for s in summaries if low and s.id.startswith(low)],
        [s for s in summaries if low and s.id.endswith(low)],
        [s for s in summaries if s.title.casefold() == low],
        [s for s in summaries if low and name_of(s).casefold() == low],
    ):
        if len(matches) == 1:
            return matches[0]
        if len(matches) > 1:
            ids = ", ".join(s.id for s in matches[:5])
            raise UsageError(
                f"{wanted} can mean {len(matches)} sessions: {ids}.", "Say more of it."
            )
    raise NotFound(f"There is no session {wanted}.", "See `agentdeck sessions list`.")
