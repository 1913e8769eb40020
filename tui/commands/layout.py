"""Actions on the arrangement of tiles: columns, order, which are shown, which are always there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.sessions import has_session
from tui.deck.arrangement import MOST_COLUMNS

if TYPE_CHECKING:
    from tui.deck.screen import DeckScreen

GROUP = "View"


def _settle(deck: DeckScreen, told: str) -> None:
    deck.say(told)
    deck.redraw(reflow=True)
    deck.remember()


@action("columns", "Columns of tiles", group=GROUP, when=has_session)
async def columns(deck: DeckScreen) -> None:
    """So many tiles side by side, where they can be read; or as it fits best. Remembered."""
    from tui.screens.dialogs import Choose, Listing, Pick

    rows = [Pick("0", (("as it fits best", "bold"),))]
    rows += [Pick(str(n), ((str(n), "bold"),)) for n in range(1, MOST_COLUMNS + 1)]
    now = str(deck.model.arrangement.columns)
    chosen = await deck.app.push_screen_wait(Choose("Columns", Listing(rows, at=now)))
    if chosen is not None:
        deck.model.arrangement.columns = int(chosen.row)
        _settle(deck, f"Columns: {chosen.row if chosen.row != '0' else 'as it fits best'}.")


@action("by_need", "Order by need, or by hand", group=GROUP, when=has_session)
async def by_need(deck: DeckScreen) -> None:
    """Tiles that need you come first; once more: in the order that you gave them. Remembered."""
    arrangement = deck.model.arrangement
    arrangement.by_need = not arrangement.by_need
    _settle(deck, "Whoever needs you comes first." if arrangement.by_need else "In your own order.")


@action("pin", "Keep this tile on every page", group=GROUP, when=has_session)
async def pin(deck: DeckScreen) -> None:
    """The tile comes first on every page; once more lets go of it. Remembered."""
    current, kept = deck.model.current or "", deck.model.arrangement.kept
    if current in kept:
        kept.remove(current)
    else:
        kept[:] = [*(i for i in kept if i in deck.model.order), current]
    now = "is on every page" if current in kept else "is where its number is"
    _settle(deck, f"{deck.name_of(current)} {now}.")


@action("tags", "Tags of this session", group=GROUP, when=has_session)
async def tags(deck: DeckScreen) -> None:
    """Words that you group it by; *Show only* then shows the tiles of one."""
    from sessions.record.groups import tags_of
    from tui.screens.dialogs import Prompt

    summary = deck.model.summary()
    if summary is None:
        return
    asked = Prompt(f"Tags of {deck.name_of(summary.id)}", " ".join(summary.tags), "words")
    text = await deck.app.push_screen_wait(asked)
    if text is not None:
        changes = {"tags": tags_of(text)}
        await deck.client.call("session.set", session=summary.id, changes=changes)


@action("show_only", "Show only …", group=GROUP, when=has_session)
async def show_only(deck: DeckScreen) -> None:
    """The tiles of one repository, profile, plan or tag; who needs you stays in the tabs."""
    from sessions.record.groups import groups
    from tui.screens.dialogs import Choose, Listing, Pick

    model = deck.model
    found = groups(model.summaries[i] for i in model.order)
    rows = [Pick("", (("all", "bold"),))]
    for group, count in found.items():
        kind, _, name = group.partition(":")
        cells = ((f"{kind:<12}", "$text-muted"), (f"{name}  ", "bold"), (str(count), ""))
        rows.append(Pick(group, cells, group))
    at = model.arrangement.only
    chosen = await deck.app.push_screen_wait(Choose("Show only", Listing(rows, at=at)))
    if chosen is not None:
        model.show_only(chosen.row)
        _settle(deck, f"Shown: {chosen.row or 'all'}.")


@action("thinking", "Thinking open, or folded", group=GROUP, when=has_session)
async def thinking(deck: DeckScreen) -> None:
    """Show what models think in full in all tiles; once more folds it to a line. Remembered."""
    from tui.view.blocks import begin_open

    arrangement = deck.model.arrangement
    arrangement.thinking_open = not arrangement.thinking_open
    begin_open("thinking", arrangement.thinking_open)
    for tile in deck.tiles.values():
        tile.view.fold_kind("thinking", not arrangement.thinking_open)
    _settle(deck, f"Thinking is {'open' if arrangement.thinking_open else 'folded'}.")
