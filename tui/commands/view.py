"""Actions on what is in view: go to tiles, zoom, pages, compare, scroll, find; side panel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.turns import focus_request
from tui.panels import kinds

if TYPE_CHECKING:
    from tui.deck.action_interfaces import (
        Compares,
        GoesToTile,
        GoesWhereNeeded,
        MovesFocus,
        OpensSide,
        SeesSide,
        Steps,
        WidensSide,
        Zooms,
    )
    from tui.deck.interfaces import HasModel, HasTile

GROUP = "View"


def any_tile(deck: HasModel) -> bool:
    """There is a tile."""
    return bool(deck.model.order)


def several(deck: HasModel) -> bool:
    """There is more than one tile."""
    return len(deck.model.order) > 1


def _go_to(number: int) -> Callable[[GoesToTile], Awaitable[None]]:
    async def go(deck: GoesToTile) -> None:
        visible = deck.model.order
        if number <= len(visible):
            deck.go(visible[number - 1])

    go.__doc__ = f"Go to tile {number}."
    return go


def _has(number: int) -> Callable[[HasModel], bool]:
    return lambda deck: len(deck.model.order) >= number


for _number in range(1, 10):
    action(
        f"tile_{_number}",
        f"Go to tile {_number}",
        keys=(f"alt+{_number}",),
        group=GROUP,
        when=_has(_number),
        instant=True,
    )(_go_to(_number))


def needed(deck: HasModel) -> bool:
    """Some session needs the user: the current one's request, or another one."""
    summary = deck.model.summary()
    return deck.model.next_needing() is not None or (summary is not None and bool(summary.asks))


@action("next_needing", "Next that needs you", keys=("ctrl+j", "alt+j"), group=GROUP,
        footer="needs you", when=needed, order=1, instant=True)  # fmt: skip
async def next_needing(deck: GoesWhereNeeded) -> None:
    """Go round all that ask, failed, are paused, or are done and unseen; the oldest first."""
    wanted = deck.model.next_needing()
    if wanted is not None:
        deck.model.visit(wanted)
        deck.go(wanted)
    summary = deck.model.summary()
    if summary is not None and summary.asks:
        deck.call_after_refresh(deck.call_after_refresh, focus_request, deck)


@action("next", "Next tile", keys=("alt+right",), group=GROUP, when=several, instant=True)
async def following(deck: Steps) -> None:
    """Go to the tile after this one."""
    _step(deck, 1)


@action("previous", "Previous tile", keys=("alt+left",), group=GROUP, when=several, instant=True)
async def previous(deck: Steps) -> None:
    """Go to the tile before this one."""
    _step(deck, -1)


def _step(deck: Steps, by: int) -> None:
    before = deck.model.visible()
    deck.model.step(by)
    deck.arrived(before)


@action("zoom", "Zoom", keys=("ctrl+z", "f11"), group=GROUP, footer="zoom", when=any_tile,
        order=25, instant=True)  # fmt: skip
async def zoom(deck: Zooms) -> None:
    """One tile alone, or all again."""
    model = deck.model
    if model.pinned:
        model.pinned = ()
    else:
        model.zoomed = not model.zoomed
    deck.redraw(reflow=True)


def has_pages(deck: HasModel) -> bool:
    """There is more than one page."""
    return deck.model.pages > 1


@action("page_next", "Next page", keys=("alt+pagedown", "ctrl+pagedown"), group=GROUP,
        footer="page", when=has_pages, order=28, instant=True)  # fmt: skip
async def page_next(deck: Steps) -> None:
    """The next page of tiles."""
    before = deck.model.visible()
    deck.model.turn_page(1)
    deck.arrived(before)


@action("page_previous", "Previous page", keys=("alt+pageup", "ctrl+pageup"), group=GROUP,
        when=has_pages, instant=True)  # fmt: skip
async def page_previous(deck: Steps) -> None:
    """The page of tiles before."""
    before = deck.model.visible()
    deck.model.turn_page(-1)
    deck.arrived(before)


@action("compare", "Compare side by side", keys=("alt+c",), group=GROUP, when=several)
async def compare(deck: Compares) -> None:
    """This tile and another one side by side; once more goes back to all."""
    from tui.screens.session_list import pick_tile

    model = deck.model
    if model.pinned:
        model.pinned = ()
        deck.redraw(reflow=True)
        return
    current = model.current
    if current is None:
        return
    other = await pick_tile(deck, f"Compare {deck.model.name_of(current)} with", without=current)
    if other:
        model.zoomed = False
        model.pinned = (current, other)
        deck.redraw(reflow=True)


@action("focus", "Tile or composer", keys=("tab", "f6"), group=GROUP, footer="tile/composer",
        when=any_tile, order=60, priority=False, instant=True)  # fmt: skip
async def focus(deck: MovesFocus) -> None:
    """Move the keys between the composer and the tile: there they scroll, search, copy, fold."""
    tile = deck.tile
    if deck.focused is deck.composer and tile is not None:
        (tile.answerable() or tile.face).focus()
    else:
        deck.composer.focus()


@action("find", "Find in this tile", keys=("alt+slash", "f7"), group=GROUP, when=any_tile)
async def find(deck: HasTile) -> None:
    """Find text in the tile; n and N go from hit to hit."""
    tile = deck.tile
    if tile is not None:
        tile.find()


@action("mark", "Mark for the harvest", group=GROUP, when=any_tile)
async def mark(deck: HasTile) -> None:
    """Keep the tile's block in hand, or what is selected, as a byproduct. In the tile: m."""
    tile = deck.tile
    if tile is not None:
        tile.view.focus()
        tile.view.action_mark()


@action("top", "To the beginning", keys=("ctrl+home",), group=GROUP, when=any_tile)
async def top(deck: HasTile) -> None:
    """Scroll the tile to its beginning."""
    if deck.tile is not None:
        deck.tile.face.scroll_home(animate=False)


@action("bottom", "To the end", keys=("ctrl+end",), group=GROUP, when=any_tile)
async def bottom(deck: HasTile) -> None:
    """Scroll the tile to its end and follow it."""
    if deck.tile is not None:
        deck.tile.face.scroll_end(animate=False)


SIDE = "Side panel"
if kinds():

    @action("side", "Side panel", keys=("f2",), group=SIDE, footer="side", order=50)
    async def side(deck: OpensSide) -> None:
        """Open or close the side panel of the current session."""
        await _toggle(deck)


def side_open(deck: SeesSide) -> bool:
    """The side panel is open beside the tiles."""
    return deck.side.shown and not deck.has_class("-narrow")


if kinds():

    @action("side_width", "Width of the side panel", keys=("alt+v",), group=SIDE, when=side_open)
    async def side_width(deck: WidensSide) -> None:
        """Make the side panel wider; from its widest it is narrow again. Remembered."""
        deck.memory.side_width = deck.side.widen()
        deck.redraw(reflow=True)
        deck.drafts.remember()


async def _toggle(deck: OpensSide, name: str = "") -> None:
    had_keys = deck.side.has_focus_within
    await deck.side.toggle(name)
    if had_keys and not deck.side.shown:
        deck.composer.focus()  # else some field of the hidden panel gets them


def _panel(name: str) -> Callable[[OpensSide], Awaitable[None]]:
    async def toggle(deck: OpensSide) -> None:
        await _toggle(deck, name)

    return toggle


for _kind in kinds():
    _run = _panel(_kind.name)
    _run.__doc__ = f"Open or close the {_kind.title} panel."
    action(_kind.name, _kind.title, keys=(_kind.key,), group=SIDE)(_run)
