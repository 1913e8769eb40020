"""The steps of a priming: draw → expand → choose → inject → measure.

Each step is one function that takes what the one before gave. Nothing is kept here: what is
worth keeping are the events that `record` makes of the steps and reads back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from sessions.backends.base import Form, Reply
from sessions.errors import UsageError
from sessions.priming import gauge, kinds
from sessions.priming.arxiv.draw import Source, draw_papers
from sessions.priming.checks import check
from sessions.priming.draw import local_draw
from sessions.priming.grammar import bound_form
from sessions.priming.model import Draw, Item
from sessions.priming.parse import Parsed, mentioned, parse_reply, refuses
from sessions.priming.prompts import (
    ModelPrompt,
    Subject,
    deepen_prompt,
    expand_prompt,
    form_of,
    ordinary,
    plain_prompt,
    repair_prompt,
)
from sessions.priming.rng import new_seed
from sessions.priming.untrusted import clean, hidden, instructions_in
from sessions.record.closed_sets import ReadHow

Message = Mapping[str, Any]


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
    how: ReadHow = "none"
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
    if found.name != "arxiv":
        return local_draw(found.name, seed, read)
    if source is None:
        raise UsageError("No source of papers was given.")
    return await draw_papers(source, seed, read)


def without(drawn: Draw, unwanted: Iterable[str]) -> Draw:
    """A draw of papers without those that the user unticked."""
    ids = set(unwanted)
    return replace(drawn, draw=[paper for paper in drawn.papers if paper["id"] not in ids])


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
    for paper in drawn.papers if drawn.kind == "arxiv" else ():
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
    prompt = deepen_prompt(wanted, before.people, stage, keep, ordinary(before.draw))
    bound = bound_form(before.draw, keep, wanted, stage)
    prompt = replace(prompt, schema=Form(prompt.schema, bound))
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
    prompt: ModelPrompt,
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
    if _needs_repair(parsed, keep):
        again, messages = await _repair(drawn, ask, subject, keep, exchange, messages, stage)
        replies.append(again)
        better = parse_reply(drawn.kind, again.text)
        if drawn.kind == "terms" and drawn.draw and not better.items:
            better = mentioned(drawn.draw, again.text)
        if len(better.items) > len(parsed.items):
            parsed, reply = better, again
    items = check(drawn, parsed.items[: keep * 2], ban=subject.ban, about=subject.about)
    notes = _notes(parsed, len(items), keep)
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


async def _repair(
    drawn: Draw,
    ask: Ask,
    subject: Subject,
    keep: int,
    exchange: tuple[Message, ...],
    messages: list[Message],
    stage: int,
) -> tuple[Reply, list[Message]]:
    """Ask once more: for the same in readable JSON, or plainly where no JSON was tried.

    Returns the reply, and the exchange that ends with it.
    """
    first = str(messages[-1]["content"])
    refused = refuses(first)
    if refused or "{" in first or "[" in first:
        prompt = repair_prompt(form_of(drawn.kind, stage), refused)
        before = messages
    else:
        prompt = plain_prompt(drawn, subject, keep, stage)
        before = list(exchange)
    asked: list[Message] = [*before, {"role": "user", "content": prompt.text}]
    reply = await ask(asked, schema=prompt.schema or None, max_tokens=prompt.max_tokens)
    return reply, [*asked, {"role": "assistant", "content": reply.text or "-"}]


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
    turns: Sequence[gauge.MeasuredTurn], at: int, injection: str, items: Sequence[Item]
) -> gauge.Gauge:
    """The gauge around an injection; see `gauge.measure`."""
    return gauge.measure(turns, at, injection, items)
