"""The review of what a session changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.sessions import GROUP, connected, has_session
from tui.words.text import one_line

if TYPE_CHECKING:
    from tui.deck.action_interfaces import Talks
    from tui.deck.interfaces import HasModel


@action("review", "Review its changes", keys=("alt+d", "f9"), group=GROUP, when=has_session)
async def review(deck: Talks) -> None:
    """All that the session changed: take back, comment, commit, land or discard."""
    from tui.screens.review.screen import ChangeReview

    summary = deck.model.summary()
    if summary is None:
        return
    title = deck.model.name_of(summary.id)
    said = await deck.app.push_screen_wait(ChangeReview(deck.client, summary.id, title))
    if said:
        deck.say(said)


def on_a_host(deck: HasModel) -> bool:
    """Whether the session in focus works on a branch on another machine."""
    summary = deck.model.summary()
    return summary is not None and bool(summary.host) and bool(summary.branch)


@action("fetch-branch", "Bring its branch here", group=GROUP, when=on_a_host)
async def fetch_branch(deck: Talks) -> None:
    """From the machine it works on, into the repository that it took along."""
    summary = deck.model.summary()
    if summary is None:
        return
    told = await deck.client.call("worktree.fetch", session=summary.id)
    words = "Nothing was committed there."
    if told["branch"]:
        words = f"{one_line(told['branch'])} is in {one_line(told['repository'])}."
    if told["loose"]:
        words += f" Not committed, and left there: {one_line(', '.join(told['loose'][:5]))}."
    deck.say(words)


@action("land-several", "Land several sessions in an order", group=GROUP, when=connected)
async def land_several(deck: Talks) -> None:
    """Sessions of one repository land one after another, each rebased on the one before."""
    from tui.screens.review.order import LandingOrder, candidates

    summary = deck.model.summary()
    found = candidates(list(deck.client.summaries.values()), summary.id if summary else "")
    said = await deck.app.push_screen_wait(LandingOrder(deck.client, found))
    if said:
        deck.say(said)
