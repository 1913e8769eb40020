"""Actions on the arrangement of tiles: columns, order, which are shown, which are always there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.sessions import has_session
from tui.deck.arrangement import MOST_COLUMNS, STEP

if TYPE_CHECKING:
    from tui.deck.action_interfaces import (
        Arranges,
        ArrangesTiles,
        HasGrid,
        Hides,
        Resizes,
        Settles,
        ShowsHidden,
    )
    from tui.deck.interfaces import ForPicking, HasModel, HasTiles

GROUP = "View"


def _settle(deck: Settles, told: str) -> None:
    deck.model.arrangement.forget(deck.model.order)
    deck.say(told)
    deck.redraw(reflow=True)
    deck.drafts.remember()


@action("columns", "Columns of tiles", group=GROUP, when=has_session)
async def columns(deck: Arranges) -> None:
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
async def by_need(deck: Settles) -> None:
    """Tiles that need you come first; once more: in the order that you gave them. Remembered."""
    arrangement = deck.model.arrangement
    arrangement.by_need = not arrangement.by_need
    _settle(deck, "Whoever needs you comes first." if arrangement.by_need else "In your own order.")


@action("pin", "Keep this tile on every page", group=GROUP, when=has_session)
async def pin(deck: Settles) -> None:
    """The tile comes first on every page; once more lets go of it. Remembered."""
    current, kept = deck.model.current or "", deck.model.arrangement.kept
    if current in kept:
        kept.remove(current)
    else:
        kept[:] = [*(i for i in kept if i in deck.model.order), current]
    now = "is on every page" if current in kept else "is where its number is"
    _settle(deck, f"{deck.model.name_of(current)} {now}.")


@action("tags", "Tags of this session", group=GROUP, when=has_session)
async def tags(deck: ForPicking) -> None:
    """Words that you group it by; *Show only* then shows the tiles of one."""
    from sessions.record.groups import tags_of
    from tui.screens.dialogs import Prompt

    summary = deck.model.summary()
    if summary is None:
        return
    title = f"Tags of {deck.model.name_of(summary.id)}"
    asked = Prompt(title, " ".join(summary.tags), "words", enter="sets them")
    text = await deck.app.push_screen_wait(asked)
    if text is not None:
        tags = tags_of(text)
        await deck.client.call("session.set", session=summary.id, changes={"tags": tags})


@action("show_only", "Show only …", group=GROUP, when=has_session)
async def show_only(deck: Arranges) -> None:
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


_THINKING = {
    "open": "in full",
    "folded": "a line, which unfolds",
    "hidden": "left out; searching in a tile still finds it",
}


@action("thinking", "Thinking open, folded or hidden", group=GROUP, when=has_session)
async def thinking(deck: ArrangesTiles) -> None:
    """What models think: shown in full, folded to a line, or left out, in all tiles. Remembered."""
    from tui.screens.dialogs import Choose, Listing, Pick
    from tui.view.blocks import looks

    arrangement = deck.model.arrangement
    rows = [
        Pick(how, ((f"{how:<10}", "bold"), (words, "$text-muted")))
        for how, words in _THINKING.items()
    ]
    asked = Choose("Thinking", Listing(rows, at=arrangement.thinking))
    chosen = await deck.app.push_screen_wait(asked)
    if chosen is not None:
        arrangement.thinking = looks.thinking = chosen.row
        _look_anew(deck)
        _settle(deck, f"Thinking is {chosen.row}.")


@action("density", "Compact, or comfortable", group=GROUP)
async def density(deck: ArrangesTiles) -> None:
    """Smaller tiles, so more on a page, without empty rows; once more: comfortable. Remembered."""
    from tui.view.blocks import looks

    arrangement = deck.model.arrangement
    arrangement.compact = looks.compact = not arrangement.compact
    _look_anew(deck)
    _settle(deck, "Compact." if arrangement.compact else "Comfortable.")


def _look_anew(deck: HasTiles) -> None:
    for tile in deck.tiles.values():
        tile.face.look_anew()


def sizable(deck: HasGrid) -> bool:
    """There are tiles side by side whose sizes can differ."""
    return len(deck.grid.tiles()) > 1


@action("grow", "Larger tile", keys=("alt+plus", "alt+equals_sign"), group=GROUP, when=sizable)
async def grow(deck: Resizes) -> None:
    """More room for this tile, beside and above the others; or pull its frame. Remembered."""
    _resize(deck, STEP)


@action("shrink", "Smaller tile", keys=("alt+minus",), group=GROUP, when=sizable)
async def shrink(deck: Resizes) -> None:
    """Less room for this tile. Remembered."""
    _resize(deck, 1 / STEP)


def _resize(deck: Resizes, by: float) -> None:
    if deck.model.current:
        deck.grid.grow(deck.model.current, by)
        deck.drafts.remember()


def unlike(deck: HasModel) -> bool:
    """Some tile has a size of its own."""
    return bool(deck.model.arrangement.sizes)


@action("even", "All tiles alike", group=GROUP, when=unlike)
async def even(deck: Settles) -> None:
    """Every tile has the same share of the room again."""
    deck.model.arrangement.sizes.clear()
    _settle(deck, "All tiles are alike again.")


@action("hide", "Hide this tile", group=GROUP, when=sizable)
async def hide(deck: Hides) -> None:
    """It takes no room until you go to it; the tabs name it when it needs you. Remembered."""
    hidden = deck.model.hide()
    if hidden:
        deck.arrived([])
        _settle(deck, f"{deck.model.name_of(hidden)} is hidden; going to it shows it again.")


def some_hidden(deck: HasModel) -> bool:
    """A tile is hidden."""
    return bool(deck.model.hidden)


@action("show_hidden", "Show hidden tiles", group=GROUP, when=some_hidden)
async def show_hidden(deck: ShowsHidden) -> None:
    """The tiles that are hidden; those that you choose take room again."""
    from tui.screens.dialogs import Choose, Listing, Pick

    hidden = deck.model.hidden
    rows = [Pick(i, ((deck.model.name_of(i), "bold"),)) for i in hidden]
    asked = Choose("Hidden tiles", Listing(rows, marked=set(), enter="shows it again"))
    chosen = await deck.app.push_screen_wait(asked)
    if chosen is not None:
        for session in chosen.rows:
            deck.go(session)
        _settle(deck, f"Shown again: {', '.join(map(deck.model.name_of, chosen.rows))}.")
