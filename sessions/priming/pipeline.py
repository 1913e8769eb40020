"""The steps of a priming: draw → expand → choose → inject → measure, and replay.

Each step is one function that takes what the one before gave. Nothing is kept here: what is
worth keeping are the events that the steps make, and `replay` reads them back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from sessions import events as ev
from sessions.backends.base import Reply
from sessions.errors import UsageError
from sessions.priming import gauge, kinds
from sessions.priming.arxiv.draw import Source, draw_papers
from sessions.priming.checks import check
from sessions.priming.draw import local_draw
from sessions.priming.inject import Injection
from sessions.priming.model import JSON, Draw, Item, item_from_json
from sessions.priming.parse import Parsed, parse_reply, refuses
from sessions.priming.prompts import (
    Prompt,
    Subject,
    deepen_prompt,
    expand_prompt,
    form_of,
    repair_prompt,
)
from sessions.priming.rng import new_seed
from sessions.priming.untrusted import clean, hidden, instructions_in

Message = Mapping[str, Any]
_REPLY_KEPT = 40_000


class Ask(Protocol):
    """One question without tools: a throw-away fork of a session, or of nothing.

    `messages` are Messages API messages, the question last. With a session behind it, its
    conversation goes before them. `schema` is for servers that take one; the answer may be of
    any form all the same.

    Raises BackendError.
    """

    async def __call__(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 4096,
    ) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Expansion:
    """What the model read in a draw."""

    draw: Draw
    items: tuple[Item, ...]
    stage: int = 1
    how: str = "none"
    """How the reply was read: `json`, `part`, `lines`, `none`."""
    notes: tuple[str, ...] = ()
    reply: str = ""
    prompt_sha256: str = ""
    model: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    cost_usd: float | None = None
    exchange: tuple[Message, ...] = ()
    """Question and answer, for the next stage in the same fork."""
    people: tuple[str, ...] = ()
    """All people named so far, banned in further stages."""


# -- draw


async def draw(
    kind: str,
    params: Mapping[str, object],
    *,
    seed: int | None = None,
    source: Source | None = None,
) -> Draw:
    """Draw with a seed of chance if none is given; the same seed and params, the same draw.

    Args:
        kind: a key of `kinds.KINDS`.
        params: those that differ from the defaults.
        source: where papers come from; needed for arxiv.

    Raises:
        UsageError: kind or parameters do not fit.
        AgentdeckError: there are no such papers.
    """
    found = kinds.kind_of(kind)
    read = found.read(params)
    seed = new_seed() if seed is None else kinds.read_seed(seed)
    if kind != "arxiv":
        return local_draw(kind, seed, read)
    if source is None:
        raise UsageError("No source of papers was given.")
    return await draw_papers(source, seed, read)


def without(drawn: Draw, unwanted: Iterable[str]) -> Draw:
    """A draw of papers without those that the user unticked."""
    ids = set(unwanted)
    return replace(drawn, draw=[paper for paper in drawn.draw if paper["id"] not in ids])


def raw_items(drawn: Draw, count: int = 10) -> tuple[Item, ...]:
    """The draw itself as items, without a model: bare letter sets, letters, terms, papers."""
    prefix = drawn.kind[0]
    items: list[Item] = []
    for number, value in enumerate(drawn.draw[:count], 1):
        if drawn.kind == "arxiv":
            text, cited = clean(value["title"], 160), (value["id"],)
            items.append(Item(f"{prefix}{number}", "", text, cited=cited, checked=True))
        else:
            items.append(Item(f"{prefix}{number}", value, value, checked=True))
    return tuple(items)


def warnings(drawn: Draw) -> tuple[str, ...]:
    """What in a draw's papers should be seen before they are sent: instructions, hidden text."""
    found: list[str] = []
    for paper in drawn.draw if drawn.kind == "arxiv" else ():
        text = f"{paper['title']} {paper['abstract']}"
        found += [f"{paper['id']} {what}." for what in instructions_in(text)]
        if hidden(text):
            found.append(f"{paper['id']} has hidden characters.")
    return tuple(found)


# -- expand


async def expand(drawn: Draw, ask: Ask, subject: Subject, *, keep: int | None = None) -> Expansion:
    """Let the model read meaning into a draw; items are flagged, sorted and ticked.

    A reply that can't be read is asked for once more; what then still can't be read gives no
    items and a note, never an error. Raises BackendError where the model can't be asked.
    """
    keep = keep or _default_keep(drawn)
    prompt = expand_prompt(drawn, subject, keep)
    return await _ask(drawn, ask, subject, prompt, keep, (), stage=1, people=())


async def deepen(
    before: Expansion,
    ask: Ask,
    subject: Subject,
    *,
    letters: Sequence[str] = (),
    keep: int | None = None,
) -> Expansion:
    """The next stage of names: the same letters (or some), everyone from before banned.

    Raises:
        UsageError: the kind has no stages.
        BackendError: the model can't be asked.
    """
    if before.draw.kind != "names":
        raise UsageError(f"Priming {before.draw.kind} has no further stage.")
    wanted = list(letters) or list(before.draw.draw)
    keep = keep or len(wanted)
    stage = before.stage + 1
    prompt = deepen_prompt(wanted, before.people, stage, keep)
    after = await _ask(
        before.draw, ask, subject, prompt, keep, before.exchange, stage=stage, people=before.people
    )
    banned = {name.casefold() for name in before.people}
    items = tuple(
        item for item in after.items if item.extra.get("person", "").casefold() not in banned
    )
    dropped = len(after.items) - len(items)
    note = (f"{dropped} named somebody from before and were left out.",) if dropped else ()
    return replace(after, items=items, notes=after.notes + note)


async def _ask(
    drawn: Draw,
    ask: Ask,
    subject: Subject,
    prompt: Prompt,
    keep: int,
    exchange: tuple[Message, ...],
    *,
    stage: int,
    people: tuple[str, ...],
) -> Expansion:
    """One question with at most one repair."""
    messages: list[Message] = [*exchange, {"role": "user", "content": prompt.text}]
    reply = await ask(messages, schema=prompt.schema, max_tokens=prompt.max_tokens)
    replies = [reply]
    parsed = parse_reply(drawn.kind, reply.text)
    messages.append({"role": "assistant", "content": reply.text or "-"})
    notes: list[str] = []
    if _needs_repair(parsed, keep):
        repair = repair_prompt(form_of(drawn.kind, stage), refuses(reply.text))
        question = {"role": "user", "content": repair.text}
        second = await ask(
            [*messages, question], schema=repair.schema, max_tokens=prompt.max_tokens
        )
        replies.append(second)
        again = parse_reply(drawn.kind, second.text)
        if len(again.items) > len(parsed.items):
            parsed, reply = again, second
            messages[-1] = {"role": "assistant", "content": second.text}
    items = check(drawn, parsed.items[: keep * 2], ban=subject.ban, about=subject.about)
    notes += _notes(parsed, len(items), keep)
    named = [item.extra["person"] for item in items if item.extra.get("person")]
    return Expansion(
        drawn,
        items,
        stage,
        parsed.how,
        tuple(notes),
        reply.text,
        prompt.sha256,
        reply.model,
        _sum_usage(replies),
        _sum_cost(replies),
        tuple(messages),
        tuple(dict.fromkeys([*people, *named])),
    )


def _needs_repair(parsed: Parsed, keep: int) -> bool:
    """JSON with anything in it is good; prose has to hold half of what was asked for."""
    if parsed.how in ("json", "part"):
        return False
    return len(parsed.items) * 2 < keep


def _notes(parsed: Parsed, count: int, keep: int) -> list[str]:
    if not count:
        return [
            "The model's reply could not be read as items. Redraw, choose a stronger model, or "
            "inject the draw as it is."
        ]
    notes = []
    if parsed.how == "part":
        notes.append("The reply was cut off or broken; what was whole in it is here.")
    if count < keep:
        notes.append(f"The model gave {count} of {keep}.")
    return notes


def _default_keep(drawn: Draw) -> int:
    if drawn.kind in ("names", "terms") and drawn.draw:
        return len(drawn.draw)
    return kinds.kind_of(drawn.kind).keep


def _sum_usage(replies: Sequence[Reply]) -> dict[str, int]:
    total: dict[str, int] = {}
    for reply in replies:
        for key, value in reply.usage.items():
            total[key] = total.get(key, 0) + value
    return total


def _sum_cost(replies: Sequence[Reply]) -> float | None:
    costs = [reply.cost_usd for reply in replies]
    return None if any(cost is None for cost in costs) else sum(c for c in costs if c is not None)


# -- measure


def measured(
    turns: Sequence[gauge.Turn], at: int, injection: str, items: Sequence[Item]
) -> gauge.Gauge:
    """The gauge around an injection; see `gauge.measure`."""
    return gauge.measure(turns, at, injection, items)


# -- events


def drawn_event(drawn: Draw, expansion: Expansion | None = None) -> ev.PrimingDrawn:
    """The draw, and what was read in it, for the journal."""
    data: JSON = {"source": drawn.source, "meta": drawn.meta}
    if drawn.notes:
        data["notes"] = list(drawn.notes)
    items: list[JSON] = []
    if expansion is not None:
        items = [item.to_json() for item in expansion.items]
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
    items = [item.to_json() for item in injection.items]
    return ev.PrimingInjected(id=injection.id, items=items, turn=turn, text=injection.text)


def measured_event(priming: str, turn: int | None, reading: gauge.Gauge) -> ev.PrimingMeasured:
    """The gauge after a turn."""
    return ev.PrimingMeasured(id=priming, turn=turn, gauge=reading.to_json())


# -- replay


@dataclass(frozen=True, slots=True)
class Past:
    """A priming of a session's past, as its events tell it."""

    draw: Draw
    items: tuple[Item, ...]
    """The items of the latest expansion."""
    stage: int = 0
    injected: tuple[tuple[int | None, tuple[Item, ...], str], ...] = ()
    """Turn, items and text of each injection."""
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
            entry = (event.turn, items, event.text)
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
        str(event.data.get("source", "chance")),
        tuple(str(note) for note in notes) if isinstance(notes, list) else (),
        dict(event.data.get("meta", {})),
    )
