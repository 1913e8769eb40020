"""Lists to choose from: all sessions, tiles, requests, models, permission modes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

from sessions.archive.order import started_by
from sessions.record.summary import Summary
from tui.deck.tile import STATUS_STYLE, answers_of
from tui.screens.dialogs import Choice, Choose, Confirm, Listing, Offer, Pick
from tui.terminal import glyphs
from tui.words.text import cost, in_column, one_line, place_of, title_of, tokens

if TYPE_CHECKING:
    from sessions.api.requests import SessionEdits
    from tui.deck.interfaces import Asks, ForAiming, ForListing, ForPickingTiles, ForReopening


_FIRST, _PAGE = 80, 500
"""Rows that are asked for before a list is shown, and at a time behind it."""

_ROOMY, _NARROW = 100, 56
"""Columns of the deck from which on a row says what answers, and when, for how much and where."""


def session_pick(summary: Summary, number: int = 0, room: int = 110) -> Pick:
    """A session as a row: number, status, title, when, what it cost, model, where."""
    place = f"{number:>2} " if number else "   "
    state = "archived" if summary.archived else "closed" if summary.closed else ""
    state = state or ("set aside" if summary.aside else summary.status)
    style = STATUS_STYLE.get(summary.status, "") if not summary.closed else "$text-muted"
    title, used = title_of(summary), sum(summary.tokens.values())
    if started_by(summary.parent):
        title = f"{glyphs.mark('under')} {title}"
    figure = cost(summary.cost_usd) if summary.cost_usd is not None else f"{tokens(used)} tok"
    answers, where, when = answers_of(summary), place_of(summary), summary.updated[5:16]
    when = when.replace("T", " ")
    wide = min(40, max(16, room - (86 if room >= _ROOMY else 58 if room >= _NARROW else 20)))
    cells: tuple[tuple[str, str], ...] = (
        (place, "bold"),
        (in_column(f"{glyphs.status(summary.status)} {state}", 11), style),
        (in_column(title, wide - 1), "bold"),
    )
    if room >= _NARROW:
        cells += ((in_column(when, 12), "$text-muted"), (in_column(figure, 9), ""))
        if room >= _ROOMY:
            cells += ((in_column(answers, 17), "$text-muted"),)
        cells += ((where, "$text-muted"),)
    words = f"{number} {state} {title} {summary.model} {summary.backend} "
    words += f"{summary.cwd} {summary.repository} {summary.branch} {summary.id} {summary.snippet}"
    told = "  ".join(part for part in (title, when, figure, answers, where) if part)
    return Pick(summary.id, cells, words, told)


Made = Callable[[Summary], Pick]


async def in_pages(
    deck: Asks, order: Sequence[str], known: dict[str, Summary], made: Made
) -> AsyncIterator[list[Pick]]:
    """Rows of sessions: a screenful first, then the others, many at a time.

    `known`: the summaries that need not be asked for; those that came are put there.
    """
    at, most = 0, _FIRST
    while at < len(order):
        part, at, most = order[at : at + most], at + most, _PAGE
        if asked := [i for i in part if i not in known]:
            for row in await deck.client.call("deck.rows", sessions=asked):
                known[row["id"]] = Summary.from_json({**row})
        yield [made(known[i]) for i in part if i in known]


async def open_list(deck: ForListing) -> None:
    """All sessions, those of the deck first, then as the engine orders them; one is opened."""
    offers = (Offer("alt+x", "close"), Offer("alt+a", "archive"), Offer("alt+d", "delete"))
    empty = "No session yet: ctrl+n makes one."
    number = deck.model.number

    def row(summary: Summary) -> Pick:
        return session_pick(summary, number(summary.id), deck.size.width)

    while True:
        known = dict(deck.model.summaries)
        own = [i for i in deck.model.order if i in known]
        order = await deck.client.call("deck.order", first=own)
        pages = in_pages(deck, order, known, row)
        so_far = " so far" if deck.model.indexing else ""
        rows: list[Pick] = await anext(pages, [])
        listing = Listing(rows, offers, empty=empty, enter="opens", rest=pages)
        chosen: Choice | None = await deck.app.push_screen_wait(
            Choose(f"All sessions ({len(order)}{so_far})", listing)
        )
        if chosen is None:
            return
        summary = known[chosen.row]
        if chosen.key == "enter":
            await reopen(deck, chosen.row, summary)
            return
        await _treat(deck, summary, chosen.key)


async def _treat(deck: Asks, summary: Summary, key: str) -> None:
    if key == "alt+x":
        closed = not summary.closed
        await deck.client.call("session.set", session=summary.id, changes={"closed": closed})
    elif key == "alt+a":
        archived = not summary.archived
        await deck.client.call("session.archive", session=summary.id, archived=archived)
    elif key == "alt+d":
        files = "Files in its working directory stay."
        if summary.worktree and summary.worktree.get("session") == summary.id:
            files = (
                "Its worktree and branch go too; what they hold that is nowhere else is kept "
                "under a ref (agentdeck worktrees list)."
            )
        text = (
            f"{title_of(summary)}\n{summary.turns} turns, since {summary.created[:16]}.\n\n"
            f"Its record goes for good: what was said, and the files kept with it. {files}"
        )
        question = Confirm("Delete this session?", text, "Delete", danger=True)
        if await deck.app.push_screen_wait(question):
            await deck.client.call("session.delete", session=summary.id)


async def reopen(deck: ForReopening, session_id: str, summary: Summary | None = None) -> None:
    """Go to a session; one that is closed, archived or set aside becomes a tile again."""
    summary = deck.model.summaries.get(session_id) or summary
    if session_id not in deck.model.order:
        if summary is None or summary.archived:
            await deck.client.call("session.archive", session=session_id, archived=False)
        changes: SessionEdits = {"closed": False, "aside": False}
        await deck.client.call("session.set", session=session_id, changes=changes)
        fresh = deck.client.summaries.get(session_id)
        if fresh is not None:
            deck.feed.summary_came(fresh)
    deck.go(session_id)
    deck.composer.focus()


def tile_pick(deck: ForPickingTiles, session_id: str) -> Pick:
    """A tile as a row."""
    model = deck.model
    return session_pick(model.summaries[session_id], model.number(session_id), deck.size.width)


async def pick_tiles(deck: ForAiming, title: str, marked: set[str]) -> tuple[str, ...] | None:
    """Several tiles, by marks; None if the user left."""
    rows = [tile_pick(deck, i) for i in deck.model.order]
    listing = Listing(rows, marked=marked, enter="confirms", written=deck.composer.paste)
    chosen = await deck.app.push_screen_wait(Choose(title, listing))
    return (chosen.rows or None) if chosen else None


async def pick_tile(deck: ForPickingTiles, title: str, without: str) -> str | None:
    """One tile other than `without`."""
    return await pick_among(deck, title, [i for i in deck.model.order if i != without])


async def pick_among(deck: ForPickingTiles, title: str, tiles: Sequence[str]) -> str | None:
    """One of some tiles."""
    rows = [tile_pick(deck, i) for i in tiles]
    chosen = await deck.app.push_screen_wait(Choose(title, Listing(rows)))
    return chosen.row if chosen else None


async def pick_model(deck: Asks, backend: str, now: str, host: str = "") -> str | None:
    """A model of a backend, on that machine."""
    rows = []
    for model in await deck.client.on_host(host).call("deck.models", backend=backend):
        model_id = one_line(str(model.get("id", "")))
        mark = " (now)" if model_id == now else ""
        context = model.get("context")
        note = f"{tokens(int(context))} context" if context else ""
        cells = (
            (in_column(model_id + mark, 43), "bold"),
            (in_column(one_line(str(model.get("name", ""))), 29), ""),
            (note, "$text-muted"),
        )
        rows.append(Pick(model_id, cells))
    chosen = await deck.app.push_screen_wait(
        Choose(f"Models of {backend}", Listing(rows, empty="It names no models."))
    )
    return chosen.row if chosen else None


async def pick_permission(deck: Asks, now: str, unprotected: str = "") -> str | None:
    """A permission mode. `unprotected`: why no sandbox contains mode full, "" if one does."""
    from tui.screens.new_session import permissions

    rows = [
        Pick(name, ((in_column(name + (" (now)" if name == now else ""), 17), "bold"), (text, "")))
        for name, text in permissions(unprotected)
    ]
    chosen = await deck.app.push_screen_wait(Choose("Permission mode", Listing(rows)))
    return chosen.row if chosen else None
