"""Commands that answer figures: what sessions took, where time went, what fills a context."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import cast

from sessions.api.answers import ContextFilled, TurnSpan, TurnTimeline, UsageRow, UsageShown
from sessions.archive.usage_totals import BY, Usage, grouped
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.errors import UsageError
from sessions.record import events as ev
from sessions.record.context_shares import shares
from sessions.record.timeline import Timeline


@command("archive.usage")
async def usage(
    deck: Deck, by: list[str], since: str = "", until: str = "", most: int = 500
) -> UsageShown:
    """Tokens, cost, turns and waiting by `day`, `model`, `backend`, `profile`, `session`.

    Of the days from `since` to `until` (2026-11-28), both included; of many rows the `most` that
    took most, or of days the newest.
    """
    # `by` is no list of UsageBy for the checker: the fault names the first word that is none.
    if unknown := [name for name in by if name not in BY]:
        raise UsageError(f"Usage has no {unknown[0]}.", f"It is told by {', '.join(BY)}.")
    first, last = _day(since), _day(until)
    rows = await asyncio.to_thread(deck.spent.sums, by, first, last)
    total = next(iter(grouped(rows, ())), Usage())
    if by and by[0] == "session":
        rows.sort(key=lambda row: (row.cost_usd or 0.0, sum(row.tokens.values())), reverse=True)
    newest = bool(by) and by[0] == "day"
    kept = rows[-most:] if newest else rows[:most]
    told = [cast("UsageRow", row.to_json()) for row in kept]
    if "session" in by:
        ids = {row["session"] for row in told}
        titles = await deck.index.ask(lambda index: index.titles(ids))
        for row in told:
            row["title"] = titles.get(row["session"], "")
    return {
        "rows": told,
        "total": cast("UsageRow", total.to_json()),
        "others": len(rows) - len(kept),
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"{text} is no day.", "Write it as 2026-11-28.") from None


@command("session.timeline")
async def timeline(deck: Deck, session: str, turn: int) -> TurnTimeline:
    """Where the time of a turn went: the model, tools, waiting for a person, for a server."""
    target = await deck.get(session)
    target.recorder.flush()

    def read() -> Timeline:
        found = Timeline(turn)
        for event in target.journal.events():
            found.apply(event)
        found.finish(ev.now())
        return found

    found = await asyncio.to_thread(read)
    if not found.at:
        raise UsageError(f"The session has no turn {turn}.")
    return {
        "turn": turn,
        "at": found.at,
        "ended": found.ended,
        "seconds": round(found.seconds, 3),
        "spans": [cast("TurnSpan", asdict(span)) for span in found.spans],
        "sums": {kind: round(seconds, 3) for kind, seconds in found.sums().items()},
    }


@command("session.context")
async def context(deck: Deck, session: str) -> ContextFilled:
    """What fills a session's context: system prompt, tools, skills, files, primings, the rest.

    Of an agent, whose own prompt and tools are not known here, what it counts more is `agent`.
    """
    from sessions.backends.base import Tells

    target = await deck.get(session)
    backend = deck.backend(target.summary.backend)
    counted, window = target.summary.context_tokens, deck.context_window(target)
    settings = deck.settings(target)
    system, definitions, unsigned, by = "", [], True, ""
    if isinstance(backend, Tells):
        system = backend.system(settings, Path(target.summary.cwd))
        unsigned, by = backend.unsigned, backend.by
        window = window or backend.window(settings.model)
        tools = await deck.tools(target)
        definitions = tools.definitions() if tools is not None else []
    blocks = list(target.context.filled(unsigned=unsigned, by=by))
    parts = await asyncio.to_thread(shares, blocks, system, definitions)
    if backend.capabilities.own_tools and counted > sum(parts.values()):
        parts["agent"] = counted - sum(parts.values())
    return {
        "parts": parts,
        "tokens": sum(parts.values()),
        "counted": counted,
        "window": window,
    }
