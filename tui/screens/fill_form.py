"""A request's form, from wherever the request is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui.widgets.permission import PermissionBox

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.deck.client import DeckClient


def fill(
    screen: Screen[Any],
    wanted: PermissionBox.Fill,
    decide: Callable[[PermissionBox.Answered], None],
) -> None:
    """Show the form; what is sent is the answer, and one that is left goes on waiting."""
    from tui.screens.form import FormDialog

    def done(content: dict[str, Any] | None) -> None:
        if content is not None:
            ask = wanted.ask["ask"]
            decide(PermissionBox.Answered(wanted.session, ask, wanted.decision, "", content))

    screen.app.push_screen(FormDialog(wanted.ask), done)


async def answer(client: DeckClient, given: PermissionBox.Answered) -> None:
    """Tell the engine an answer, with what was entered if it has a form."""
    session, ask, decision, reason = given.session, given.ask, given.decision, given.reason
    if not given.content:
        await client.call(
            "session.answer", session=session, ask=ask, decision=decision, reason=reason
        )
        return
    await client.call(
        "session.answer",
        session=session,
        ask=ask,
        decision=decision,
        reason=reason,
        content=given.content,
    )
