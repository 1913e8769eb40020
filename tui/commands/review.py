"""The review of what a session changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.sessions import GROUP, has_session

if TYPE_CHECKING:
    from tui.deck.screen import DeckScreen


@action("review", "Review its changes", keys=("alt+d", "f9"), group=GROUP, when=has_session)
async def review(deck: DeckScreen) -> None:
    """All that the session changed: take back, comment, commit, land or discard."""
    from tui.screens.review.screen import ChangeReview

    summary = deck.model.summary()
    if summary is None:
        return
    title = deck.name_of(summary.id)
    said = await deck.app.push_screen_wait(ChangeReview(deck.client, summary.id, title))
    if said:
        deck.say(said)
