"""Commands on a session that nobody waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.errors import NotFound

if TYPE_CHECKING:
    from tui.deck.client import Ask
    from tui.deck.interfaces import ForTelling


def tell_engine(deck: ForTelling, session: str, ask: Ask) -> None:
    """Send a command on a session in the background; a refusal is shown."""

    async def tell() -> None:
        try:
            await ask(deck.client)
        except NotFound:
            # What is told in the background of a session that is deleted meanwhile is no news.
            if session in deck.model.summaries:
                raise

    deck.in_background(tell(), "tell")
