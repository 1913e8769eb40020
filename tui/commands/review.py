"""The review of what a session changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.sessions import GROUP, connected, has_session

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


@action("land-several", "Land several sessions in an order", group=GROUP, when=connected)
async def land_several(deck: DeckScreen) -> None:
    """Sessions of one repository land one after another, each rebased on the one before."""
    from tui.screens.review.order import LandingOrder, candidates

    summary = deck.model.summary()
    found = candidates(list(deck.client.summaries.values()), summary.id if summary else "")
    said = await deck.app.push_screen_wait(LandingOrder(deck.client, found))
    if said:
        deck.say(said)
