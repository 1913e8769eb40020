"""From a byproduct to the turn that it came from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.screens.session_list import reopen
from tui.view.scroll_position import ScrollPosition

if TYPE_CHECKING:
    from tui.deck.interfaces import ForPanels

_TRIES = 100
_STEP_S = 0.02


async def show_turn(deck: ForPanels, session: str, seq: int) -> bool:
    """Make the session the current tile and stand at the block of event `seq`.

    False where its events don't come within two seconds; the tile is the current one all the
    same. Raises AgentdeckError for a session that is not there.
    """
    await reopen(deck, session)
    for _ in range(_TRIES):
        tile = deck.tiles.get(session)
        if tile is not None and tile.view.transcript.last_seq >= seq:
            view = tile.view
            view.body.update()
            before = [n for n, each in enumerate(view.body.blocks) if each.block.seq <= seq]
            view.go_to(ScrollPosition(before[-1] if before else 0, 0))
            return True
        # A new tile comes with the next frame, its past over the socket: nobody tells when.
        await asyncio.sleep(_STEP_S)
    return False
