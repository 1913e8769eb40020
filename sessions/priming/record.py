"""Primings in the journal: the events of the steps, and what they tell when read back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import cast

from sessions.priming.gauge import Gauge
from sessions.priming.inject import Injection
from sessions.priming.model import JSON, Draw, Item, item_from_json
from sessions.priming.pipeline import Expansion
from sessions.record import events as ev
from sessions.record.closed_sets import ChosenBy, DrawnSource
from sessions.record.event_parts import DrawnFacts

_REPLY_KEPT = 40_000


def drawn_event(drawn: Draw, expansion: Expansion | None = None) -> ev.PrimingDrawn:
    """The draw, and what was read in it, for the journal."""
    data: DrawnFacts = {"source": drawn.source, "meta": drawn.meta}
    if drawn.notes:
        data["notes"] = list(drawn.notes)
    items: list[JSON] = []
    if expansion is not None:
        items = [dict(item.to_json()) for item in expansion.items]
        data |= {
            "stage": expansion.stage,
            "how": expansion.how,
            "model": expansion.model,
            "prompt_sha256": expansion.prompt_sha256,
            "reply": expansion.reply[:_REPLY_KEPT],
            "usage": dict(expansion.usage),
            "cost_usd": expansion.cost_usd,
            "remarks": list(expansion.notes),
        }
    return ev.PrimingDrawn(
        id=drawn.id,
        kind=drawn.kind,
        seed=drawn.seed,
        params=drawn.params,
        draw=drawn.draw,
        items=items,
        data=data,
    )


def injected_event(injection: Injection, turn: int | None) -> ev.PrimingInjected:
    """What was chosen, and as which turn it went in."""
    items = [dict(item.to_json()) for item in injection.items]
    return ev.PrimingInjected(
        id=injection.id, items=items, turn=turn, text=injection.text, by=injection.by
    )


def measured_event(priming: str, turn: int | None, reading: Gauge) -> ev.PrimingMeasured:
    """The gauge after a turn."""
    return ev.PrimingMeasured(id=priming, turn=turn, gauge=dict(reading.to_json()))


@dataclass(frozen=True, slots=True)
class Past:
    """A priming of a session's past, as its events tell it."""

    draw: Draw
    items: tuple[Item, ...]
    """The items of the latest expansion."""
    stage: int = 0
    injected: tuple[tuple[int | None, tuple[Item, ...], str, ChosenBy], ...] = ()
    """Turn, items, text of each injection, and who chose the items ("": not recorded)."""
    gauge: JSON = field(default_factory=dict)
    """The latest measurement."""


def replay(events: Iterable[ev.Event]) -> list[Past]:
    """All primings of a session, oldest first; events of no known priming are passed over."""
    past: dict[str, Past] = {}
    for event in events:
        if isinstance(event, ev.PrimingDrawn):
            drawn = draw_of_event(event)
            before = past.get(event.id)
            items = tuple(item_from_json(item) for item in event.items if isinstance(item, dict))
            stage = event.data.get("stage", 0)
            past[event.id] = replace(
                before or Past(drawn, ()),
                draw=drawn,
                items=items or (before.items if before else ()),
                stage=stage if isinstance(stage, int) else 0,
            )
        elif isinstance(event, ev.PrimingInjected) and event.id in past:
            before = past[event.id]
            items = tuple(item_from_json(item) for item in event.items if isinstance(item, dict))
            entry = (event.turn, items, event.text, event.by)
            past[event.id] = replace(before, injected=(*before.injected, entry))
        elif isinstance(event, ev.PrimingMeasured) and event.id in past:
            past[event.id] = replace(past[event.id], gauge=event.gauge)
    return list(past.values())


def draw_of_event(event: ev.PrimingDrawn) -> Draw:
    """The draw that an event holds; no network and no model are needed for it."""
    notes = event.data.get("notes", [])
    return Draw(
        event.id,
        event.kind,
        event.seed,
        dict(event.params),
        list(event.draw) if isinstance(event.draw, list) else [],
        cast("DrawnSource", str(event.data.get("source", "chance"))),
        tuple(str(note) for note in notes) if isinstance(notes, list) else (),
        dict(event.data.get("meta", {})),
    )
