"""What a session's work rests on, as its own record tells: what was drawn for it, by which seed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sessions.record import events as ev
from sessions.safety.sanitise import clean_line

_MOST = 8
"""Pieces of a draw that are named."""


def of(events: Iterable[ev.Event]) -> list[str]:
    """A line for each draw that went into the session."""
    drawn: dict[str, ev.PrimingDrawn] = {}
    injected: dict[str, None] = {}
    for event in events:
        if isinstance(event, ev.PrimingDrawn):
            drawn[event.id] = event
        elif isinstance(event, ev.PrimingInjected):
            injected[event.id] = None
    return [_line(drawn[each]) for each in injected if each in drawn]


def _line(drawn: ev.PrimingDrawn) -> str:
    pieces = drawn.draw if isinstance(drawn.draw, list) else []
    named = [_piece(piece) for piece in pieces[:_MOST]]
    if len(pieces) > _MOST:
        named.append(f"{len(pieces) - _MOST} more")
    source = str(drawn.data.get("source") or "")
    from_ = f" ({source})" if source not in ("", "chance", "network") else ""
    return clean_line(f"{drawn.kind}{from_}, seed {drawn.seed}: {'; '.join(named)}")


def _piece(piece: Any) -> str:
    if isinstance(piece, dict):
        title = str(piece.get("title") or piece.get("name") or "")[:100]
        return f"{piece.get('id', '')} {title}".strip()
    return str(piece)[:60]
